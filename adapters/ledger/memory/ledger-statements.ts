/** Statements of accounts, tranches, leases and charges. */
import { type BOOKS_SQL, freeOf } from '../books.ts';
import type { DELIVERY_SQL } from '../delivery-reports.ts';
import type { LEDGER_SQL } from '../ledger.ts';
import type { MONEY_SURVEY_SQL } from '../money-survey.ts';
import type { ChargeRow, LeaseRow } from '../rows.ts';
import { BATCH, type SWEEP_SQL } from '../sweep.ts';
import { STALE_MS, type TRAFFIC_SQL } from '../traffic-memories.ts';
import { bigintOf, compareText, earliest, type Moment, type Statements } from './statement.ts';

export const BOOKS_STATEMENTS: Statements<typeof BOOKS_SQL> = {
  lockAccounts: ({ tables: { account } }, ids: readonly string[]) =>
    [...ids].sort(compareText).flatMap((id) => {
      const row = account.find({ id });
      return row === undefined ? [] : account.copyOf(row);
    }),
  openTranches: ({ tables: { tranche } }, accountIds: readonly string[]) =>
    accountIds.flatMap((accountId) => {
      const row = tranche.index('open').get(accountId);
      return row === undefined ? [] : tranche.copyOf(row);
    }),
  takeParked: ({ tables: { charge } }, keys: readonly string[]) => {
    for (const key of keys) {
      const parked = charge.index('parked').get(key);
      if (parked !== undefined) charge.delete(parked);
    }
    return [];
  },
  now: ({ nowMs }) => [{ now_ms: bigintOf(Math.floor(nowMs)) }],
};

export const LEDGER_STATEMENTS: Statements<typeof LEDGER_SQL> = {
  countParked: ({ tables: { charge } }, max: number) => [{ parked: Math.min(max, charge.index('parked').size) }],
};

export const SWEEP_STATEMENTS: Statements<typeof SWEEP_SQL> = {
  forgetReports: ({ tables: { charge } }, dueMs: number) => {
    const due = dueCharges(charge.index('parked').values(), dueMs);
    for (const row of due) charge.delete(row);
    return due.map(({ key }) => ({ key }));
  },
  dueReservations: ({ tables: { charge } }, dueMs: number) =>
    dueCharges(charge.index('reserved').values(), dueMs).map(namesOfCharge),
  untoldExpiries: ({ tables: { charge } }, dueMs: number) =>
    dueCharges(charge.index('untold').values(), dueMs).map(namesOfCharge),
  dueLeases: ({ tables: { lease } }, dueMs: number) => {
    const due = [...lease.index('open').values()].filter(({ closes_at_ms }) => closes_at_ms <= dueMs);
    return earliest(due, ({ closes_at_ms }) => closes_at_ms, BATCH).map(({ account_id, epoch, sequence }) => ({
      ...{ key: '', account_id, epoch, sequence },
    }));
  },
  dueTranches: ({ tables: { tranche } }, dueMs: number) => {
    const due = [...tranche.index('open').values()].filter(({ not_after_ms }) => not_after_ms <= dueMs);
    return earliest(due, ({ not_after_ms }) => not_after_ms, BATCH).map(({ account_id, epoch }) => ({
      ...{ key: '', account_id, epoch, sequence: 0n },
    }));
  },
};

function dueCharges(charges: Iterable<ChargeRow>, dueMs: number): ChargeRow[] {
  const due: ChargeRow[] = [];
  for (const charge of charges) if (charge.expires_at_ms !== null && charge.expires_at_ms <= dueMs) due.push(charge);
  return earliest(due, ({ expires_at_ms }) => expires_at_ms!, BATCH);
}

function namesOfCharge({ key, account_id, epoch, sequence }: ChargeRow) {
  return { key, account_id, epoch, sequence };
}

export const MONEY_SURVEY_STATEMENTS: Statements<typeof MONEY_SURVEY_SQL> = {
  survey: ({ tables, nowMs: now }, billingHorizonMs: number, atMs: number | null) => {
    const nowMs = bigintOf(Math.floor(atMs ?? now));
    const isMoney = (accountId: string): boolean => tables.account.find({ id: accountId })!.unit === 'nanos';
    const isLate = ({ closes_at_ms }: LeaseRow): boolean => closes_at_ms - bigintOf(billingHorizonMs) < nowMs;
    const live = [...tables.lease.index('open').values()].filter(({ state }) => state === 'live');
    const held = new Set(
      live.filter((lease) => !isLate(lease)).map(({ account_id, epoch }) => `${account_id}#${epoch}`),
    );
    let absorbed = 0n;
    for (const account of tables.account.rows()) if (account.unit === 'nanos') absorbed += account.absorbed;
    let strandedInLeases = 0n;
    for (const lease of live) if (isLate(lease) && isMoney(lease.account_id)) strandedInLeases += freeOf(lease);
    let strandedInTranches = 0n;
    for (const { account_id, epoch, amount, leased, returned } of tables.tranche.index('open').values()) {
      if (isMoney(account_id) && !held.has(`${account_id}#${epoch}`)) strandedInTranches += amount - leased - returned;
    }
    return [{ absorbed, strandedInLeases, strandedInTranches }];
  },
};

export const DELIVERY_STATEMENTS: Statements<typeof DELIVERY_SQL> = {
  slots: ({ tables: { delivery_slot } }, accountIds: readonly string[], fromMs: number, toMs: number) => {
    const wanted = new Set(accountIds);
    const slots = [...delivery_slot.rows()].filter(
      ({ account_id, slot_start_ms: at }) => wanted.has(account_id) && at >= fromMs && at < toMs,
    );
    return earliest(slots, ({ slot_start_ms }) => slot_start_ms, slots.length);
  },
  calendars: ({ tables: { account } }, ids: readonly string[]) =>
    [...new Set(ids)].flatMap((id) => account.find({ id }) ?? []),
  spent: ({ tables: { account_day } }, accountIds: readonly string[], days: readonly string[]) =>
    accountIds.flatMap((account_id, at) => account_day.find({ account_id, day: days[at] }) ?? []),
};

export const TRAFFIC_STATEMENTS: Statements<typeof TRAFFIC_SQL> = {
  read: ({ tables: { traffic_memory } }, accountIds: readonly string[]) =>
    [...new Set(accountIds)].flatMap((account_id) => traffic_memory.find({ account_id }) ?? []),
  keep: (moment, accountIds: readonly string[], memories: readonly string[], events: readonly string[]) => {
    for (const [at, account_id] of accountIds.entries()) {
      keepTraffic(moment, { account_id, memory: memories[at]!, events: Number(events[at]) });
    }
    return [];
  },
};

function keepTraffic(
  { tables: { account, traffic_memory }, nowMs }: Moment,
  row: { readonly account_id: string; readonly memory: string; readonly events: number },
): void {
  const kept_at_ms = bigintOf(Math.round(nowMs));
  const kept = traffic_memory.find(row);
  const isKnown = account.find({ id: row.account_id }) !== undefined;
  const isStanding =
    kept !== undefined && row.events * 2 < kept.events && kept_at_ms < kept.kept_at_ms + bigintOf(STALE_MS);
  if (isKnown && !isStanding) traffic_memory.put({ ...row, kept_at_ms });
}
