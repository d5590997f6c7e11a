/** Many drawn worlds, in processes of their own: as many at a time as there are processors to spare. */
import { fileURLToPath } from 'node:url';
import { besideModule, type JobPool, openJobPool } from '../../parallel/job-pool.ts';
import { isFailed, type SeedOutcome } from './seed-outcome.ts';

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

const LIMITS = {
  /** A world takes about a second. */
  jobMsMax: 180_000,
  jobsPerProcess: 300,
};

/** Resolves when all have ended. */
export async function runSeeds(wanted: SeedsWanted): Promise<void> {
  const { workers, signal } = wanted;
  const queue = new SeedQueue(wanted);
  const entry = fileURLToPath(besideModule(import.meta.url, 'seed-process'));
  const pool = openJobPool<number, SeedOutcome>(entry, { ...LIMITS, processes: workers });
  signal?.addEventListener('abort', pool.close);
  try {
    await Promise.all(Array.from({ length: workers }, () => work(queue, pool, wanted)));
  } finally {
    signal?.removeEventListener('abort', pool.close);
    pool.close();
  }
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

/** Never rejects: a process that dies, or never answers, has failed its seed. */
async function work(queue: SeedQueue, pool: JobPool<number, SeedOutcome>, { signal }: SeedsWanted): Promise<void> {
  for (let seed = queue.take(); seed !== null; seed = queue.take()) {
    const outcome = await pool.run(seed).catch((error: Error) => ({ ...NOTHING, seed: seed!, problem: error.message }));
    if (signal?.aborted === true) return;
    queue.done(outcome);
  }
}

const NOTHING: Omit<SeedOutcome, 'seed' | 'problem'> = {
  mode: 'safety',
  checks: [],
  faults: {},
  requests: 0,
  virtualMs: 0,
  traceHash: '',
};
