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
  /** What is under way is dropped. */
  readonly close: () => void;
}

/** `entry`: a file that calls `serveJobs`. Processes are started when they are needed, at most `processes` of them. */
export function openJobPool<Job, Result>(entry: string, processes: number): JobPool<Job, Result> {
  const idle: ChildProcess[] = [];
  const all = new Set<ChildProcess>();
  const waiting: ((child: ChildProcess) => void)[] = [];
  const start = (): ChildProcess => {
    const child = fork(entry);
    all.add(child);
    return child;
  };
  const take = (): Promise<ChildProcess> => {
    const free = idle.pop() ?? (all.size < processes ? start() : null);
    return free === null ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(free);
  };
  const giveBack = (child: ChildProcess): void => {
    if (!child.connected) all.delete(child);
    const next = waiting.shift();
    if (next !== undefined) next(child.connected ? child : start());
    else if (child.connected) idle.push(child);
  };
  return {
    run: async (job) => {
      const child = await take();
      try {
        return (await done(child, job)) as Result;
      } finally {
        giveBack(child);
      }
    },
    close: () => {
      for (const child of all) child.kill('SIGKILL');
    },
  };
}

function done(child: ChildProcess, job: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      child.removeAllListeners();
      act();
    };
    child.on('error', (error) => settle(() => reject(error)));
    child.on('exit', (code, signal) =>
      settle(() => reject(new Error(`a process ended in its work (${signal ?? code})`))),
    );
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
