/**
 * Tells the ledger what was won, off the path of the auctions: many reservations in one transaction, one transaction at a
 * time, again until the ledger has them. What a killed process has not told, its successor finds in the event log.
 *
 * Overflow policy: who finds it full (`isFull`) sells nothing until the ledger is back. What the ledger will never take is
 * `set-aside` (`in-halves.ts`), and does not keep what was won after it.
 */
import { type BillResult, type BudgetLedger, BudgetLedgerError, type Reservation } from '../ports/budget-ledger.ts';
import type { Timers } from '../ports/clock.ts';
import { inHalves } from './in-halves.ts';

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
  /** The ledger will not hear of it: nobody is billed for it. */
  readonly onSetAside: (reservation: Reservation, error: unknown) => void;
}

interface Listener {
  readonly told: number;
  readonly resolve: () => void;
}

const ANY = (): boolean => true;

export class ReservationOutbox {
  readonly #options: ReservationOutboxOptions;
  readonly #waiting: Reservation[] = [];
  readonly #listeners = new Set<Listener>();
  /** Reservations that the ledger knows, or will never know. */
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

  /**
   * Resolves once the ledger knows all that concerns the asker and was added before; what comes after is not waited for, as
   * there is always some. Rejects with a `BudgetLedgerError` when it does not within so long.
   */
  whenTold(withinMs: number, concerns: (key: string) => boolean = ANY): Promise<void> {
    const last = this.#waiting.findLastIndex(({ key }) => concerns(key));
    if (last === -1) return Promise.resolve();
    const { timers } = this.#options;
    return new Promise((resolve, reject) => {
      const listener: Listener = {
        told: this.#told + last + 1,
        resolve: () => {
          timers.cancel(timer);
          resolve();
        },
      };
      const timer = timers.schedule(withinMs, () => {
        this.#listeners.delete(listener);
        reject(new BudgetLedgerError('late', `the ledger was not told within ${withinMs} ms`));
      });
      this.#listeners.add(listener);
    });
  }

  #tellIn(delayMs: number): void {
    this.#isBusy = true;
    this.#options.timers.schedule(delayMs, () => void this.#tell());
  }

  async #tell(): Promise<void> {
    const { ledger, batchMax, retryMs, onTold, onFault, onSetAside } = this.#options;
    try {
      await inHalves(
        this.#waiting.slice(0, batchMax),
        async (part) => {
          const bills = await ledger.reserve(part);
          this.#leave(part.length);
          // A fault of the listener's is no refusal of the ledger's.
          try {
            onTold(part, bills);
          } catch (error) {
            onFault(error);
          }
        },
        (reservation, error) => {
          this.#leave(1);
          onSetAside(reservation, error);
        },
      );
    } catch (error) {
      onFault(error);
      this.#tellIn(retryMs);
      return;
    }
    this.#isBusy = false;
    if (this.#waiting.length > 0) this.#tellIn(0);
  }

  /** So many of the first are dealt with. */
  #leave(count: number): void {
    this.#waiting.splice(0, count);
    this.#told += count;
    for (const listener of this.#listeners) {
      if (listener.told > this.#told) continue;
      this.#listeners.delete(listener);
      listener.resolve();
    }
  }
}
