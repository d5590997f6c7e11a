/** Parts of a budget for a budget store to grant from: at most one open at a time for an account. */
import { budgetDayEnd } from '../../engine/campaign/budget-calendar.ts';
import type { Tranche, TrancheRefusal, TrancheWanted } from '../../engine/ports/budget-ledger.ts';
import { Books, least } from './books.ts';
import type { Queryable } from './database.ts';
import { type AccountRow, calendarOf, type TrancheRow } from './rows.ts';

/** One that is open and newer than what the asker knows, or the next. */
export async function openTranche(
  tx: Queryable,
  wanted: TrancheWanted,
  { actor, nowMs }: { readonly actor: string; readonly nowMs: number | null },
): Promise<Tranche | TrancheRefusal> {
  const { accountId, afterEpoch } = wanted;
  const books = await Books.open(tx, [accountId], nowMs);
  const account = books.accounts.get(accountId);
  if (account === undefined) return 'unknown-account';
  await books.loadToday([account]);
  await books.loadOpenTranches();
  const open = books.openTranche(accountId);
  const shared = open !== undefined && isShared(open, { afterEpoch, nowMs: books.nowMs }) ? open : null;
  if (open !== undefined && shared === null) closeTranche(books, open, { actor, why: 'next' });
  const result = refusalOf(account, books.nowMs) ?? shared ?? nextTranche(books, account, { wanted, actor });
  await books.flush();
  return typeof result === 'string' ? result : asTranche(books, account, result);
}

/** Its epoch grants no more; what was not leased goes back. Nothing when it is not open. */
export function closeTranche(
  books: Books,
  tranche: TrancheRow,
  by: { readonly actor: string; readonly why: string },
): void {
  if (tranche.state === 'closed') return;
  const account = books.accounts.get(tranche.account_id)!;
  const key = `${tranche.account_id}#${tranche.epoch}`;
  const amount = tranche.amount - tranche.leased;
  tranche.state = 'closed';
  books.change(tranche);
  books.post({ kind: 'close-tranche', key, account, amount, tranche });
  books.audit(by.actor, 'close-tranche', tranche.account_id, { epoch: tranche.epoch, returned: amount, why: by.why });
}

function refusalOf({ status, end_at_ms }: AccountRow, nowMs: bigint): TrancheRefusal | null {
  if (status === 'ended' || (end_at_ms !== null && end_at_ms <= nowMs)) return 'ended';
  return status === 'paused' ? 'paused' : null;
}

/** Who knows no tranche although leases were given from this one asks for a store that lost it. */
function isShared(
  tranche: TrancheRow,
  { afterEpoch, nowMs }: { readonly afterEpoch: number; readonly nowMs: bigint },
): boolean {
  const isLost = afterEpoch === 0 && tranche.leased > 0n;
  return tranche.epoch > BigInt(afterEpoch) && !isLost && !isOver(tranche, nowMs);
}

/** Its day or its campaign is. */
export function isOver({ not_after_ms }: TrancheRow, nowMs: bigint): boolean {
  return not_after_ms <= nowMs;
}

function nextTranche(
  books: Books,
  account: AccountRow,
  { wanted, actor }: { readonly wanted: TrancheWanted; readonly actor: string },
): TrancheRow | 'exhausted' {
  const amount = least(BigInt(wanted.amount), grantable(books, account));
  if (amount < BigInt(wanted.amountMin)) return 'exhausted';
  const { day } = books.today(account);
  // A ledger that was restored from a backup may know less than who asks: an epoch never comes twice.
  account.epoch = (account.epoch > BigInt(wanted.afterEpoch) ? account.epoch : BigInt(wanted.afterEpoch)) + 1n;
  const tranche: TrancheRow = {
    account_id: account.id,
    epoch: account.epoch,
    state: 'open',
    amount,
    leased: 0n,
    returned: 0n,
    day,
    not_after_ms: notAfter(account, Number(books.nowMs)),
    opened_at_ms: books.nowMs,
  };
  books.putTranche(tranche);
  books.post({ kind: 'open-tranche', key: `${account.id}#${tranche.epoch}`, account, amount, tranche });
  books.audit(actor, 'open-tranche', account.id, { epoch: tranche.epoch, amount, day });
  return tranche;
}

/** Of the budget and of the day's; below zero after a daily budget was cut. */
function grantable(books: Books, account: AccountRow): bigint {
  const { budget, committed } = books.today(account);
  return budget === null ? account.available : least(account.available, budget - committed);
}

/** The end of the day, so that what is spent from it is of that day, whatever the terms become; the campaign's if sooner. */
function notAfter(account: AccountRow, nowMs: number): bigint {
  const dayEnd = BigInt(budgetDayEnd(calendarOf(account), nowMs));
  return account.end_at_ms === null ? dayEnd : least(dayEnd, account.end_at_ms);
}

function asTranche(books: Books, account: AccountRow, { epoch, amount, not_after_ms }: TrancheRow): Tranche {
  const left = grantable(books, account);
  return {
    accountId: account.id,
    epoch: Number(epoch),
    amount: Number(amount),
    budgetLeft: left > 0n ? numberUpTo(left) : 0,
    notAfterMs: Number(not_after_ms),
  };
}

/** It sizes leases and binds nobody: above what a number keeps exactly, that limit will do. */
function numberUpTo(amount: bigint): number {
  return Number(least(amount, BigInt(Number.MAX_SAFE_INTEGER)));
}
