/** Many drawn worlds, in processes of their own: as many at a time as there are processors to spare. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isFailed, type SeedOutcome } from './seed-outcome.ts';
import type { FromSeedProcess, ToSeedProcess } from './seed-process.ts';

export interface SeedsWanted {
  readonly fromSeed: number;
  readonly seeds: number;
  readonly workers: number;
  /** No seed is begun behind the first that fails; those before it are finished, so that it is the lowest. */
  readonly stopsAfterFirst: boolean;
  readonly onOutcome: (outcome: SeedOutcome) => void;
  /** No seed is begun once it is aborted, and what is under way is dropped. */
  readonly signal?: AbortSignal;
}

/** A world takes about a second; one that takes so long goes round in circles. */
const HANG_MS = 180_000;
/** Then a fresh process goes on: whatever a world leaves behind it is gone. */
const SEEDS_PER_PROCESS = 300;

/** Resolves when all have ended. */
export async function runSeeds(wanted: SeedsWanted): Promise<void> {
  const queue = new SeedQueue(wanted);
  await Promise.all(Array.from({ length: wanted.workers }, () => work(queue, wanted)));
}

class SeedQueue {
  readonly #wanted: SeedsWanted;
  #next: number;
  #end: number;

  constructor(wanted: SeedsWanted) {
    this.#wanted = wanted;
    this.#next = wanted.fromSeed;
    this.#end = wanted.fromSeed + wanted.seeds;
  }

  /** Null: there is no more. */
  take(): number | null {
    return this.#next < this.#end && this.#wanted.signal?.aborted !== true ? this.#next++ : null;
  }

  done(outcome: SeedOutcome): void {
    this.#wanted.onOutcome(outcome);
    if (this.#wanted.stopsAfterFirst && isFailed(outcome)) this.#end = Math.min(this.#end, outcome.seed);
  }
}

async function work(queue: SeedQueue, { signal }: SeedsWanted): Promise<void> {
  for (let seed = queue.take(); seed !== null; ) {
    const child = fork(processEntry());
    const drop = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', drop);
    for (let count = 0; seed !== null && count < SEEDS_PER_PROCESS; count++) {
      const outcome: SeedOutcome = await outcomeOf(child, seed);
      if (signal?.aborted === true) break;
      queue.done(outcome);
      seed = queue.take();
      if (!child.connected) break;
    }
    signal?.removeEventListener('abort', drop);
    if (child.connected) child.disconnect();
    if (signal?.aborted === true) return;
  }
}

/** Never rejects: a process that dies, or never answers, has failed its seed. */
function outcomeOf(child: ChildProcess, seed: number): Promise<SeedOutcome> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(`it did not end within ${HANG_MS / 1000} s of real time`), HANG_MS);
    const settle = (outcome: SeedOutcome): void => {
      clearTimeout(timer);
      child.removeAllListeners();
      resolve(outcome);
    };
    const end = (problem: string): void => {
      child.kill('SIGKILL');
      if (child.connected) child.disconnect();
      settle({ ...NOTHING, seed, problem });
    };
    child.on('error', (error) => end(error.message));
    child.on('exit', (code, kill) => end(`its process ended (${kill ?? code})`));
    child.on('message', (message: FromSeedProcess) => settle(message.outcome));
    child.send({ seed } satisfies ToSeedProcess);
  });
}

const NOTHING: Omit<SeedOutcome, 'seed' | 'problem'> = {
  mode: 'safety',
  checks: [],
  faults: {},
  requests: 0,
  virtualMs: 0,
  traceHash: '',
};

/** Beside this file: seed-process.js in a build, seed-process.ts where the runtime reads TypeScript. */
function processEntry(): string {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return fileURLToPath(new URL(`./seed-process${extension}`, import.meta.url));
}
