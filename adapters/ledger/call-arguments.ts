/** What callers may ask for. A defect of theirs ends here, with the name of the argument, and not in the books. */
import type {
  Bill,
  LeaseGrant,
  LeaseKey,
  LeaseReturn,
  OutcomeReport,
  Reservation,
  TrancheWanted,
} from '../../engine/ports/budget-ledger.ts';

/** Throws a `RangeError` unless it is an integer from `least` on. */
export function checkAmount(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${name} must be an integer of at least ${least}: ${value}`);
  }
}

export function checkWanted({ amount, amountMin, afterEpoch }: TrancheWanted): void {
  checkAmount('amount', amount, 1);
  checkAmount('amountMin', amountMin, 1);
  checkAmount('afterEpoch', afterEpoch, 0);
}

export function checkGrant(grant: LeaseGrant): void {
  checkLease(grant);
  checkText('requestId', grant.requestId);
  checkAmount('amount', grant.amount, 1);
  checkMs('termMs', grant.termMs);
}

export function checkReturn(over: LeaseReturn): void {
  checkLease(over);
  checkAmount('unspent', over.unspent, 0);
}

export function checkReservation(reservation: Reservation): void {
  checkLease(reservation);
  checkText('key', reservation.key);
  checkAmount('amount', reservation.amount, 0);
  checkMs('heldMs', reservation.heldMs);
}

export function checkBill(bill: Bill): void {
  checkLease(bill);
  checkText('key', bill.key);
  checkAmount('amount', bill.amount, 0);
  checkMs('atMs', bill.atMs);
}

export function checkReport({ key, atMs }: OutcomeReport): void {
  checkText('key', key);
  checkMs('atMs', atMs);
}

function checkLease({ epoch, sequence }: LeaseKey): void {
  checkAmount('epoch', epoch, 0);
  checkAmount('sequence', sequence, 0);
}

function checkMs(name: string, value: number): void {
  if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) throw new RangeError(`${name} must be milliseconds: ${value}`);
}

function checkText(name: string, value: string): void {
  if (value === '') throw new RangeError(`${name} must not be empty`);
}
