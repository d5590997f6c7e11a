/**
 * Tells all workers something that each of them has to answer, and waits until they have, or have ended, or time is over.
 * Several rounds may be under way; an answer counts once.
 */
import type { Timers } from '../../engine/ports/clock.ts';

export interface AnswerRoundsOptions {
  readonly timers: Timers;
  /** Longest wait for the slowest worker, ms. */
  readonly timeoutMs: number;
}

export interface AnsweredRound<Answer> {
  /** As they came. */
  readonly answers: readonly Answer[];
  /** Workers that did not answer in time. */
  readonly silent: readonly number[];
}

interface Round<Answer> {
  readonly missing: Set<number>;
  readonly answers: Answer[];
  readonly end: () => void;
}

export class AnswerRounds<Answer> {
  readonly #options: AnswerRoundsOptions;
  readonly #rounds = new Map<number, Round<Answer>>();
  #lastId = 0;

  constructor(options: AnswerRoundsOptions) {
    this.#options = options;
  }

  /** `tell` is called for each worker at once; its answer comes through `answered` with the same id. */
  ask(
    workerNumbers: readonly number[],
    tell: (workerNumber: number, id: number) => void,
  ): Promise<AnsweredRound<Answer>> {
    const { timers, timeoutMs } = this.#options;
    const missing = new Set(workerNumbers);
    const answers: Answer[] = [];
    if (missing.size === 0) return Promise.resolve({ answers, silent: [] });
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const end = (): void => {
        timers.cancel(timer);
        this.#rounds.delete(id);
        resolve({ answers, silent: [...missing] });
      };
      const timer = timers.schedule(timeoutMs, end);
      this.#rounds.set(id, { missing, answers, end });
      for (const workerNumber of workerNumbers) tell(workerNumber, id);
    });
  }

  answered(workerNumber: number, id: number, answer: Answer): void {
    const round = this.#rounds.get(id);
    if (round?.missing.delete(workerNumber) !== true) return;
    round.answers.push(answer);
    if (round.missing.size === 0) round.end();
  }

  /** It has ended, and with it whatever it had to be told about. */
  forget(workerNumber: number): void {
    for (const { missing, end } of [...this.#rounds.values()]) {
      if (missing.delete(workerNumber) && missing.size === 0) end();
    }
  }
}
