/** What was won: reserved, then billed or released. One row per key, so each is paid once, whatever comes in which order, a report before its win included. */
import { type BookedSale, bookedOutcome } from '../../engine/events/booked-events.ts';
import {
  type Bill,
  type BillResult,
  HELD_MS_MAX,
  type OutcomeReport,
  type ReportResult,
  type Reservation,
} from '../../engine/ports/budget-ledger.ts';
import { type Books, freeOf, nameOfLease } from './books.ts';
import type { AccountRow, ChargeRow, LeaseRow } from './rows.ts';
import { closeTranche } from './tranches.ts';

export type ReleaseReason = 'expired' | 'refunded' | 'not-served';

/**
 * What its lease does not cover holds nothing, but is known: its bill looks again. What is shared never holds anything of its own:
 * its lease pays while that is open. Gives the result of the bill that was waiting for it; null: none was. Accounts,
 * their open tranches, leases and charges must be loaded.
 */
export function reserve(books: Books, reservation: Reservation, feePpm: number): BillResult | null {
  const { key, accountId, epoch, sequence, publisherId, isShared = false } = reservation;
  const amount = BigInt(reservation.amount);
  const account = books.accounts.get(accountId);
  const before = books.charge(key);
  if (account === undefined) return null;
  if (before !== undefined && before.state !== 'parked') {
    learnTerms(books, before, reservation);
    return null;
  }
  const lease = books.lease(reservation);
  const isCovered = !isShared && lease !== undefined && cover(books, lease, { account, amount, key });
  const expires_at_ms = books.nowMs + BigInt(Math.ceil(Math.min(reservation.heldMs, HELD_MS_MAX)));
  books.putCharge({
    key,
    account_id: accountId,
    epoch: BigInt(epoch),
    sequence: BigInt(sequence),
    state: isShared ? 'shared' : isCovered ? 'reserved' : 'uncovered',
    amount,
    fee: 0n,
    publisher_id: publisherId,
    expires_at_ms,
    reported_at_ms: null,
    terms: reservation.terms ?? null,
    expiry_told: false,
  });
  if (isShared && lease !== undefined && lease.state !== 'closed') keepOpen(books, lease, expires_at_ms);
  if (isCovered) books.post({ kind: 'reserve', key, account, amount, lease });
  return before === undefined
    ? null
    : billReported(books, { ...reservation, atMs: Number(before.reported_at_ms) }, feePpm);
}

/** For bills that share what it has free, which then goes back. */
function keepOpen(books: Books, lease: LeaseRow, untilMs: bigint): void {
  if (untilMs <= lease.closes_at_ms) return;
  lease.closes_at_ms = untilMs;
  books.change(lease);
}

interface Claim {
  readonly account: AccountRow;
  readonly amount: bigint;
}

/** Whether the lease has so much free. What it had and gave back, before this was told, is taken back where it is still there. */
function cover(books: Books, lease: LeaseRow, { account, amount, key }: Claim & { readonly key: string }): boolean {
  const missing = amount - freeOf(lease);
  if (missing <= 0n) return true;
  if (missing > lease.returned || !makeAvailable(books, lease, { account, amount: missing })) return false;
  books.post({ kind: 'take-back', key, account, amount: missing, lease });
  return true;
}

/**
 * Whether the account has so much for the day of the lease. What was served comes before what may be sold: for it the open
 * tranche is closed, where what nobody has leased of it is enough.
 */
function makeAvailable(books: Books, lease: LeaseRow, claim: Claim): boolean {
  if (isAvailable(books, lease, claim)) return true;
  const { account, amount } = claim;
  const tranche = books.openTranche(account.id);
  if (tranche === undefined || account.available + tranche.amount - tranche.leased < amount) return false;
  if (tranche.day !== lease.day && books.day(lease).budget !== null) return false;
  closeTranche(books, tranche, { actor: lease.process_id, why: 'served-before' });
  return isAvailable(books, lease, claim);
}

function isAvailable(books: Books, lease: LeaseRow, { account, amount }: Claim): boolean {
  const { budget, committed } = books.day(lease);
  return amount <= account.available && (budget === null || committed + amount <= budget);
}

/** How many more reports may wait, and until when; counted down. */
export interface Parking {
  room: number;
  readonly expiresAtMs: bigint;
}

/** As `bill`, by what its reservation says. Of what was not reserved, the report waits. */
export function billReport(books: Books, report: OutcomeReport, feePpm: number, parking: Parking): ReportResult {
  const { key, atMs, mayBecomeKnown } = report;
  const charge = books.charge(key);
  if (charge?.state === 'parked') return 'parked';
  if (charge === undefined) return mayBecomeKnown ? park(books, { key, atMs }, parking) : 'unmatched';
  if (charge.account_id === null) return 'released-before';
  const { account_id: accountId, epoch, sequence, amount, publisher_id } = charge;
  const lease = { accountId, epoch: Number(epoch), sequence: Number(sequence) };
  return billReported(books, { ...lease, key, amount: Number(amount), publisherId: publisher_id ?? '', atMs }, feePpm);
}

