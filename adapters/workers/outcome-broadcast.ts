/**
 * Tells all workers what became of impressions, since only one of them ran each auction, and adds up what they make of it.
 * Whoever reports must not believe that all is counted while a worker has not said so: then it is an error, and what is
 * sent again is not counted twice.
 */
import type { Outcome, OutcomeCounts } from '../../engine/estimation/quality/awaited-outcomes.ts';
import type { TimerHandle, Timers } from '../../engine/ports/clock.ts';

export interface OutcomeBroadcastOptions {
  readonly timers: Timers;
  /** Longest wait for the slowest worker, ms. */
  readonly timeoutMs: number;
  /** Tells one worker; its answer comes through `answered` with the same id. */
  readonly tell: (workerNumber: number, id: number, outcomes: readonly Outcome[]) => void;
}

interface Round {
  readonly missing: Set<number>;
  readonly answers: OutcomeCounts[];
  readonly end: () => void;
}

export class OutcomeBroadcast {
  readonly #options: OutcomeBroadcastOptions;
  readonly #rounds = new Map<number, Round>();
  #lastId = 0;

  constructor(options: OutcomeBroadcastOptions) {
    this.#options = options;
  }

  /** Rejects when a worker does not answer in time. */
  async report(workerNumbers: readonly number[], outcomes: readonly Outcome[]): Promise<OutcomeCounts> {
    const { timers, timeoutMs, tell } = this.#options;
    const id = ++this.#lastId;
    const missing = new Set(workerNumbers);
    const answers: OutcomeCounts[] = [];
    if (missing.size > 0) {
      let timer: TimerHandle;
      await new Promise<void>((resolve) => {
        timer = timers.schedule(timeoutMs, resolve);
        this.#rounds.set(id, { missing, answers, end: resolve });
        for (const number of workerNumbers) tell(number, id, outcomes);
      });
      timers.cancel(timer!);
      this.#rounds.delete(id);
    }
    if (missing.size > 0) throw new Error(`worker ${[...missing].join(', ')} does not answer; report again`);
    return sumOf(answers, outcomes.length);
  }

  answered(workerNumber: number, id: number, counts: OutcomeCounts): void {
    const round = this.#rounds.get(id);
    if (round?.missing.delete(workerNumber) !== true) return;
    round.answers.push(counts);
    if (round.missing.size === 0) round.end();
  }

  /** It has ended, and its auctions with it. */
  forget(workerNumber: number): void {
    for (const round of this.#rounds.values()) {
      if (round.missing.delete(workerNumber) && round.missing.size === 0) round.end();
    }
  }
}

/** Unknown is what no worker knew: to each of them the auctions of the others are. */
function sumOf(answers: readonly OutcomeCounts[], outcomeCount: number): OutcomeCounts {
  const known = { counted: 0, duplicate: 0, 'out-of-window': 0 };
  for (const answer of answers) {
    known.counted += answer.counted;
    known.duplicate += answer.duplicate;
    known['out-of-window'] += answer['out-of-window'];
  }
  return { ...known, unknown: outcomeCount - known.counted - known.duplicate - known['out-of-window'] };
}
