/** Tells all workers something that each of them has to confirm. Unlike a report, a round may not be missed by any. */
import { AnswerRounds, type AnswerRoundsOptions } from './answer-rounds.ts';

export class Confirmations {
  /** Why it failed there; null: it did not. */
  readonly #rounds: AnswerRounds<string | null>;

  constructor(options: AnswerRoundsOptions) {
    this.#rounds = new AnswerRounds(options);
  }

  /** `tell` each worker, which answers through `confirmed`. Rejects when one says a failure or nothing in time. */
  async all(workerNumbers: readonly number[], tell: (workerNumber: number, id: number) => void): Promise<void> {
    const { answers, silent } = await this.#rounds.ask(workerNumbers, tell);
    const failure = answers.find((answer) => answer !== null);
    if (failure !== undefined) throw new Error(failure!);
    if (silent.length > 0) throw new Error(`worker ${silent[0]} does not answer`);
  }

  confirmed(workerNumber: number, id: number, failure: string | null): void {
    this.#rounds.answered(workerNumber, id, failure);
  }

  /** It has ended, and with it whatever it had to be told about. */
  forget(workerNumber: number): void {
    this.#rounds.forget(workerNumber);
  }
}