/** What no event has told leaves one, and the mark stays: a report is paid whenever it comes, its event only in time. */
function billReported(books: Books, wanted: Bill, feePpm: number): BillResult {
  const result = bill(books, wanted, feePpm);
  if (result === 'billed' || result === 'absorbed') {
    const charge = books.charge(wanted.key)!;
    charge.reported_at_ms = BigInt(Math.floor(wanted.atMs));
    tellReported(books, charge);
  }
  return result;
}

/** Of what was reserved without saying what it was, once somebody says it: of what a report has billed meanwhile an event is made now. */
function learnTerms(books: Books, charge: ChargeRow, { accountId, terms }: Reservation): void {
  if (terms === undefined || charge.terms !== null || charge.account_id !== accountId) return;
  charge.terms = terms;
  books.change(charge);
  if (charge.reported_at_ms !== null) tellReported(books, charge);
}

function tellReported(books: Books, charge: ChargeRow): void {
  const sold = bookedSale(books, charge);
  if (sold === null) return;
  books.tell(bookedOutcome(sold, Number(charge.reported_at_ms)));
}

/** Null: nobody has said what it was. Its account must be loaded. */
export function bookedSale(books: Books, charge: ChargeRow): BookedSale | null {
  const { key, account_id: accountId, epoch, sequence, amount, publisher_id, terms } = charge;
  if (accountId === null || terms === null) return null;
  const { unit } = books.accounts.get(accountId)!;
  const payer = { kind: 'house', accountId, unit, epoch: Number(epoch), sequence: Number(sequence) } as const;
  return { key, payer, amount: Number(amount), publisherId: publisher_id ?? '', terms };
}

function park(books: Books, { key, atMs }: Pick<OutcomeReport, 'key' | 'atMs'>, parking: Parking): ReportResult {
  if (parking.room <= 0) return 'refused';
  parking.room -= 1;
  const reportedAtMs = BigInt(Math.floor(atMs));
  books.putCharge({
    ...NOTHING_KNOWN,
    key,
    state: 'parked',
    expires_at_ms: parking.expiresAtMs,
    reported_at_ms: reportedAtMs,
  });
  return 'parked';
}

/** Accounts, their open tranches, charges, and the leases of bills and of charges must be loaded. */
export function bill(books: Books, wanted: Bill, feePpm: number): BillResult {
  const account = books.accounts.get(wanted.accountId);
  if (account === undefined) return 'unknown-account';
  const known = books.charge(wanted.key);
  const charge = known?.state === 'parked' ? undefined : known;
  if (charge?.state === 'released') return 'released-before';
  const isOpen = charge === undefined || isUnbilled(charge);
  if (!isOpen || (charge !== undefined && charge.account_id !== wanted.accountId)) {
    auditMismatch(books, charge!, wanted);
    return 'repeated';
  }
  const amount = BigInt(wanted.amount);
  const fee = account.unit === 'nanos' ? (amount * BigInt(feePpm)) / 1_000_000n : 0n;
  const { key, publisherId, atMs } = wanted;
  const entry = { key, account, amount, fee, publisherId, atMs: BigInt(Math.floor(atMs)) };
  const result =
    charge === undefined ? billLease(books, books.lease(wanted), entry) : billReservation(books, charge, entry);
  record(books, { charge, wanted, fee, result });
  return result;
}

interface Entry {
  readonly key: string;
  readonly account: AccountRow;
  readonly amount: bigint;
  readonly fee: bigint;
  readonly publisherId: string;
  readonly atMs: bigint;
}

/** It knows its lease better than whoever reports the impression. What has expired finds what is available now, as others do. */
function billReservation(books: Books, charge: ChargeRow, entry: Entry): 'billed' | 'absorbed' {
  const billed = charge.state === 'reserved' ? billReserved(books, charge, entry) : null;
  return billed ?? billLease(books, leaseOf(books, charge), entry);
}

/**
 * From its reservation, whatever became of the lease since; the difference goes back. Null: the reservation cannot bear
 * it and is released.
 */
function billReserved(books: Books, charge: ChargeRow, entry: Entry): 'billed' | null {
  const lease = leaseOf(books, charge)!;
  if (entry.amount <= charge.amount && isWithinBudget(books, lease, entry)) {
    books.post({ kind: 'bill-reserved', ...entry, lease });
    giveBack(books, charge, lease, charge.amount - entry.amount);
    return 'billed';
  }
  giveBack(books, charge, lease, charge.amount);
  return null;
}

/** From what the lease has free, else from what its account has, else at our own cost. */
function billLease(books: Books, lease: LeaseRow | undefined, entry: Entry): 'billed' | 'absorbed' {
  const payer = lease !== undefined && isWithinBudget(books, lease, entry) ? payerOf(books, lease, entry) : 'absorb';
  books.post({ kind: payer, ...entry, lease });
  return payer === 'absorb' ? 'absorbed' : 'billed';
}

function payerOf(books: Books, lease: LeaseRow, entry: Entry): 'bill' | 'bill-available' | 'absorb' {
  if (entry.amount <= freeOf(lease)) return 'bill';
  return makeAvailable(books, lease, entry) ? 'bill-available' : 'absorb';
}

