/** Has leases confirmed by the ledger, many in one transaction: what comes while one is under way is the next batch. */

import type { BudgetLedger, LeaseConfirmation, LeaseGrant } from '../ports/budget-ledger.ts';
import type { Clock } from '../ports/clock.ts';
import { inHalves } from './in-halves.ts';

export interface TimedConfirmation {
  readonly confirmation: LeaseConfirmation;
  /** When the ledger was asked: its term counts from then, monotonic ms. */
  readonly askedAtMs: number;
}

interface Asker {
  readonly grant: LeaseGrant;
  readonly resolve: (timed: TimedConfirmation) => void;
  readonly reject: (error: unknown) => void;
}

export class Confirmations {
  readonly #ledger: Pick<BudgetLedger, 'confirmLeases'>;
  readonly #clock: Clock;
  readonly #batchMax: number;
  #waiting: Asker[] = [];
  #isAsking = false;

  constructor(ledger: Pick<BudgetLedger, 'confirmLeases'>, clock: Clock, batchMax: number) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#batchMax = batchMax;
  }

  /** Rejects as the ledger does; what it refuses of a batch rejects alone. The same grant may be asked about again. */
  confirm(grant: LeaseGrant): Promise<TimedConfirmation> {
    const answer = new Promise<TimedConfirmation>((resolve, reject) => this.#waiting.push({ grant, resolve, reject }));
    if (!this.#isAsking) void this.#askAll();
    return answer;
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.length > 0) await this.#ask(this.#waiting.splice(0, this.#batchMax));
    this.#isAsking = false;
  }

  async #ask(batch: readonly Asker[]): Promise<void> {
    const unanswered = new Set(batch);
    try {
      await inHalves(
        batch,
        async (part) => {
          const askedAtMs = this.#clock.monotonicMs();
          const confirmations = await this.#ledger.confirmLeases(part.map(({ grant }) => grant));
          part.forEach((asker, index) => {
            unanswered.delete(asker);
            asker.resolve({ confirmation: confirmations[index]!, askedAtMs });
          });
        },
        (asker, error) => {
          unanswered.delete(asker);
          asker.reject(error);
        },
      );
    } catch (error) {
      for (const { reject } of unanswered) reject(error);
    }
  }
}
