/** Tells all workers something that each of them has to confirm. Unlike a report, a round may not be missed by any. */
import type { TimerHandle, Timers } from '../../engine/ports/clock.ts';

export interface ConfirmationsOptions {
  readonly timers: Timers;
  /** Longest wait for the slowest worker, ms. */
  readonly timeoutMs: number;
}

interface Round {
  readonly missing: Set<number>;
  readonly failures: string[];
  readonly end: () => void;
  readonly timer: TimerHandle;
}

export class Confirmations {
  readonly #options: ConfirmationsOptions;
  readonly #rounds = new Map<number, Round>();
  #lastId = 0;

  constructor(options: ConfirmationsOptions) {
    this.#options = options;
  }

  /** `tell` each worker, which answers through `confirmed`. Rejects when one says a failure or nothing in time. */
  all(workerNumbers: readonly number[], tell: (workerNumber: number, id: number) => void): Promise<void> {
    if (workerNumbers.length === 0) return Promise.resolve();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const missing = new Set(workerNumbers);
      const failures: string[] = [];
      const end = (): void => {
        this.#options.timers.cancel(timer);
        this.#rounds.delete(id);
        for (const workerNumber of missing) failures.push(`worker ${workerNumber} does not answer`);
        if (failures.length === 0) resolve();
        else reject(new Error(failures[0]));
      };
      const timer = this.#options.timers.schedule(this.#options.timeoutMs, end);
      this.#rounds.set(id, { missing, failures, end, timer });
      for (const workerNumber of workerNumbers) tell(workerNumber, id);
    });
  }

  confirmed(workerNumber: number, id: number, failure: string | null): void {
    const round = this.#rounds.get(id);
    if (round === undefined) return;
    if (failure !== null) round.failures.push(failure);
    round.missing.delete(workerNumber);
    if (round.missing.size === 0) round.end();
  }

  /** It has ended, and with it whatever it had to be told about. */
  forget(workerNumber: number): void {
    for (const { missing, end } of [...this.#rounds.values()]) {
      if (missing.delete(workerNumber) && missing.size === 0) end();
    }
  }
}
