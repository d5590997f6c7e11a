/**
 * Asks all workers for the same report and waits for their answers, but not for ever: one that hangs is represented by
 * what it last said. Callers that come while one round is under way share its outcome.
 */
import type { TimerHandle, Timers } from '../../engine/ports/clock.ts';

export interface GatheringOptions {
  readonly timers: Timers;
  /** Longest wait for the slowest worker, ms. */
  readonly timeoutMs: number;
  /** Asks one worker; its answer comes through `answered` with the same id. */
  readonly ask: (workerNumber: number, id: number) => void;
}

export class Gathering<Report> {
  readonly #options: GatheringOptions;
  readonly #latest = new Map<number, Report>();
  #round: { readonly id: number; readonly missing: Set<number>; readonly end: () => void } | null = null;
  #gathered: Promise<ReadonlyMap<number, Report>> | null = null;
  #lastId = 0;

  constructor(options: GatheringOptions) {
    this.#options = options;
  }

  /** The latest report of each worker that ever gave one and has not been forgotten, by its number. */
  gather(workerNumbers: readonly number[]): Promise<ReadonlyMap<number, Report>> {
    this.#gathered ??= this.#askAll(workerNumbers).finally(() => {
      this.#gathered = null;
    });
    return this.#gathered;
  }

  /** A late answer counts as well: it is newer than what was there. */
  answered(workerNumber: number, id: number, report: Report): void {
    this.updated(workerNumber, report);
    if (this.#round?.id === id) this.#heardFrom(workerNumber);
  }

  /** A report that nobody asked for. */
  updated(workerNumber: number, report: Report): void {
    this.#latest.set(workerNumber, report);
  }

  /** It has ended: what it last said, if anything. */
  forget(workerNumber: number): Report | undefined {
    const latest = this.#latest.get(workerNumber);
    this.#latest.delete(workerNumber);
    this.#heardFrom(workerNumber);
    return latest;
  }

  async #askAll(workerNumbers: readonly number[]): Promise<ReadonlyMap<number, Report>> {
    const { timers, timeoutMs, ask } = this.#options;
    if (workerNumbers.length > 0) {
      let timer: TimerHandle;
      await new Promise<void>((resolve) => {
        this.#lastId += 1;
        this.#round = { id: this.#lastId, missing: new Set(workerNumbers), end: resolve };
        timer = timers.schedule(timeoutMs, resolve);
        for (const workerNumber of workerNumbers) ask(workerNumber, this.#lastId);
      });
      timers.cancel(timer!);
      this.#round = null;
    }
    return this.#latest;
  }

  #heardFrom(workerNumber: number): void {
    const round = this.#round;
    if (round === null) return;
    round.missing.delete(workerNumber);
    if (round.missing.size === 0) round.end();
  }
}
