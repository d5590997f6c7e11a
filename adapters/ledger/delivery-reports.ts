import { budgetDay } from '../../engine/campaign/budget-calendar.ts';
import type { DeliveryReports, DeliverySlot } from '../../engine/ports/delivery-reports.ts';
import type { Queryable } from './database.ts';
import { type AccountRow, calendarOf, type SlotRow } from './rows.ts';

export const DELIVERY_SQL = {
  slots: `SELECT * FROM delivery_slot WHERE account_id = ANY ($1::text[]) AND slot_start_ms >= $2 AND slot_start_ms < $3
    ORDER BY slot_start_ms`,
  calendars: 'SELECT id, time_zone, held_day, held_day_until_ms FROM account WHERE id = ANY ($1::text[])',
  spent: `SELECT account_id, spent FROM unnest($1::text[], $2::text[]) AS wanted (account_id, day)
    JOIN account_day USING (account_id, day)`,
} as const;

/** One index range per account and call: the slots are kept by the transactions that fill them. */
export function openDeliveryReports(database: Queryable): DeliveryReports {
  return {
    slots: async (accountIds, { fromMs, toMs }) => {
      const rows = await database.query<SlotRow>(DELIVERY_SQL.slots, [accountIds, Math.ceil(fromMs), Math.ceil(toMs)]);
      const slots = new Map<string, DeliverySlot[]>();
      for (const row of rows) {
        const ofAccount = slots.get(row.account_id);
        if (ofAccount === undefined) slots.set(row.account_id, [slotOf(row)]);
        else ofAccount.push(slotOf(row));
      }
      return slots;
    },
    spentOnDay: async (accountIds, atMs) => {
      const accounts = await database.query<AccountRow>(DELIVERY_SQL.calendars, [accountIds]);
      const rows = await database.query<{ account_id: string; spent: bigint }>(DELIVERY_SQL.spent, [
        accounts.map(({ id }) => id),
        accounts.map((account) => budgetDay(calendarOf(account), atMs)),
      ]);
      return new Map(rows.map(({ account_id, spent }) => [account_id, spent]));
    },
  };
}

function slotOf({ slot_start_ms, reserved, billed, released, refunded, absorbed, bills }: SlotRow): DeliverySlot {
  return {
    startMs: Number(slot_start_ms),
    ...{ reserved, billed, released, refunded, absorbed },
    bills: Number(bills),
  };
}
