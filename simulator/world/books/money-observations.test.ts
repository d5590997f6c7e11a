/** What is seen of the books, told by what their callers have asked. */
import { beforeEach, expect, it } from 'vitest';
import type { Books } from '../../../compose.ts';
import { campaign } from '../../../engine/campaign/testing/build-booking.ts';
import type { BudgetLedger, LeaseGrant } from '../../../engine/ports/budget-ledger.ts';
import { writesOf } from '../../../test/support/house-campaigns.ts';
import type { MoneyObservation } from '../history.ts';
import { directLink } from '../link.ts';
import { WorldBooks } from './world-books.ts';

const START_MS = Date.UTC(2026, 2, 10, 12);
const HORIZON_MS = 60_000;
const LEASE = { epoch: 1, sequence: 1, processId: 'engine-1-0' };

let nowMs: number;
let seen: MoneyObservation[];
let books: Books;
let ledger: BudgetLedger;

beforeEach(async () => {
  nowMs = 0;
  seen = [];
  const world = new WorldBooks({
    wallMs: () => START_MS + nowMs,
    atMs: () => nowMs,
    onMoney: (one) => seen.push(one),
  });
  books = world.over(directLink);
  ledger = books.openLedger({ processId: 'engine-1-0', billingHorizonMs: HORIZON_MS, feePpm: 200_000 });
  await books.store.write(writesOf({ campaign: campaign({ budgetNanos: 1000n, dailyBudgetNanos: 500n }) }), 'test');
});

/** Of the latest call. */
async function seenOf(call: () => Promise<unknown>): Promise<readonly MoneyObservation[]> {
  seen.length = 0;
  await call();
  return [...seen];
}

async function lease(amount: number): Promise<LeaseGrant> {
  const accountId = 'spring';
  await ledger.openTranche({ accountId, amount, amountMin: 1, afterEpoch: 0 });
  const grant = { accountId, epoch: 1, sequence: 1, requestId: 'r', processId: 'engine-1-0', amount, termMs: 10_000 };
  await ledger.confirmLeases([grant]);
  return grant;
}

const reserve = (grant: LeaseGrant, key: string) =>
  ledger.reserve([{ ...grant, key, amount: 40, publisherId: 'pub', heldMs: 5000 }]);

const moved = (from: string, to: string, changes: object) => ({ kind: 'transfer', from, to, ...changes });

it('a budget is set before it is funded, and set again when it changes', async () => {
  expect(seen).toEqual([
    { kind: 'budget-set', atMs: 0, accountId: 'spring', unit: 'nanos', budget: 1000, dailyBudget: 500 },
    {
      ...{ kind: 'transfer', atMs: 0, accountId: 'spring', from: 'advertiser', to: 'available', amount: 1000 },
      ...{ key: null, day: null, lease: null, by: 'holder' },
    },
  ]);
  nowMs = 7;
  const cut = writesOf({ campaign: campaign({ budgetNanos: 900n, dailyBudgetNanos: null }) });
  expect(await seenOf(() => books.store.write(cut, 'test'))).toMatchObject([
    { kind: 'budget-set', atMs: 7, budget: 900, dailyBudget: null },
    moved('available', 'advertiser', { amount: 100 }),
  ]);
});

it('what is won and billed names its key, its lease and its day', async () => {
  const grant = await lease(100);
  expect(seen.slice(2)).toMatchObject([
    moved('available', 'tranched', { amount: 100, key: null, lease: null, day: '2026-03-10' }),
    moved('tranched', 'leased', { amount: 100, key: null, lease: LEASE }),
  ]);
  const about = { key: 'a/1/impression', lease: LEASE, day: '2026-03-10', amount: 40, by: 'holder' };
  expect(await seenOf(() => reserve(grant, 'a/1/impression'))).toMatchObject([moved('leased', 'reserved', about)]);
  const bill = { ...grant, key: 'a/1/impression', amount: 40, publisherId: 'pub', atMs: START_MS };
  expect(await seenOf(() => ledger.bill([bill]))).toMatchObject([moved('reserved', 'spent', about)]);
  expect(await seenOf(() => ledger.bill([bill]))).toEqual([]);
  const undone = await seenOf(() => ledger.release(['a/1/impression'], 'refunded'));
  expect(undone).toMatchObject([moved('spent', 'available', about)]);
});

it('what is billed and nobody bears is ours', async () => {
  const grant = await lease(100);
  const bill = { ...grant, key: 'a/1/impression', amount: 600, publisherId: 'pub', atMs: START_MS };
  const [absorbed] = await seenOf(() => ledger.bill([bill]));
  expect(absorbed).toMatchObject(moved('absorbed', 'served', { amount: 600, key: 'a/1/impression' }));
});

it('what its holder gives back is told from what its time has ended', async () => {
  const grant = await lease(100);
  await reserve(grant, 'a/1/impression');
  const given = await seenOf(() => ledger.closeLeases([{ ...grant, unspent: 50, requestId: 'back' }]));
  expect(given).toMatchObject([moved('leased', 'available', { amount: 50, key: null, by: 'holder' })]);
  nowMs = 6000;
  const key = 'a/1/impression';
  expect(await seenOf(() => ledger.sweep(START_MS + nowMs))).toMatchObject([
    moved('reserved', 'leased', { amount: 40, key, by: 'sweep' }),
    moved('leased', 'available', { amount: 40, key, by: 'sweep' }),
  ]);
  nowMs = 200_000;
  const rest = await seenOf(() => ledger.sweep(START_MS + nowMs));
  expect(rest).toMatchObject([moved('leased', 'available', { amount: 10, key: null, lease: LEASE, by: 'sweep' })]);
  await ledger.openTranche({ accountId: 'spring', amount: 30, amountMin: 1, afterEpoch: 1 });
  nowMs = 86_400_000;
  const over = await seenOf(() => ledger.sweep(START_MS + nowMs));
  expect(over).toMatchObject([moved('tranched', 'available', { amount: 30, lease: null, by: 'sweep' })]);
});

it('a DSP owes what publisher and exchange have', async () => {
  const eventBooks = books.openEventBooks({ source: 'log', feePpm: 100_000, copyDeadLetters: async () => {} });
  const from = await eventBooks.claim(0, null);
  const receivable = {
    ...{ key: 'b/1/impression', dspId: 'dsp-1', seat: 's', publisherId: 'pub', currency: 'USD', amount: 1005 },
    ...{ atMs: START_MS, terms: 't', billingNotice: null },
  };
  const bookings = {
    ...{ partition: 0, from, toOffset: 1, reservations: [], bills: [], releases: [], refunds: [] },
    ...{ receivables: [receivable, receivable], pendingNotices: [], deadLetters: [] },
  };
  const about = { key: 'b/1/impression', dspId: 'dsp-1', amount: 1005, currency: 'USD' };
  expect(await seenOf(() => eventBooks.book(bookings))).toEqual([
    { kind: 'receivable', atMs: 0, ...about, publisherPayable: 905, exchangeFee: 100 },
  ]);
});