/** Leases from before a cut may hold more than the budget that is left. */
function isWithinBudget(books: Books, lease: LeaseRow, { account, amount }: Entry): boolean {
  const day = books.day(lease);
  return account.spent + amount <= account.budget && (day.budget === null || day.spent + amount <= day.budget);
}

function record(
  books: Books,
  {
    charge,
    wanted,
    fee,
    result,
  }: {
    readonly charge: ChargeRow | undefined;
    readonly wanted: Bill;
    readonly fee: bigint;
    readonly result: 'billed' | 'absorbed';
  },
): void {
  const { key, accountId, epoch, sequence, amount, publisherId } = wanted;
  const outcome = { state: result, amount: BigInt(amount), fee, publisher_id: publisherId };
  if (charge !== undefined) {
    Object.assign(charge, outcome);
    charge.terms ??= wanted.terms ?? null;
    books.change(charge);
    return;
  }
  const lease = { epoch: BigInt(epoch), sequence: BigInt(sequence) };
  books.putCharge({ key, account_id: accountId, ...lease, ...outcome, ...UNTIMED, terms: wanted.terms ?? null });
}

/** The first bill stands, but somebody has to look: one impression has two prices, or two buyers. */
function auditMismatch(books: Books, first: ChargeRow, { key, accountId, amount, publisherId }: Bill): void {
  if (first.account_id === accountId && first.amount === BigInt(amount)) return;
  const { account_id, amount: firstAmount } = first;
  books.audit(publisherId, 'bill-mismatch', accountId, { key, amount, firstAccount: account_id, firstAmount });
}

/**
 * Ends what is reserved, and for `refunded` undoes what was billed. A key that nothing is known of stays released, and so
 * does what had expired, unless it is said once more that it has.
 */
export function release(books: Books, key: string, reason: ReleaseReason): boolean {
  const charge = books.charge(key);
  if (charge === undefined || charge.state === 'parked') {
    books.putCharge({ ...NOTHING_KNOWN, key, state: 'released' });
    return false;
  }
  const after = stateAfter(books, charge, reason);
  if (after === charge.state) return false;
  charge.state = after;
  books.change(charge);
  return true;
}

function stateAfter(books: Books, charge: ChargeRow, reason: ReleaseReason): ChargeRow['state'] {
  const { state } = charge;
  if (state === 'reserved') endReservation(books, charge, leaseOf(books, charge)!);
  if (isUnbilled(charge)) return reason === 'expired' ? 'expired' : 'released';
  return reason === 'refunded' && refund(books, charge) ? 'refunded' : state;
}

function isUnbilled({ state }: ChargeRow): boolean {
  return state === 'reserved' || state === 'shared' || state === 'uncovered' || state === 'expired';
}

const UNTIMED = { expires_at_ms: null, reported_at_ms: null, expiry_told: false } as const;

const NOTHING_KNOWN = {
  account_id: null,
  epoch: null,
  sequence: null,
  amount: 0n,
  fee: 0n,
  publisher_id: null,
  terms: null,
  ...UNTIMED,
} as const;

function refund(books: Books, charge: ChargeRow): boolean {
  if (charge.state !== 'billed' && charge.state !== 'absorbed') return false;
  const { key, amount, fee, publisher_id: publisherId } = charge;
  const account = books.accounts.get(charge.account_id!)!;
  if (charge.state === 'absorbed') {
    books.post({ kind: 'refund-absorbed', key, account, amount, fee, publisherId });
  } else {
    books.post({ kind: 'refund', key, account, amount, fee, publisherId, lease: leaseOf(books, charge) });
  }
  return true;
}

/** To the budget: the holder of its lease takes it for spent, and would never sell it again. */
function endReservation(books: Books, charge: ChargeRow, lease: LeaseRow): void {
  releaseToLease(books, charge, lease, charge.amount);
  returnToBudget(books, charge, lease, charge.amount);
}

/** To the lease; from a closed one on to the budget. */
function giveBack(books: Books, charge: ChargeRow, lease: LeaseRow, amount: bigint): void {
  releaseToLease(books, charge, lease, amount);
  if (lease.state === 'closed') returnToBudget(books, charge, lease, amount);
}

function releaseToLease(books: Books, { key }: ChargeRow, lease: LeaseRow, amount: bigint): void {
  const account = books.accounts.get(lease.account_id)!;
  books.post({ kind: 'release', key, account, amount, lease });
}

function returnToBudget(books: Books, { key }: ChargeRow, lease: LeaseRow, amount: bigint): void {
  const account = books.accounts.get(lease.account_id)!;
  books.post({ kind: 'return', key: `${nameOfLease(lease)}/${key}`, account, amount, lease });
}

function leaseOf(books: Books, { account_id, epoch, sequence }: ChargeRow): LeaseRow | undefined {
  if (account_id === null || epoch === null || sequence === null) return undefined;
  return books.lease({ accountId: account_id, epoch: Number(epoch), sequence: Number(sequence) });
}
