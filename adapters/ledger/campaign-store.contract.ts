/** What the store of bookings must do on every database. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BookingWrite, CampaignStore } from '../../engine/ports/campaign-store.ts';
import { openCampaignStore } from './campaign-store.ts';
import { advertiser, campaign, creative, everything, lineItem, write } from './testing/bookings.ts';
import type { CreateTestDatabase, TestDatabase } from './testing/databases.ts';
import { LedgerWorld } from './testing/world.ts';

export function campaignStoreContract(name: string, createDatabase: CreateTestDatabase): void {
  describe(`${name} keeps the CampaignStore contract`, () => {
    let test: TestDatabase;
    let world: LedgerWorld;
    let store: CampaignStore;
    beforeEach(async () => {
      test = await createDatabase();
      world = new LedgerWorld(test);
      store = openCampaignStore(test.database, { nowMs: () => world.nowMs });
    });
    afterEach(async () => {
      expect(await world.problems()).toEqual([]);
      await test.dispose();
    });
    const put = (...writes: BookingWrite[]) => store.write(writes, 'ann');

    it('keeps what was booked, to the last digit, in whatever order it came', async () => {
      const [item, ours, clip, payer] = await put(...everything());
      expect(item).toEqual({ kind: 'line-item', value: lineItem(), version: 1, sequence: 1, updatedAtMs: world.nowMs });
      expect(await store.read('line-item', 'l1')).toEqual(item);
      expect(await store.read('campaign', 'c1')).toEqual(ours);
      expect(await store.read('creative', 'k1')).toEqual(clip);
      expect(await store.read('advertiser', 'a1')).toEqual(payer);
      expect(ours!.value).toEqual(campaign());
      expect(clip!.value).toEqual(creative());
      expect(await store.read('campaign', 'c2')).toBeNull();
    });

    it('keeps what is not given apart from what is empty', async () => {
      await put(...everything());
      const bare = creative({
        size: null,
        durationSec: null,
        protocol: null,
        language: null,
        domains: [],
        media: 'native',
      });
      const dated = campaign({ endAt: Date.UTC(2027, 0, 1), dailyBudgetNanos: 5n, frequencyCaps: [] });
      await put(write('creative', bare, 1), write('campaign', dated, 1));
      expect((await store.read('creative', 'k1'))!.value).toEqual(bare);
      expect((await store.read('campaign', 'c1'))!.value).toEqual(dated);
    });

    it('an update names the version it saw; of two one wins', async () => {
      await put(...everything());
      const rename = (name: string) => put(write('campaign', campaign({ name }), 1));
      const outcomes = await Promise.allSettled([rename('x'), rename('y')]);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      await expect(rename('z')).rejects.toMatchObject({ name: 'CampaignStoreError', code: 'conflict', index: 0 });
      expect((await store.read('campaign', 'c1'))!.version).toBe(2);
    });

    it('an import writes whatever is there', async () => {
      const all = everything().map((each) => ({ ...each, expectedVersion: 'any' as const }));
      await put(...all);
      expect((await put(...all)).map(({ version }) => version)).toEqual([2, 2, 2, 2]);
    });

    it.each<[string, string, () => BookingWrite]>([
      ['exists', 'what exists is not made again', () => write('campaign', campaign())],
      ['not-found', 'what is not there is not changed', () => write('campaign', campaign({ id: 'c9' }), 1)],
      ['invalid', 'an advertiser must be there', () => write('campaign', campaign({ id: 'c9', advertiserId: 'a9' }))],
      ['invalid', 'also for creatives', () => write('creative', creative({ id: 'k9', advertiserId: 'a9' }))],
      ['invalid', 'a campaign must be there', () => write('line-item', lineItem({ id: 'l9', campaignId: 'c9' }))],
      ['invalid', 'creatives must be there', () => write('line-item', lineItem({ id: 'l9', creativeIds: ['k9'] }))],
      ['invalid', "another's creative", () => write('line-item', lineItem({ id: 'l9', creativeIds: ['k2'] }))],
      ['invalid', 'a campaign does not change hands', () => write('campaign', campaign({ advertiserId: 'a2' }), 1)],
      ['invalid', 'a creative neither', () => write('creative', creative({ advertiserId: 'a2' }), 1)],
      ['invalid', 'a line item neither', () => write('line-item', lineItem({ campaignId: 'c2', creativeIds: [] }), 1)],
      ['invalid', 'nothing becomes guaranteed', () => write('line-item', lineItem({ goalImpressions: 5 }), 1)],
      ['invalid', 'a currency with campaigns is fixed', () => write('advertiser', advertiser({ currency: 'EUR' }), 1)],
      ['invalid', 'zones are known', () => write('advertiser', advertiser({ timeZone: 'Mars/Olympus' }), 1)],
      ['invalid', 'an end lies behind its start', () => write('campaign', campaign({ endAt: 5 }), 1)],
      ['invalid', 'ids have no slash', () => write('campaign', campaign({ id: 'c1/l1' }))],
      ['invalid', 'budgets have a bound', () => write('campaign', campaign({ budgetNanos: 10n ** 19n }), 1)],
    ])('refuses with %s: %s, and with it all of the call', async (code, _name, refused) => {
      await put(...everything(), write('advertiser', advertiser({ id: 'a2' })));
      await put(write('creative', creative({ id: 'k2', advertiserId: 'a2' })));
      await put(write('campaign', campaign({ id: 'c2', advertiserId: 'a2' })));
      const good = write('campaign', campaign({ id: 'c5' }));
      await expect(put(good, refused())).rejects.toMatchObject({ code, index: 1 });
      expect(await store.read('campaign', 'c5')).toBeNull();
    });

    it('refuses one thing twice in a call', async () => {
      await expect(put(...everything(), write('campaign', campaign()))).rejects.toMatchObject({
        code: 'invalid',
        index: 4,
      });
    });

    it('a currency without campaigns may change', async () => {
      await put(write('advertiser', advertiser()));
      await put(write('advertiser', advertiser({ currency: 'EUR' }), 1));
    });

    it('lists by id, page by page, of one parent', async () => {
      const more = ['c2', 'c3'].map((id) => write('campaign', campaign({ id })));
      await put(...everything(), ...more, write('advertiser', advertiser({ id: 'a2' })));
      await put(write('campaign', campaign({ id: 'c0', advertiserId: 'a2' })));
      const ids = async (query: Parameters<CampaignStore['list']>[1]) =>
        (await store.list('campaign', query)).map(({ value }) => value.id);
      expect(await ids({ limit: 10 })).toEqual(['c0', 'c1', 'c2', 'c3']);
      expect(await ids({ limit: 2, parentId: 'a1' })).toEqual(['c1', 'c2']);
      expect(await ids({ limit: 2, parentId: 'a1', afterId: 'c2' })).toEqual(['c3']);
      expect(await store.list('line-item', { parentId: 'c1', limit: 5 })).toHaveLength(1);
    });

    it('reads many at once, those that exist', async () => {
      await put(...everything(), write('campaign', campaign({ id: 'c2' })));
      const found = await store.readMany('campaign', ['c2', 'none', 'c1', 'c2']);
      expect(found.map(({ value }) => value.id).sort()).toEqual(['c1', 'c2']);
      expect(found.find(({ value }) => value.id === 'c1')).toEqual(await store.read('campaign', 'c1'));
      expect(await store.readMany('campaign', [])).toEqual([]);
    });

    it('tells what changed since, once, as it is now', async () => {
      expect(await store.changesSince(0, 10)).toEqual([]);
      await put(...everything());
      const named = async (since: number, limit = 10) =>
        (await store.changesSince(since, limit)).map(({ kind, sequence }) => `${sequence} ${kind}`);
      expect(await named(0)).toEqual(['1 line-item', '2 campaign', '3 creative', '4 advertiser']);
      expect(await named(1, 2)).toEqual(['2 campaign', '3 creative']);
      expect(await named(4)).toEqual([]);
      await put(write('campaign', campaign({ name: 'x' }), 1));
      await put(write('campaign', campaign({ name: 'y' }), 2));
      expect(await named(4)).toEqual(['6 campaign']);
      await expect(put(write('campaign', campaign(), 1))).rejects.toThrow();
      expect(await named(6)).toEqual([]);
    });

    it('every change is in the history with who made it', async () => {
      await put(...everything());
      await store.write([write('campaign', campaign({ name: 'New' }), 1)], 'bob');
      const [latest, first, ...others] = await store.history('campaign', 'c1', 10);
      expect(others).toEqual([]);
      expect(latest).toMatchObject({ actor: 'bob', before: { name: 'Spring' }, after: { name: 'New' } });
      expect(first).toMatchObject({ actor: 'ann', before: null, after: { budgetNanos: '9007199254740993' } });
    });

    describe('accounts', () => {
      const ask = (accountId: string) => world.ledger.openTranche(world.wanted(10, { accountId }));
      const change = async (changes: Parameters<typeof campaign>[0]) => {
        const { version } = (await store.read('campaign', 'c1'))!;
        await put(write('campaign', campaign({ budgetNanos: 1000n, ...changes }), version));
      };
      beforeEach(async () => {
        await put(...everything(), write('line-item', lineItem({ id: 'l2', goalImpressions: 50 })));
        await change({});
      });

      it('a campaign has one in nanos, a guaranteed line item one in impressions, another none', async () => {
        const figures = await world.ledger.figures(['c1', 'c1/l1', 'c1/l2']);
        expect(figures.map(({ accountId, unit, budget }) => [accountId, unit, budget])).toEqual([
          ['c1', 'nanos', 1000n],
          ['c1/l2', 'impressions', 50n],
        ]);
      });

      it('raise and cut are funded with the answer', async () => {
        await change({ budgetNanos: 1500n });
        expect(await world.figures()).toMatchObject({ budget: 1500, available: 1500 });
        const lease = await world.lease(400);
        await change({ budgetNanos: 300n });
        expect(await world.figures()).toMatchObject({ budget: 300, available: 0, leased: 400 });
        expect(await world.bill(lease, 'k', 301)).toBe('absorbed');
      });

      it('pause, resume and end hold for money and quota', async () => {
        await change({ status: 'paused' });
        expect([await ask('c1'), await ask('c1/l2')]).toEqual(['paused', 'paused']);
        await change({ status: 'active' });
        expect(await ask('c1')).toMatchObject({ amount: 10 });
        await change({ status: 'ended' });
        expect([await ask('c1'), await ask('c1/l2')]).toEqual(['ended', 'ended']);
        await expect(change({ status: 'active' })).rejects.toMatchObject({ code: 'invalid' });
      });

      it('an advertiser that is paused pauses its campaigns, a line item itself alone', async () => {
        await put(write('line-item', lineItem({ id: 'l2', goalImpressions: 50, isPaused: true }), 1));
        expect([typeof (await ask('c1')), await ask('c1/l2')]).toEqual(['object', 'paused']);
        await put(write('advertiser', advertiser({ isPaused: true }), 1));
        expect(await ask('c1')).toBe('paused');
        await put(write('advertiser', advertiser(), 2));
        expect(await ask('c1')).toMatchObject({ epoch: 2 });
      });

      it('the end of a campaign and the days of its advertiser bound tranches', async () => {
        await put(write('advertiser', advertiser({ timeZone: 'Asia/Tokyo' }), 1));
        await change({ dailyBudgetNanos: 100n });
        expect(await ask('c1')).toMatchObject({ notAfterMs: Date.UTC(2026, 2, 10, 15) });
        await change({ dailyBudgetNanos: 100n, endAt: world.nowMs + 5 });
        expect(await ask('c1')).toMatchObject({ notAfterMs: world.nowMs + 5 });
        expect(await ask('c1/l2')).toMatchObject({ notAfterMs: world.nowMs + 5 });
      });

      it('a refused write leaves the accounts as they were', async () => {
        const refused = write('creative', creative({ id: 'k9', advertiserId: 'a9' }));
        await expect(put(write('campaign', campaign({ budgetNanos: 5n }), 2), refused)).rejects.toThrow();
        expect(await world.figures()).toMatchObject({ budget: 1000 });
      });
    });
  });
}
