/** Bookings for engines under test, and what their ledger says in the end. */
import { expect, vi } from 'vitest';
import { checkLedger } from '../../adapters/ledger/checks.ts';
import { openPgliteDatabase } from '../../adapters/ledger/database.pglite.ts';
import type { Queryable } from '../../adapters/ledger/database.ts';
import type { BookedLineItem } from '../../engine/campaign/booked-line-item.ts';
import { booking } from '../../engine/campaign/testing/build-booking.ts';
import type { AccountFigures, BudgetLedger } from '../../engine/ports/budget-ledger.ts';
import type { BookingWrite } from '../../engine/ports/campaign-store.ts';
import type { AdAnswer } from './test-gavel.ts';
import { bidsOf } from './test-gavel.ts';

/** For all that a line item needs, whatever is stored. */
export function writesOf(changes: Partial<BookedLineItem> = {}): BookingWrite[] {
  const { advertiser, campaign, lineItem, creatives } = booking(changes);
  const expectedVersion = 'any';
  return [
    { kind: 'advertiser', value: advertiser, expectedVersion },
    ...creatives.map((value) => ({ kind: 'creative', value, expectedVersion }) as const),
    { kind: 'campaign', value: campaign, expectedVersion },
    { kind: 'line-item', value: lineItem, expectedVersion },
  ];
}

/** Whether a bid of this line item has won. */
export function isWonBy(answer: AdAnswer, lineItemId: string): boolean {
  return bidsOf(answer).some(({ id }) => id.startsWith(`${lineItemId}-`));
}

/** Until it says so, in so many ms. */
export function eventually<Result>(condition: () => Promise<Result>, withinMs = 20_000): Promise<Result> {
  return vi.waitFor(condition, { timeout: withinMs, interval: 50 });
}

export async function figuresOf(ledger: Pick<BudgetLedger, 'figures'>, accountId: string): Promise<AccountFigures> {
  const [figures] = await ledger.figures([accountId]);
  return figures!;
}

export async function expectSoundLedger(database: Queryable): Promise<void> {
  expect(await checkLedger(database)).toEqual([]);
}

/** The books in a data folder, once their engine is gone. */
export async function expectSoundBooks(dataDirectory: string): Promise<void> {
  const database = await openPgliteDatabase(`${dataDirectory}/campaigns`);
  try {
    await expectSoundLedger(database);
  } finally {
    await database.close();
  }
}
