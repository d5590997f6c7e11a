/** Work that takes a processor for a while, in processes of their own. */
import { type ChildProcess, fork } from 'node:child_process';

/** To a process of a pool. */
interface JobMessage {
  readonly job: unknown;
}

/** From it. */
type DoneMessage = { readonly result: unknown } | { readonly failure: string };

export interface JobPool<Job, Result> {
  /** Waits for a free process. Rejects when the work does, or its process dies. Jobs and results are plain JSON. */
  readonly run: (job: Job) => Promise<Result>;
  /** What is under way is dropped, and what waits is never done. */
  readonly close: () => void;
}

export interface JobPoolOptions {
  /** At most so many, each started when it is needed. */
  readonly processes: number;
  /** Then a fresh process goes on: whatever work leaves behind it is gone. Absent: none does. */
  readonly jobsPerProcess?: number;
  /** Work that takes longer goes round in circles: its process is ended. Absent: it may take any time. */
  readonly jobMsMax?: number;
}

/** `entry`: a file that calls `serveJobs`. */
export function openJobPool<Job, Result>(entry: string, options: JobPoolOptions): JobPool<Job, Result> {
  const { processes, jobsPerProcess = Number.POSITIVE_INFINITY, jobMsMax = null } = options;
  const idle: Worker[] = [];
  const all = new Set<Worker>();
  const waiting: ((worker: Worker) => void)[] = [];
  const start = (): Worker => {
    const worker = { child: fork(entry), jobsLeft: jobsPerProcess };
    all.add(worker);
    return worker;
  };
  const take = (): Promise<Worker> => {
    const free = idle.pop() ?? (all.size < processes ? start() : null);
    return free === null ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(free);
  };
  const giveBack = (worker: Worker): void => {
    const isFit = worker.jobsLeft > 0 && isAlive(worker.child);
    if (!isFit) {
      all.delete(worker);
      worker.child.kill('SIGKILL');
    }
    const next = waiting.shift();
    if (next !== undefined) next(isFit ? worker : start());
    else if (isFit) idle.push(worker);
  };
  return {
    run: async (job) => {
      const worker = await take();
      worker.jobsLeft -= 1;
      try {
        return (await done(worker.child, job, jobMsMax)) as Result;
      } finally {
        giveBack(worker);
      }
    },
    close: () => {
      waiting.length = 0;
      for (const { child } of all) child.kill('SIGKILL');
    },
  };
}

interface Worker {
  readonly child: ChildProcess;
  jobsLeft: number;
}

/** Its channel may be open still when it has ended. */
function isAlive({ connected, exitCode, signalCode }: ChildProcess): boolean {
  return connected && exitCode === null && signalCode === null;
}

function done(child: ChildProcess, job: unknown, msMax: number | null): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      if (timer !== null) clearTimeout(timer);
      child.removeAllListeners();
      act();
    };
    const fail = (problem: string): void => settle(() => reject(new Error(problem)));
    const giveUp = (): void => {
      child.kill('SIGKILL');
      if (child.connected) child.disconnect();
      fail(`it did not end within ${msMax! / 1000} s of real time`);
    };
    const timer = msMax === null ? null : setTimeout(giveUp, msMax);
    child.on('error', (error) => settle(() => reject(error)));
    child.on('exit', (code, signal) => fail(`a process ended in its work (${signal ?? code})`));
    child.on('message', (message: DoneMessage) =>
      settle(() => ('result' in message ? resolve(message.result) : reject(new Error(message.failure)))),
    );
    child.send({ job } satisfies JobMessage);
  });
}

/** In a process of a pool: does each job that comes, until the parent is gone. */
export function serveJobs<Job, Result>(work: (job: Job) => Promise<Result>): void {
  process.on('disconnect', () => process.exit(0));
  // Ctrl-C reaches the whole group of processes: the parent says what was found, and ends this one.
  process.on('SIGINT', () => {});
  process.on('message', ({ job }: JobMessage) => {
    work(job as Job).then(
      (result) => process.send?.({ result } satisfies DoneMessage),
      (error: unknown) => process.send?.({ failure: String((error as Error)?.stack ?? error) } satisfies DoneMessage),
    );
  });
}

/** Path of a file beside the one at `url`: `.js` in a build, `.ts` where the runtime reads TypeScript. */
export function besideModule(url: string, name: string): URL {
  return new URL(`./${name}${url.slice(url.lastIndexOf('.'))}`, url);
}
