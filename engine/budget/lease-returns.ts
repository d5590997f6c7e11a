/**
 * Brings what was not spent back to the ledger, and again until the ledger has said so: many leases in one transaction, one
 * transaction at a time. Nobody waits for it, so it gathers for a while: of ten thousand campaigns some lease ends all the
 * time, and a transaction of its own would be most of what it costs.
 */
import type { BudgetLedger, LeaseReturn } from '../ports/budget-ledger.ts';
import type { TimerHandle, Timers } from '../ports/clock.ts';
import type { LeaseOver } from './lease.ts';

export interface LeaseReturnsOptions {
  readonly ledger: Pick<BudgetLedger, 'closeLeases'>;
  readonly timers: Timers;
  readonly newRequestId: () => string;
  /** `drop-newest` beyond: the ledger takes it back by itself when the lease has ended a billing horizon ago. */
  readonly lengthMax: number;
  readonly batchMax: number;
  /** What comes in so long goes in one batch, ms. */
  readonly gatherMs: number;
  readonly retryMs: number;
  readonly onFault: (error: unknown) => void;
  readonly onDropped: () => void;
}

export class LeaseReturns {
  readonly #options: LeaseReturnsOptions;
  /** With those that the ledger is being asked for, which stand first. */
  readonly #waiting: LeaseReturn[] = [];
  readonly #onEmpty: (() => void)[] = [];
  #timer: TimerHandle = null;
  /** A batch is under way, or its time will come. */
  #isBusy = false;
  #isGathering = false;
  #isGivenUp = false;

  constructor(options: LeaseReturnsOptions) {
    this.#options = options;
  }

  /** Leases on their way back. */
  get count(): number {
    return this.#waiting.length;
  }

  giveBack(over: LeaseOver): void {
    const { lengthMax, onDropped, newRequestId, gatherMs } = this.#options;
    if (this.#waiting.length >= lengthMax) {
      onDropped();
      return;
    }
    this.#waiting.push({ ...over, requestId: newRequestId() });
    if (this.#isBusy) return;
    this.#isGathering = true;
    this.#closeIn(gatherMs);
  }

  /** Resolves when everything is back. Somebody waits now, so nothing is gathered any more. */
  whenEmpty(): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve();
    if (this.#isGathering) {
      this.#options.timers.cancel(this.#timer);
      void this.#close();
    }
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  /** What is not back by now the ledger takes back by itself, later: nothing more is asked of it. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#options.timers.cancel(this.#timer);
  }

  #closeIn(delayMs: number): void {
    this.#isBusy = true;
    this.#timer = this.#options.timers.schedule(delayMs, () => void this.#close());
  }

  async #close(): Promise<void> {
    this.#isGathering = false;
    if (this.#isGivenUp) return;
    const { ledger, batchMax, retryMs, onFault } = this.#options;
    const batch = this.#waiting.slice(0, batchMax);
    try {
      await ledger.closeLeases(batch);
    } catch (error) {
      if (this.#isGivenUp) return;
      onFault(error);
      // Behind the others, which may have nothing to do with what is wrong.
      this.#waiting.push(...this.#waiting.splice(0, batch.length));
      this.#closeIn(retryMs);
      return;
    }
    this.#waiting.splice(0, batch.length);
    this.#isBusy = false;
    if (this.#waiting.length > 0) this.#closeIn(0);
    else for (const resolve of this.#onEmpty.splice(0)) resolve();
  }
}
