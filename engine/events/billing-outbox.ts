/**
 * Bills what tracked events say, as they come: many in one transaction, one transaction at a time, again until the
 * ledger has them. The decision is `billing-decision.ts`'s.
 *
 * Overflow policy `refuse-newest`, counted: what is refused here is in the event log, for a consumer of it to bill.
 */
import type { Bill, BillResult } from '../ports/budget-ledger.ts';
import type { Timers } from '../ports/clock.ts';

export interface BillingOutboxOptions {
  /** Rejects when the ledger cannot be reached; the same bills may be handed in again. */
  readonly bill: (bills: readonly Bill[]) => Promise<readonly BillResult[]>;
  readonly timers: Timers;
  readonly lengthMax: number;
  readonly batchMax: number;
  /** What comes in so long goes in one batch, ms. */
  readonly gatherMs: number;
  readonly retryMs: number;
  readonly onDropped: (count: number) => void;
}

export class BillingOutbox {
  readonly #options: BillingOutboxOptions;
  readonly #waiting: Bill[] = [];
  #isBusy = false;
  #onSettled: (() => void)[] = [];

  constructor(options: BillingOutboxOptions) {
    this.#options = options;
  }

  add(bill: Bill): void {
    if (this.#waiting.length >= this.#options.lengthMax) {
      this.#options.onDropped(1);
      return;
    }
    this.#waiting.push(bill);
    if (!this.#isBusy) this.#billIn(this.#options.gatherMs);
  }

  /** Resolves when nothing waits any more; what is left after so long is given up and counted. */
  async close(withinMs: number): Promise<void> {
    const { timers, onDropped } = this.#options;
    if (!this.#isBusy) return;
    await new Promise<void>((resolve) => {
      const timer = timers.schedule(withinMs, resolve);
      this.#onSettled.push(() => {
        timers.cancel(timer);
        resolve();
      });
    });
    if (this.#waiting.length > 0) onDropped(this.#waiting.splice(0).length);
  }

  #billIn(delayMs: number): void {
    this.#isBusy = true;
    this.#options.timers.schedule(delayMs, () => void this.#billSome());
  }

  async #billSome(): Promise<void> {
    const { bill, batchMax, retryMs } = this.#options;
    const batch = this.#waiting.slice(0, batchMax);
    try {
      if (batch.length > 0) await bill(batch);
    } catch {
      this.#billIn(retryMs);
      return;
    }
    this.#waiting.splice(0, batch.length);
    if (this.#waiting.length > 0) {
      this.#billIn(0);
      return;
    }
    this.#isBusy = false;
    for (const onSettled of this.#onSettled.splice(0)) onSettled();
  }
}
