/** Parts of a budget for a budget store to grant from: at most one open at a time for an account. */
import { localDayEnd } from '../../engine/campaign/local-day.ts';
import type { Tranche, TrancheRefusal, TrancheWanted } from '../../engine/ports/budget-ledger.ts';
import { Books, least } from './books.ts';
import type { Queryable } from './database.ts';
import { type AccountRow, insertRows, selectRows, TRANCHE_REQUEST, type TrancheRow } from './rows.ts';

/**
 * The open tranche while nothing of it was leased: those who ask at the same time get the same. Else the next one; the
 * one before is closed, for who asks has used it up, or a store that lost it.
 */
export async function openTranche(
  tx: Queryable,
  { accountId, requestId, amount: wanted }: TrancheWanted,
  { actor, nowMs }: { readonly actor: string; readonly nowMs: number | null },
): Promise<Tranche | TrancheRefusal> {
  const books = await Books.open(tx, [accountId], nowMs);
  const account = books.accounts.get(accountId);
  if (account === undefined) return 'unknown-account';
  const request = { account_id: accountId, request_id: requestId };
  const [repeated] = await selectRows<{ epoch: bigint }>(tx, TRANCHE_REQUEST, [request]);
  if (repeated !== undefined) return trancheOf(books, accountId, repeated.epoch);
  const refusal = refusalOf(account, books.nowMs);
  if (refusal !== null) return refusal;
  await books.loadOpenTranches();
  const tranche = sharedTranche(books, accountId) ?? (await nextTranche(books, account, { wanted, actor }));
  await books.flush();
  if (tranche === null) return 'exhausted';
  await insertRows(tx, TRANCHE_REQUEST, [{ ...request, epoch: tranche.epoch }]);
  return asTranche(tranche);
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

async function trancheOf(books: Books, accountId: string, epoch: bigint): Promise<Tranche> {
  await books.loadTranches([{ accountId, epoch: Number(epoch) }]);
  return asTranche(books.tranche({ accountId, epoch: Number(epoch) })!);
}

function refusalOf({ status, end_at_ms }: AccountRow, nowMs: bigint): TrancheRefusal | null {
  if (status === 'ended' || (end_at_ms !== null && end_at_ms <= nowMs)) return 'ended';
  return status === 'paused' ? 'paused' : null;
}

function sharedTranche(books: Books, accountId: string): TrancheRow | undefined {
  const open = books.openTranche(accountId);
  const isOver = open !== undefined && open.not_after_ms !== null && open.not_after_ms <= books.nowMs;
  return open?.leased === 0n && !isOver ? open : undefined;
}

async function nextTranche(
  books: Books,
  account: AccountRow,
  { wanted, actor }: { readonly wanted: number; readonly actor: string },
): Promise<TrancheRow | null> {
  const before = books.openTranche(account.id);
  if (before !== undefined) closeTranche(books, before, { actor, why: 'next' });
  await books.loadToday([account]);
  const day = books.today(account);
  const leftToday = day.budget === null ? account.available : day.budget - day.committed;
  const amount = least(BigInt(wanted), least(account.available, leftToday));
  if (amount <= 0n) return null;
  account.epoch += 1n;
  const tranche: TrancheRow = {
    account_id: account.id,
    epoch: account.epoch,
    state: 'open',
    amount,
    leased: 0n,
    returned: 0n,
    day: day.day,
    not_after_ms: notAfter(account, Number(books.nowMs)),
    opened_at_ms: books.nowMs,
  };
  books.putTranche(tranche);
  books.post({ kind: 'open-tranche', key: `${account.id}#${tranche.epoch}`, account, amount, tranche });
  books.audit(actor, 'open-tranche', account.id, { epoch: tranche.epoch, amount, day: day.day });
  return tranche;
}

/** The end of the day where its budget bounds, the campaign's end if that is sooner. */
function notAfter({ daily_budget, end_at_ms, time_zone }: AccountRow, nowMs: number): bigint | null {
  if (daily_budget === null) return end_at_ms;
  const dayEnd = BigInt(localDayEnd(nowMs, time_zone));
  return end_at_ms === null ? dayEnd : least(dayEnd, end_at_ms);
}

function asTranche({ account_id, epoch, amount, not_after_ms }: TrancheRow): Tranche {
  return {
    accountId: account_id,
    epoch: Number(epoch),
    amount: Number(amount),
    notAfterMs: not_after_ms === null ? null : Number(not_after_ms),
  };
}
