/** Accounts follow what was booked: their terms change in the transaction that changes the campaign. */
import { withTimeZone } from '../../engine/campaign/budget-calendar.ts';
import type { BudgetUnit } from '../../engine/ports/budget-ledger.ts';
import { Books, fundedOf, least } from './books.ts';
import type { Queryable } from './database.ts';
import { type AccountRow, calendarOf } from './rows.ts';
import { closeTranche } from './tranches.ts';

export interface AccountTerms {
  readonly accountId: string;
  readonly unit: BudgetUnit;
  /** Null for impressions. */
  readonly currency: string | null;
  readonly timeZone: string;
  readonly status: 'active' | 'paused' | 'ended';
  readonly endAtMs: number | null;
  readonly budget: bigint;
  readonly dailyBudget: bigint | null;
}

/**
 * Opens accounts and changes their terms. Any change but a raise closes the open tranche, so that no lease is confirmed
 * from it any more. A cut takes what is free at once, and what comes back later until the books show the budget.
 */
export async function setAccountTerms(
  tx: Queryable,
  terms: readonly AccountTerms[],
  { actor, nowMs }: { readonly actor: string; readonly nowMs: number | null },
): Promise<void> {
  const books = await Books.open(
    tx,
    terms.map(({ accountId }) => accountId),
    nowMs,
  );
  await books.loadOpenTranches();
  const changed: AccountRow[] = [];
  for (const wanted of terms) {
    const account = books.accounts.get(wanted.accountId) ?? newAccount(books, wanted);
    if (setTerms(books, account, { wanted, actor })) changed.push(account);
  }
  await books.loadToday(changed);
  await books.flush();
}

function newAccount(books: Books, { accountId, unit, currency, timeZone }: AccountTerms): AccountRow {
  const account: AccountRow = {
    id: accountId,
    unit,
    currency,
    time_zone: timeZone,
    held_day: null,
    held_day_until_ms: null,
    status: 'active',
    end_at_ms: null,
    budget: 0n,
    daily_budget: null,
    epoch: 0n,
    revision: 0n,
    available: 0n,
    tranched: 0n,
    leased: 0n,
    reserved: 0n,
    spent: 0n,
    absorbed: 0n,
  };
  books.addAccount(account);
  return account;
}

/** False when they are what they were. */
function setTerms(
  books: Books,
  account: AccountRow,
  { wanted, actor }: { readonly wanted: AccountTerms; readonly actor: string },
): boolean {
  const before = termsOf(account);
  const after = {
    time_zone: wanted.timeZone,
    status: wanted.status,
    end_at_ms: wanted.endAtMs === null ? null : BigInt(wanted.endAtMs),
    budget: wanted.budget,
    daily_budget: wanted.dailyBudget,
  };
  if (account.revision > 0n && isSame(before, after)) return false;
  const open = books.openTranche(account.id);
  const { held } = withTimeZone(calendarOf(account), wanted.timeZone, Number(books.nowMs));
  account.held_day = held?.day ?? null;
  account.held_day_until_ms = held === null ? null : BigInt(held.untilMs);
  Object.assign(account, after);
  account.revision += 1n;
  books.change(account);
  if (open !== undefined && !isOnlyRaised(before, after)) closeTranche(books, open, { actor, why: 'terms' });
  fundToBudget(books, account);
  books.audit(actor, 'account-terms', account.id, { before, after });
  return true;
}

type Terms = Pick<AccountRow, 'time_zone' | 'status' | 'end_at_ms' | 'budget' | 'daily_budget'>;

function termsOf({ time_zone, status, end_at_ms, budget, daily_budget }: AccountRow): Terms {
  return { time_zone, status, end_at_ms, budget, daily_budget };
}

function isSame(before: Terms, after: Terms): boolean {
  return (Object.keys(before) as (keyof Terms)[]).every((name) => before[name] === after[name]);
}

function isOnlyRaised(before: Terms, after: Terms): boolean {
  return isSame({ ...before, budget: after.budget }, after) && after.budget >= before.budget;
}

function fundToBudget(books: Books, account: AccountRow): void {
  const missing = account.budget - fundedOf(account);
  const key = `${account.id}@${account.revision}`;
  if (missing > 0n) books.post({ kind: 'fund', key, account, amount: missing });
  else books.post({ kind: 'defund', key, account, amount: least(-missing, account.available) });
}
