/** Leases as the judge sees them: what a store granted counts from here on, or never. */
import type { LeaseConfirmation, LeaseGrant, LeaseReturn } from '../../engine/ports/budget-ledger.ts';
import { type Books, freeOf, least, nameOfLease } from './books.ts';
import type { LeaseRow, TrancheRow } from './rows.ts';
import { closeTranche, isOver } from './tranches.ts';

/** The tranches and leases named must be loaded. */
export function confirmLease(books: Books, grant: LeaseGrant, billingHorizonMs: number): LeaseConfirmation {
  const known = books.lease(grant);
  if (known !== undefined && isSame(known, grant)) return standingOf(known, books.nowMs, billingHorizonMs);
  const tranche = books.tranche(grant);
  if (tranche === undefined) return { kind: 'fenced' };
  if (isOver(tranche, books.nowMs)) {
    closeTranche(books, tranche, { actor: grant.processId, why: 'over' });
    return { kind: 'ended' };
  }
  if (tranche.state === 'closed') return { kind: 'fenced' };
  const why = whyFenced(tranche, known, BigInt(grant.amount));
  if (why !== null) {
    const { sequence, requestId, processId, amount } = grant;
    books.audit(processId, 'fence', grant.accountId, { epoch: grant.epoch, sequence, requestId, amount, why });
    closeTranche(books, tranche, { actor: processId, why: 'fenced' });
    return { kind: 'fenced' };
  }
  const termMs = termWithin(tranche, grant.termMs, books.nowMs);
  addLease(books, tranche, { grant, termMs, billingHorizonMs });
  return { kind: 'live', termMs };
}

/** What is left of the term of a lease that was confirmed before. */
function standingOf({ state, closes_at_ms }: LeaseRow, nowMs: bigint, billingHorizonMs: number): LeaseConfirmation {
  if (state !== 'live') return { kind: 'fenced' };
  return { kind: 'live', termMs: Math.max(0, Number(closes_at_ms - nowMs) - billingHorizonMs) };
}

function termWithin({ not_after_ms }: TrancheRow, termMs: number, nowMs: bigint): number {
  return Math.min(termMs, Number(not_after_ms - nowMs));
}

function isSame({ request_id, process_id, amount }: LeaseRow, grant: LeaseGrant): boolean {
  return request_id === grant.requestId && process_id === grant.processId && amount === BigInt(grant.amount);
}

/**
 * A store that gives one sequence twice, or more than the tranche has, has lost writes: who knows which, so nothing of
 * this epoch is granted any more.
 */
function whyFenced(tranche: TrancheRow, known: LeaseRow | undefined, amount: bigint): string | null {
  if (known !== undefined) return 'sequence-taken';
  return amount > tranche.amount - tranche.leased ? 'more-than-left' : null;
}

function addLease(
  books: Books,
  tranche: TrancheRow,
  {
    grant,
    termMs,
    billingHorizonMs,
  }: { readonly grant: LeaseGrant; readonly termMs: number; readonly billingHorizonMs: number },
): void {
  const { accountId, epoch, sequence, requestId, processId, amount } = grant;
  const lease: LeaseRow = {
    account_id: accountId,
    epoch: BigInt(epoch),
    sequence: BigInt(sequence),
    request_id: requestId,
    process_id: processId,
    day: tranche.day,
    state: 'live',
    amount: BigInt(amount),
    reserved: 0n,
    billed: 0n,
    returned: 0n,
    confirmed_at_ms: books.nowMs,
    // Its holder counts from when it asked, which was before now.
    closes_at_ms: books.nowMs + BigInt(Math.ceil(termMs)) + BigInt(billingHorizonMs),
  };
  books.putLease(lease);
  const account = books.accounts.get(accountId)!;
  books.post({ kind: 'lease', key: nameOfLease(lease), account, amount: lease.amount, tranche, lease });
  books.audit(processId, 'lease', accountId, { epoch, sequence, requestId, amount, termMs });
}

/**
 * Its holder ends it: `unspent` goes back now, the rest stays for late bills until its term and the horizon. Only once. It must
 * be loaded.
 */
export function closeLease(books: Books, over: LeaseReturn, billingHorizonMs: number): void {
  const { unspent, requestId } = over;
  const lease = books.lease(over);
  if (lease?.state !== 'live') return;
  const amount = least(BigInt(unspent), freeOf(lease));
  const account = books.accounts.get(lease.account_id)!;
  books.post({ kind: 'return', key: nameOfLease(lease), account, amount, lease });
  lease.state = freeOf(lease) === 0n ? 'closed' : 'closing';
  // Bills that share it may come until a time that was said when they were reserved.
  const horizonMs = books.nowMs + BigInt(billingHorizonMs);
  if (horizonMs > lease.closes_at_ms) lease.closes_at_ms = horizonMs;
  books.change(lease);
  const { epoch, sequence } = lease;
  books.audit(lease.process_id, 'return', lease.account_id, { epoch, sequence, requestId, unspent, returned: amount });
}

/** Nobody can bill it any more but by a reservation: what is free goes back. Unless it is to be open at `dueMs`. */
export function closeDueLease(
  books: Books,
  lease: LeaseRow,
  { actor, dueMs }: { readonly actor: string; readonly dueMs: number },
): boolean {
  if (lease.state === 'closed' || lease.closes_at_ms > dueMs) return false;
  const amount = freeOf(lease);
  const account = books.accounts.get(lease.account_id)!;
  books.post({ kind: 'return', key: `${nameOfLease(lease)}/rest`, account, amount, lease });
  const { epoch, sequence, state } = lease;
  lease.state = 'closed';
  books.change(lease);
  books.audit(actor, 'close-lease', lease.account_id, { epoch, sequence, was: state, returned: amount });
  return true;
}
