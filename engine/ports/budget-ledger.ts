/**
 * The judge of money: what was ever leased, spent and owed, in PostgreSQL (`adapters/ledger`; the same SQL on PGlite).
 * Double entry: every transfer sums to zero, append-only, each under a unique key; a repeated call with the same key
 * changes nothing and gives the first answer.
 *
 * An account is what is bounded: a campaign's money in nanos, or a guaranteed line item's impressions (`unit`). Its path:
 *
 *   budget --openTranche--> tranche --confirmLeases--> lease --(reserve, bill)--> spent
 *     ^------closeTranche------'  ^----closeLeases (unspent)-'
 *
 * A lease is spent from only once it is confirmed here, what is billed from it never exceeds it, and a late bill takes no
 * more than the budget has available, so no fault of Redis, of a clock or of a process can take more than the budget. What
 * we served and cannot bill any more is our cost (`absorbed`).
 */
export type BudgetUnit = 'nanos' | 'impressions';

/** A part of an account's budget that Redis (or the process itself) may grant leases from. */
export interface Tranche {
  readonly accountId: string;
  /** Rises by one with each tranche of an account. A fenced tranche's epoch never grants again. */
  readonly epoch: number;
  readonly amount: number;
  /** What the ledger could still give after it: of the budget, or of the day's. Sizes leases, binds nobody. */
  readonly budgetLeft: number;
  /** Epoch ms by the ledger's clock: end of the advertiser's day, or of the campaign if that is sooner. */
  readonly notAfterMs: number;
}

export type TrancheRefusal =
  /** Nothing left: of the budget, or of the day's. */
  'exhausted' | 'paused' | 'ended' | 'unknown-account';

export interface TrancheWanted {
  readonly accountId: string;
  readonly amount: number;
  /** Less is of no use (one clearing price): refused as `exhausted`. */
  readonly amountMin: number;
  /**
   * The newest tranche that the asker knows to be used up or lost, 0 when it knows none. An open one that is newer is
   * given as it is, so processes that ask at the same time share one, and an answer that was lost is had by asking again.
   * Who knows none, although leases were given from it, asks for a store that lost it: it is given the next.
   */
  readonly afterEpoch: number;
}

/** As granted by a budget store, before it may be spent from. */
export interface LeaseGrant {
  readonly accountId: string;
  readonly epoch: number;
  /** Rises by one with each lease of a tranche. */
  readonly sequence: number;
  readonly requestId: string;
  readonly processId: string;
  readonly amount: number;
  /** The holder spends for so long from the moment it asked, by its own monotonic clock, ms. */
  readonly termMs: number;
}

export type LeaseConfirmation =
  /** May be spent from for so long, counted from the moment this confirmation was asked for, ms: never past the tranche. */
  | { readonly kind: 'live'; readonly termMs: number }
  /** The tranche's day or campaign is over: nothing is wrong, the next tranche is another day's. */
  | { readonly kind: 'ended' }
  /** This sequence belongs to another request, the epoch is closed, or the tranche has not so much: the store lost data. */
  | { readonly kind: 'fenced' };

export interface LeaseKey {
  readonly accountId: string;
  readonly epoch: number;
  readonly sequence: number;
}

/** A lease that its holder ends. */
export interface LeaseReturn extends LeaseKey {
  /** What of it goes back. */
  readonly unspent: number;
  /** For the audit: names the asking. */
  readonly requestId: string;
}

export interface Bill extends LeaseKey {
  /** Auction id, imp id, event type: unique for ever, over all accounts. Money and quota of one impression have a key each. */
  readonly key: string;
  readonly amount: number;
  readonly publisherId: string;
  readonly atMs: number;
  /** As `Reservation.terms`. */
  readonly terms?: string;
}

export type BillResult =
  | 'billed'
  /**
   * Neither its reservation nor its lease nor what is available bears it, or the budget was cut: the publisher is paid by
   * us, the advertiser pays nothing.
   */
  | 'absorbed'
  /** The key was billed before. The first bill stands, at its amount. */
  | 'repeated'
  /** The key was released on purpose before, not by time: nobody pays. */
  | 'released-before'
  /** Nothing is booked. */
  | 'unknown-account';

export interface Reservation extends LeaseKey {
  readonly key: string;
  readonly amount: number;
  /** Who is paid when it is billed. */
  readonly publisherId: string;
  /**
   * Expires by itself so long after the ledger was told, by its clock, ms, `HELD_MS_MAX` at most: its money is free again,
   * its bill is paid from what is available then. A win that is told late is held for longer by that.
   */
  readonly heldMs: number;
  /**
   * It holds nothing of its own, for most of its kind are never billed: its lease keeps something for all of them together,
   * and stays open for their bills until then. Absent: no.
   */
  readonly isShared?: boolean;
  /** What was sold (`encodeTerms`), kept for events of what becomes of it. Absent: whoever tells does not know. */
  readonly terms?: string;
}

