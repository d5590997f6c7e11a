/**
 * Where a consumer of the event log books what events mean for money, together with its place in the log: both in one
 * transaction, so an event is booked as often as it stands in the log behind that place, and the unique keys of the books make
 * that once. Adapter: `adapters/ledger/event-books.ts`.
 */
import type { Bill, BillResult, Reservation } from './budget-ledger.ts';
import type { Notice, NoticeSubject } from './notice-sender.ts';

/** A DSP pays for something that it has bought. */
export interface Receivable {
  /** Auction id, imp id, event type: unique for ever. */
  readonly key: string;
  readonly dspId: string;
  /** Empty: it named none. */
  readonly seat: string;
  /** Nanos of `currency`. */
  readonly amount: number;
  readonly currency: string;
  readonly publisherId: string;
  readonly atMs: number;
  /** `burl`, to be called once it is billed for the first time; null: none. */
  readonly billingNotice: BillingNotice | null;
  /** `encodeTerms` of what was sold. */
  readonly terms: string;
}

/** `burl` of an ad whose event will not carry it: it is called once that is billed. */
export interface PendingNotice {
  /** Of the receivable. */
  readonly key: string;
  readonly dspId: string;
  readonly notice: BillingNotice;
  readonly soldAtMs: number;
}

export type BillingNotice = Pick<Notice, 'url'> & { readonly about: NoticeSubject };

export interface Release {
  readonly key: string;
  readonly reason: 'expired' | 'refunded';
}

/** An event that is not booked: kept as it is, for people to look at. */
export interface DeadLetter {
  readonly offset: number;
  readonly type: string;
  /** From a short, closed list. */
  readonly reason: string;
  /** For people. */
  readonly message: string;
  /** How often it was tried to book it. */
  readonly tries: number;
  readonly payload: Uint8Array;
}

/** Where a partition goes on, and by which right. */
export interface Place {
  /** Rises each time that somebody takes the partition over. */
  readonly epoch: number;
  /** Null: at the oldest event. */
  readonly nextOffset: number | null;
}

/** What one batch of events of a partition means. */
export interface Bookings {
  readonly partition: number;
  /** Where the partition stands now, as this consumer believes. */
  readonly from: Place;
  /** Where it goes on. */
  readonly toOffset: number;
  readonly reservations: readonly Reservation[];
  readonly bills: readonly (Bill & Origin)[];
  readonly releases: readonly Release[];
  readonly receivables: readonly Receivable[];
  /** Of DSPs: what is undone, whether it was billed or will be. */
  readonly refunds: readonly Receivable[];
  /** Of wins. */
  readonly pendingNotices: readonly PendingNotice[];
  readonly deadLetters: readonly DeadLetter[];
}

/** The event that something is booked for. */
export interface Origin {
  readonly origin: { readonly offset: number; readonly type: string; readonly payload: Uint8Array };
}

/** `released-before`: it was undone before it came. */
export type ReceivableResult = 'billed' | 'repeated' | 'released-before';

export interface Booked {
  /** In the order of the bookings. `unknown-sale`: no lease or reservation knows of it; it is kept as a dead letter. */
  readonly bills: readonly (BillResult | 'unknown-sale')[];
  readonly receivables: readonly ReceivableResult[];
}

export interface EventBooks {
  /** Takes a partition over: whoever had it books nothing there any more. `end`: as in `EventConsumer.positionOf`. */
  readonly claim: (partition: number, end: number | null) => Promise<Place>;
  /** Where it stands; null: nobody has claimed it. */
  readonly placeOf: (partition: number) => Promise<Place | null>;
  /**
   * All or nothing. Rejects with a `MovedPlaceError` when the partition does not stand where the bookings begin; with a
   * `BudgetLedgerError` when the database cannot be reached or is late, and then whether it took effect is not known; with
   * anything else when the database refuses what is to be booked.
   */
  readonly book: (bookings: Bookings) => Promise<Booked>;
}

/** Somebody else has the partition, or this consumer's last call took effect after all: `placeOf` tells. */
export class MovedPlaceError extends Error {
  override readonly name = 'MovedPlaceError';
}
