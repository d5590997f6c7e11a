/**
 * Tells the ledger what was won, off the path of the auctions: many reservations in one transaction, one transaction at a
 * time, again until the ledger has them. What a killed process has not told, its successor finds in the event log.
 *
 * Overflow policy: who finds it full (`isFull`) sells nothing until the ledger is back.
 */
import type { BillResult, BudgetLedger, Reservation } from '../ports/budget-ledger.ts';
import type { Timers } from '../ports/clock.ts';

export interface ReservationOutboxOptions {
  readonly ledger: Pick<BudgetLedger, 'reserve'>;
  readonly timers: Timers;
  readonly lengthMax: number;
  readonly batchMax: number;
  /** What comes in so long goes in one batch, ms. */
  readonly gatherMs: number;
  readonly retryMs: number;
  /** The ledger knows them; some had been reported before, and are billed. */
  readonly onTold: (reservations: readonly Reservation[], bills: readonly BillResult[]) => void;
  readonly onFault: (error: unknown) => void;
}

interface Listener {
  readonly told: number;
  readonly resolve: () => void;
}

export class ReservationOutbox {
  readonly #options: ReservationOutboxOptions;
  readonly #waiting: Reservation[] = [];
  readonly #listeners: Listener[] = [];
  /** Reservations that the ledger knows. */
  #told = 0;
  #isBusy = false;

  constructor(options: ReservationOutboxOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#waiting.length;
  }

  get isFull(): boolean {
    return this.#waiting.length >= this.#options.lengthMax;
  }

  add(reservation: Reservation): void {
    this.#waiting.push(reservation);
    if (!this.#isBusy) this.#tellIn(this.#options.gatherMs);
  }

  /** Resolves once the ledger knows all that was added before; what comes after is not waited for, as there is always some. */
  whenTold(): Promise<void> {
    if (this.#waiting.length === 0) return Promise.resolve();
    const told = this.#told + this.#waiting.length;
    return new Promise((resolve) => this.#listeners.push({ told, resolve }));
  }

  #tellIn(delayMs: number): void {
    this.#isBusy = true;
    this.#options.timers.schedule(delayMs, () => void this.#tell());
  }

  async #tell(): Promise<void> {
    const { ledger, batchMax, retryMs, onTold, onFault } = this.#options;
    const batch = this.#waiting.slice(0, batchMax);
    let bills: readonly BillResult[];
    try {
      bills = await ledger.reserve(batch);
    } catch (error) {
      onFault(error);
      this.#tellIn(retryMs);
      return;
    }
    this.#waiting.splice(0, batch.length);
    this.#told += batch.length;
    onTold(batch, bills);
    while (this.#listeners.length > 0 && this.#listeners[0]!.told <= this.#told) this.#listeners.shift()!.resolve();
    this.#isBusy = false;
    if (this.#waiting.length > 0) this.#tellIn(0);
  }
}