/** 30 days. */
export const HELD_MS_MAX = 2_592_000_000;

/** That what was reserved under a key has happened: the reservation says what it costs whom. */
export interface OutcomeReport {
  readonly key: string;
  readonly atMs: number;
  /** Nothing is known of it yet, but may be: somebody has still to tell what was won. False: then it is `unmatched` at once. */
  readonly mayBecomeKnown: boolean;
}

export type ReportResult =
  | BillResult
  /** Nothing is known of the key. Kept: whoever reserves it finds it billed by this. */
  | 'parked'
  /** Nothing is known of the key, and nothing is kept. */
  | 'unmatched'
  /** It should be kept and there is no room (`countMax`): report it again. */
  | 'refused';

/** Of reports that are parked. Overflow policy `refuse-newest`. */
export const PARKED_REPORTS = {
  /**
   * Kept for the billing horizon and so long: the term of a lease, from which a killed process may have sold, and a
   * minute in which it is started again and tells what it has won. ms.
   */
  beyondHorizonMs: 90_000,
  /** Of all processes together. About 0.2 KB each. */
  countMax: 200_000,
} as const;

export interface SweepResult {
  /** That have expired. */
  readonly reservations: number;
  /** That are closed. */
  readonly leases: number;
  /** Parked, and never became known. */
  readonly reports: number;
}

export interface AccountFigures {
  readonly accountId: string;
  readonly unit: BudgetUnit;
  readonly budget: bigint;
  /** Not in any tranche. */
  readonly available: bigint;
  /** In tranches and leases, not reserved. */
  readonly leased: bigint;
  readonly reserved: bigint;
  readonly spent: bigint;
  readonly absorbed: bigint;
}

/** Every method rejects when the database cannot be reached or answers late; nothing is assumed then, and it is called again. */
export interface BudgetLedger {
  /** Closes the account's older tranches, also when it refuses. Durable before it resolves. */
  readonly openTranche: (wanted: TrancheWanted) => Promise<Tranche | TrancheRefusal>;
  /** What of the tranche was not leased goes back to the budget; its epoch grants no more. */
  readonly closeTranche: (accountId: string, epoch: number) => Promise<void>;
  /** In order; many accounts in one transaction. A repeated one of a lease that is live is live. */
  readonly confirmLeases: (grants: readonly LeaseGrant[]) => Promise<readonly LeaseConfirmation[]>;
  /**
   * Many accounts in one transaction. What is unspent goes back to the budget at once; the rest stays for bills until the
   * billing horizon has passed. Of a lease that was never confirmed, or is closed, nothing.
   */
  readonly closeLeases: (returns: readonly LeaseReturn[]) => Promise<void>;
  /**
   * A known key is left as it is. What its lease has given back by now is taken back from what is available; what is not
   * there holds no money, and its bill looks again. What was reported before is billed at once: gives what came of it.
   */
  readonly reserve: (reservations: readonly Reservation[]) => Promise<readonly BillResult[]>;
  readonly bill: (bills: readonly Bill[]) => Promise<readonly BillResult[]>;
  /** In the order given. What is parked is durable before this resolves; a repeated report of it is parked again. */
  readonly billReports: (reports: readonly OutcomeReport[]) => Promise<readonly ReportResult[]>;
  /**
   * Ends reservations without a bill; `refunded` also undoes what was billed. Final, but for `expired`: a later bill is
   * paid from what is available. A key that is not known stays released.
   */
  readonly release: (keys: readonly string[], reason: 'expired' | 'refunded' | 'not-served') => Promise<void>;
  /**
   * By the ledger's clock, where `nowMs` is ahead of it. Reservations expire; leases that ended a billing horizon ago give
   * back what was not billed; reports that waited for nothing are forgotten.
   */
  readonly sweep: (nowMs: number) => Promise<SweepResult>;
  /** In the order asked for; accounts that are not known are left out. */
  readonly figures: (accountIds: readonly string[]) => Promise<readonly AccountFigures[]>;
  readonly close: () => Promise<void>;
}

/**
 * `code` is stable: `unavailable` and `late` (whether the call took effect is not known: repeat it with the same keys),
 * `closed`. Anything else that a method rejects with is a defect.
 */
export class BudgetLedgerError extends Error {
  override readonly name = 'BudgetLedgerError';
  readonly code: 'unavailable' | 'late' | 'closed';

  constructor(code: BudgetLedgerError['code'], message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
