import { afterAll, expect, it, vi } from 'vitest';
import { openCampaignStore } from '../adapters/ledger/campaign-store.ts';
import { openDeliveryReports } from '../adapters/ledger/delivery-reports.ts';
import { readFigures } from '../adapters/ledger/ledger.ts';
import { advertiser, campaign, creative, lineItem, write } from '../adapters/ledger/testing/bookings.ts';
import { pgliteTestDatabases } from '../adapters/ledger/testing/databases.ts';
import { openTrafficMemories } from '../adapters/ledger/traffic-memories.ts';
import type { LineItem } from '../engine/campaign/campaign.ts';
import { campaignDelivery } from './campaign-delivery.ts';

// The first one opens PGlite.
vi.setConfig({ testTimeout: 120_000 });
const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

const NOON = Date.UTC(2026, 2, 10, 12);
const MONEY = campaign({ endAt: NOON + 86_400_000, budgetNanos: 10_000_000_000n });

async function deliveryOf(lineItems: readonly LineItem[]) {
  const { database, dispose } = await databases();
  const store = openCampaignStore(database, { nowMs: () => NOON });
  const booked = [write('advertiser', advertiser()), write('campaign', MONEY), write('creative', creative())];
  await store.write([...booked, ...lineItems.map((item) => write('line-item', item))], 'test');
  let queries = 0;
  const query: typeof database.query = (sql, parameters) => {
    queries += 1;
    return database.query(sql, parameters);
  };
  const counted = { ...database, query };
  const sources = {
    store,
    reports: openDeliveryReports(counted),
    figures: (accountIds: readonly string[]) => readFigures(counted, accountIds),
    traffic: openTrafficMemories(counted),
    nowMs: () => NOON,
  };
  const delivery = (await campaignDelivery(sources, 'c1', {}))!;
  await dispose();
  return { delivery, queries };
}

const quota = (id: string) => lineItem({ id, goalImpressions: 1000 });

it('plans the money of a campaign that spends some', async () => {
  const { delivery } = await deliveryOf([lineItem(), quota('l2')]);
  expect(Number(delivery.today.plan)).toBeGreaterThan(1);
  const planned = delivery.slots.reduce((sum, { plan }) => sum + Math.round(Number(plan) * 1e6), 0);
  expect(planned).toBe(Math.round(Number(delivery.today.plan) * 1e6));
});

it('plans no money for a campaign of guaranteed line items only, whose impressions it plans', async () => {
  const { delivery } = await deliveryOf([quota('l1'), quota('l2')]);
  expect(delivery).toMatchObject({
    budget: '10.00',
    pace: null,
    today: { plan: '0.00' },
    forecast: { billed: '0.00' },
  });
  expect(delivery.slots.every(({ plan }) => plan === '0.00')).toBe(true);
  expect(delivery.lineItems.map(({ today }) => today.plan)).toEqual([expect.any(Number), expect.any(Number)]);
  expect(delivery.lineItems[0]!.today.plan).toBeGreaterThan(100);
});

it('asks as often for fifty line items as for one', async () => {
  const { queries } = await deliveryOf(Array.from({ length: 50 }, (_, index) => quota(`l${index}`)));
  expect(queries).toBe(3);
});
