/** Brings what was not spent back to the ledger, and again until the ledger has said so. */
import type { BudgetLedger } from '../ports/budget-ledger.ts';
import type { Timers } from '../ports/clock.ts';
import { CallGate } from './call-gate.ts';
import type { LeaseOver } from './lease.ts';

export interface LeaseReturnsOptions {
  readonly ledger: Pick<BudgetLedger, 'closeLease'>;
  readonly timers: Timers;
  readonly newRequestId: () => string;
  readonly callsMax: number;
  /** `drop-newest` beyond: the ledger takes it back by itself when the lease has ended a billing horizon ago. */
  readonly lengthMax: number;
  readonly retryMs: number;
  readonly onFault: (error: unknown) => void;
  readonly onDropped: () => void;
}

export class LeaseReturns {
  readonly #options: LeaseReturnsOptions;
  readonly #gate: CallGate;
  readonly #onEmpty: (() => void)[] = [];
  #count = 0;
  #isGivenUp = false;

  constructor(options: LeaseReturnsOptions) {
    this.#options = options;
    this.#gate = new CallGate(options.callsMax);
  }

  /** Leases on their way back. */
  get count(): number {
    return this.#count;
  }

  giveBack(over: LeaseOver): void {
    if (this.#count >= this.#options.lengthMax) {
      this.#options.onDropped();
      return;
    }
    this.#count++;
    void this.#close(over, this.#options.newRequestId());
  }

  /** Resolves when everything is back. */
  whenEmpty(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  /** What is not back by now the ledger takes back by itself, later: nothing more is asked of it. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  async #close(over: LeaseOver, requestId: string): Promise<void> {
    const { accountId, epoch, sequence, unspent } = over;
    try {
      await this.#gate.run(async () => {
        if (!this.#isGivenUp) await this.#options.ledger.closeLease({ accountId, epoch, sequence }, unspent, requestId);
      });
    } catch (error) {
      if (this.#isGivenUp) return;
      this.#options.onFault(error);
      this.#options.timers.schedule(this.#options.retryMs, () => void this.#close(over, requestId));
      return;
    }
    this.#count--;
    if (this.#count === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
  }
}
