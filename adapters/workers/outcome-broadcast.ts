/**
 * Tells all workers what became of impressions, since only one of them ran each auction, and adds up what they make of it.
 * Whoever reports must not believe that all is counted while a worker has not said so: then it is an error, and what is
 * sent again is not counted twice.
 */
import type { Outcome, OutcomeCounts } from '../../engine/estimation/quality/awaited-outcomes.ts';
import { AnswerRounds, type AnswerRoundsOptions } from './answer-rounds.ts';

export interface OutcomeBroadcastOptions extends AnswerRoundsOptions {
  /** Tells one worker; its answer comes through `answered` with the same id. */
  readonly tell: (workerNumber: number, id: number, outcomes: readonly Outcome[]) => void;
}

export class OutcomeBroadcast {
  readonly #tell: OutcomeBroadcastOptions['tell'];
  readonly #rounds: AnswerRounds<OutcomeCounts>;

  constructor({ tell, ...options }: OutcomeBroadcastOptions) {
    this.#tell = tell;
    this.#rounds = new AnswerRounds(options);
  }

  /** Rejects when a worker does not answer in time. */
  async report(workerNumbers: readonly number[], outcomes: readonly Outcome[]): Promise<OutcomeCounts> {
    const { answers, silent } = await this.#rounds.ask(workerNumbers, (workerNumber, id) => {
      this.#tell(workerNumber, id, outcomes);
    });
    if (silent.length > 0) throw new Error(`worker ${silent.join(', ')} does not answer; report again`);
    return sumOf(answers, outcomes.length);
  }

  answered(workerNumber: number, id: number, counts: OutcomeCounts): void {
    this.#rounds.answered(workerNumber, id, counts);
  }

  /** It has ended, and its auctions with it. */
  forget(workerNumber: number): void {
    this.#rounds.forget(workerNumber);
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
