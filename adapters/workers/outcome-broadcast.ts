/**
 * Tells all workers what became of impressions, since only one of them ran each auction, and adds up what they make of it.
 * One of them bills it, a different one each time. Whoever reports must not believe that all is counted and billed while a
 * worker has not said so: then it is an error, and what is sent again is not counted twice.
 */
import type { OutcomesTaken } from '../../engine/desk/outcome-billing.ts';
import type { Outcome } from '../../engine/estimation/quality/awaited-outcomes.ts';
import { AnswerRounds, type AnswerRoundsOptions } from './answer-rounds.ts';
import type { OutcomesAnswer } from './messages.ts';

export interface ToldOutcomes {
  readonly outcomes: readonly Outcome[];
  /** By the worker that is told. */
  readonly isBilling: boolean;
}

export interface OutcomeBroadcastOptions extends AnswerRoundsOptions {
  /** Tells one worker; its answer comes through `answered` with the same id. */
  readonly tell: (workerNumber: number, id: number, told: ToldOutcomes) => void;
}

export interface ReportedOutcomes {
  readonly outcomes: readonly Outcome[];
  /** Whether there are campaigns of our own, so that somebody has to bill them. */
  readonly areBilled: boolean;
}

export class OutcomeBroadcast {
  readonly #tell: OutcomeBroadcastOptions['tell'];
  readonly #rounds: AnswerRounds<OutcomesAnswer>;
  #reports = 0;

  constructor({ tell, ...options }: OutcomeBroadcastOptions) {
    this.#tell = tell;
    this.#rounds = new AnswerRounds(options);
  }

  /** Rejects when a worker does not answer in time or fails, or the one that bills has ended. */
  async report(workerNumbers: readonly number[], { outcomes, areBilled }: ReportedOutcomes): Promise<OutcomesTaken> {
    const biller = workerNumbers[this.#reports++ % workerNumbers.length];
    const { answers, silent } = await this.#rounds.ask(workerNumbers, (workerNumber, id) => {
      this.#tell(workerNumber, id, { outcomes, isBilling: areBilled && workerNumber === biller });
    });
    if (silent.length > 0) throw new Error(`worker ${silent.join(', ')} does not answer; report again`);
    const taken = answers.map((answer) => {
      if ('failure' in answer) throw new Error(answer.failure);
      return answer;
    });
    const bills = taken.find((answer) => answer.bills !== undefined)?.bills;
    if (areBilled && bills === undefined) throw new Error('the worker that bills has ended; report again');
    return { ...sumOf(taken, outcomes.length), ...(bills === undefined ? {} : { bills }) };
  }

  answered(workerNumber: number, id: number, answer: OutcomesAnswer): void {
    this.#rounds.answered(workerNumber, id, answer);
  }

  /** It has ended, and its auctions with it. */
  forget(workerNumber: number): void {
    this.#rounds.forget(workerNumber);
  }
}

/** Unknown is what no worker knew: to each of them the auctions of the others are. */
function sumOf(answers: readonly OutcomesTaken[], outcomeCount: number): OutcomesTaken {
  const known = { counted: 0, duplicate: 0, 'out-of-window': 0 };
  for (const answer of answers) {
    known.counted += answer.counted;
    known.duplicate += answer.duplicate;
    known['out-of-window'] += answer['out-of-window'];
  }
  return { ...known, unknown: outcomeCount - known.counted - known.duplicate - known['out-of-window'] };
}
