/** Books and archive beside each other, over a real database: what agrees, and each way in which they may not. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Sale } from '../../engine/events/outcome-events.ts';
import { buildOutcome, DSP_SALE, HOUSE_SALE } from '../../engine/events/testing/build-events.ts';
import { adTraffic, shuffled } from '../../engine/events/testing/event-traffic.ts';
import { seededRandom } from '../../simulator/random.ts';
import type { CreateTestDatabase } from '../ledger/testing/databases.ts';
import { START_MS } from '../ledger/testing/world.ts';
import { checkBooks } from './books-checks.ts';
import { HOUR_MS, paidWithin, ReconciliationWorld } from './testing/reconciliation-world.ts';

export function reconcileChargesContract(name: string, createDatabase: CreateTestDatabase): void {
  describe(`reconciling with ${name}`, () => {
    let world: ReconciliationWorld;
    let sale: Sale;
    beforeEach(async () => {
      world = await ReconciliationWorld.open(await createDatabase());
      await world.setTerms();
      const { accountId, epoch, sequence } = await world.lease(500);
      const payer = { kind: 'house', unit: 'nanos', accountId, epoch, sequence } as const;
      sale = { ...HOUSE_SALE, payer, amount: 100, campaignId: accountId, soldAtMs: START_MS };
    }, DATABASE_START_MS_MAX);
    afterEach(() => world.dispose());

    const dspSale: Sale = { ...DSP_SALE, amount: 1000, soldAtMs: START_MS };
    const impression = (auctionId: string, parts: object = {}) =>
      buildOutcome('impression', { auctionId, sale, atMs: START_MS, billingNotice: null, ...parts } as never);
    const win = (auctionId: string, parts: object = {}) =>
      buildOutcome('win', { auctionId, sale, atMs: START_MS, heldUntilMs: START_MS + HOUR_MS, ...parts } as never);
    const ofDsp = (auctionId: string, parts: object = {}) => impression(auctionId, { sale: dspSale, ...parts });
    const refund = (auctionId: string, parts: object = {}) =>
      buildOutcome('refund', { auctionId, sale, atMs: START_MS, ...parts } as never);
    const keyOf = (auctionId: string) => `${auctionId}/1/impression`;
    const takeSome = async () => {
      await world.takeBoth(win('a'), impression('a'), win('b'), impression('b'), ofDsp('c'), ofDsp('d'));
    };

    it('agrees on any traffic, in any order, with duplicates in both', async () => {
      const random = randomOf(11);
      const { accountId, epoch, sequence } = await world.lease(500);
      const leases = [{ accountId, epoch, sequence }];
      const traffic = adTraffic({ prefix: 't-', adCount: 300, random, nowMs: START_MS, leases });
      await world.takeBoth(...shuffled(traffic, random, 0.05));
      const { verdicts, differences, unreconciledNanos, totals } = await world.reconcile();
      expect(differences).toEqual([]);
      expect(unreconciledNanos).toBe(0n);
      expect(verdicts.agreed).toBeGreaterThan(100);
      for (const { due, booked } of totals) expect(booked).toBe(due);
      const sumOf = (...parties: string[]) =>
        totals.filter(({ party }) => parties.includes(party)).reduce((sum, { booked }) => sum + booked, 0n);
      expect(sumOf('advertiser', 'dsp')).toBe(sumOf('publisher', 'exchange'));
    });

    it('says what was due, booked and absorbed, by party', async () => {
      await world.takeBoth(win('a'), impression('a'), ofDsp('c'));
      const huge = { ...sale, amount: 5000 };
      await world.takeBoth(impression('b', { sale: huge }));
      const { totals, verdicts } = await world.reconcile();
      expect(verdicts).toEqual({ agreed: 3 });
      expect(totals).toEqual([
        { party: 'advertiser', id: 'c1', currency: 'USD', due: 5100n, booked: 5100n, absorbed: 5000n },
        { party: 'dsp', id: 'dsp-1/seat-1', currency: 'USD', due: 1000n, booked: 1000n, absorbed: 0n },
        { party: 'exchange', id: '', currency: 'USD', due: 1220n, booked: 1220n, absorbed: 0n },
        { party: 'publisher', id: 'pub-1', currency: 'USD', due: 4880n, booked: 4880n, absorbed: 0n },
      ]);
    });

    describe('finds', () => {
      beforeEach(takeSome);

      it('a bill that is gone', async () => {
        await world.tamper(
          `DELETE FROM transfer WHERE kind = 'bill' AND key = '${keyOf('a')}'; DELETE FROM dsp_transfer WHERE key = '${keyOf('c')}'`,
        );
        const { differences, unreconciledNanos } = await world.reconcile();
        expect(differences).toEqual([
          {
            key: keyOf('c'),
            verdict: 'missing-in-ledger',
            atStake: 1000n,
            due: { payer: 'dsp-1/seat-1', publisherId: 'pub-1', currency: 'USD', amount: 1000n, fee: 200n },
            booked: null,
          },
          expect.objectContaining({ key: keyOf('a'), verdict: 'missing-in-ledger', atStake: 100n, booked: null }),
        ]);
        expect(unreconciledNanos).toBe(1100n);
      });

      it('a bill under another key', async () => {
        await world.tamper(`
          INSERT INTO dsp_transfer (kind, key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, at_ms)
            SELECT kind, 'c/2/impression', dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, at_ms
            FROM dsp_transfer WHERE key = '${keyOf('c')}'`);
        expect(await world.differences()).toEqual({ 'c/2/impression': 'missing-in-archive' });
        // Also when it is new: the archive has all that the books have read.
        expect(await world.differences({ nowMs: START_MS })).toEqual({ 'c/2/impression': 'missing-in-archive' });
      });

      it('a second bill of the same key, also one that was booked days later', async () => {
        const laterMs = START_MS + 99 * HOUR_MS;
        await world.tamper(`
          INSERT INTO dsp_transfer (kind, key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, at_ms)
            VALUES ('bill', '${keyOf('a')}', 'dsp-1', '', 'pub-1', 'USD', 100, 20, 0, ${START_MS}),
              ('bill', '${keyOf('b')}', 'dsp-1', '', 'pub-1', 'USD', 100, 20, 0, ${laterMs})`);
        expect(await world.differences()).toEqual({ [keyOf('a')]: 'double' });
        const window = { fromMs: laterMs, toMs: laterMs + HOUR_MS };
        expect(await world.differences({ window })).toEqual({ [keyOf('b')]: 'double' });
      });

      it('whatever is not as it must be in a bill', async () => {
        const ofDsps = {
          'other-amount': 'amount = 1001',
          'other-fee': 'fee = 199',
          'other-payer': "dsp_id = 'dsp-2'",
          'other-publisher': "publisher_id = 'pub-2'",
          'other-currency': "currency = 'EUR'",
        };
        const ofOurs = { 'other-amount': 'amount = 9', 'other-publisher': "publisher_id = 'pub-2'" };
        const ofCharges = ['amount = 9', "state = 'absorbed'", "publisher_id = 'pub-2'", 'fee = 3'];
        const wanted: Record<string, string> = {};
        const tampering: string[] = [];
        const spoil = async (table: string, change: string, verdict: string, isOfDsp: boolean) => {
          const auctionId = `${table}-${tampering.length}`;
          await world.takeBoth(isOfDsp ? ofDsp(auctionId) : impression(auctionId, { sale: { ...sale, amount: 10 } }));
          tampering.push(`UPDATE ${table} SET ${change} WHERE key = '${keyOf(auctionId)}'`);
          wanted[keyOf(auctionId)] = verdict;
        };
        for (const [verdict, change] of Object.entries(ofDsps)) await spoil('dsp_transfer', change, verdict, true);
        await spoil('dsp_transfer', "seat = 'seat-2'", 'other-payer', true);
        for (const [verdict, change] of Object.entries(ofOurs)) await spoil('transfer', change, verdict, false);
        for (const change of ofCharges) await spoil('charge', change, 'other-charge', false);
        await world.tamper(tampering.join(';\n'));
        const { differences } = await world.reconcile();
        expect(Object.fromEntries(differences.map(({ key, verdict }) => [key, verdict]))).toEqual(wanted);
        for (const { atStake } of differences) expect(atStake).toBeGreaterThan(0n);
      });

      it('a bill of another account', async () => {
        await world.setTerms({ accountId: 'c2' });
        await world.tamper(`UPDATE transfer SET account_id = 'c2' WHERE kind = 'bill' AND key = '${keyOf('b')}'`);
        expect(await world.differences()).toEqual({ [keyOf('b')]: 'other-payer' });
      });

      it('a refund that no event says, and one that is not booked', async () => {
        await world.tamper(`
          INSERT INTO dsp_transfer (kind, key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, at_ms)
            SELECT 'refund', key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, at_ms
            FROM dsp_transfer WHERE key = '${keyOf('c')}'`);
        await world.takeBoth(refund('d', { sale: dspSale }));
        await world.tamper(`DELETE FROM dsp_transfer WHERE kind = 'refund' AND key = '${keyOf('d')}'`);
        expect(await world.differences()).toEqual({
          [keyOf('c')]: 'refunded-without-event',
          [keyOf('d')]: 'not-refunded',
        });
        await world.tamper(`DELETE FROM dsp_transfer WHERE kind = 'bill' AND key = '${keyOf('c')}'`);
        expect(await world.differences()).toMatchObject({ [keyOf('c')]: 'missing-in-ledger' });
      });

      it('an event that is gone from the archive, of both kinds of payer', async () => {
        await world.consumer.take(world.logged([ofDsp('e'), impression('f')]));
        await world.takeBoth(ofDsp('g'));
        expect(await world.differences()).toEqual({
          [keyOf('e')]: 'missing-in-archive',
          [keyOf('f')]: 'missing-in-archive',
        });
      });

      it('an event that came too late to be paid, and is booked', async () => {
        const differences = await world.differences({ paidWithinMs: paidWithin(-1) });
        expect(differences).toEqual(
          Object.fromEntries(['a', 'b', 'c', 'd'].map((auctionId) => [keyOf(auctionId), 'billed-late'])),
        );
      });

      it('events that do not agree on the price', async () => {
        await world.takeBoth(ofDsp('e'), ofDsp('e', { sale: { ...dspSale, amount: 2000 } }));
        expect(await world.differences()).toEqual({ [keyOf('e')]: 'conflicting-events' });
      });
    });

    it('what is guaranteed is counted in impressions, without a fee', async () => {
      await world.setTerms({ accountId: 'q', unit: 'impressions', currency: null, budget: 10n });
      const { epoch, sequence } = await world.lease(5, 'q');
      const payer = { kind: 'house', unit: 'impressions', accountId: 'q', epoch, sequence } as const;
      await world.takeBoth(impression('a', { sale: { ...sale, payer, amount: 1 } }));
      const { verdicts, totals } = await world.reconcile();
      expect(verdicts).toEqual({ agreed: 1 });
      const line = { party: 'advertiser', id: 'q', currency: 'impressions', due: 1n, booked: 1n, absorbed: 0n };
      expect(totals).toEqual([line]);
      await world.tamper("UPDATE charge SET amount = 2 WHERE account_id = 'q'");
      const { differences, unreconciledNanos } = await world.reconcile();
      expect(differences).toEqual([expect.objectContaining({ verdict: 'other-charge', atStake: 2n })]);
      expect(unreconciledNanos).toBe(0n);
    });

    it('checks the books by themselves', async () => {
      await takeSome();
      const window = { fromMs: START_MS, toMs: START_MS + 1 };
      expect(await checkBooks(world.database, window)).toEqual([]);
      await world.tamper(`
        UPDATE account SET spent = spent - 1, available = available + 1;
        UPDATE publisher_share SET payable = payable + 1;
        UPDATE transfer SET budget = 150 WHERE key = '${keyOf('b')}';
        INSERT INTO dsp_transfer (kind, key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, at_ms)
          VALUES ('bill', '${keyOf('a')}', 'dsp-1', '', 'pub-1', 'USD', 100, 20, 0, ${START_MS})`);
      expect((await checkBooks(world.database, window)).map(({ finding }) => finding)).toEqual([
        `${keyOf('a')}: 2 bills`,
        'c1: spent 199 and absorbed 0, by the journal 200 and 0',
        'c1, pub-1: 161 and fee 40, by the journal 160 and 40',
        `c1: spent 200 of 150 at ${keyOf('b')}`,
      ]);
      expect(await checkBooks(world.database, { fromMs: 0, toMs: START_MS })).toEqual([]);
    });

    it('what was refunded before its bill, and what is no sale of ours, is nothing due', async () => {
      await world.takeBoth(refund('a'), refund('c', { sale: dspSale }));
      await world.takeBoth(impression('a'), ofDsp('c'), ofDsp('d'), refund('d', { sale: dspSale }));
      await world.takeBoth(impression('e', { isTest: true }), ofDsp('f', { atMs: START_MS + 60 * 24 * HOUR_MS }));
      const { verdicts } = await world.reconcile();
      expect(verdicts).toEqual({ 'nothing-due': 2, agreed: 1 });
    });

    it('what was reported stands without an event in time: its win says what is due', async () => {
      const stored = world.logged([win('a'), win('b'), win('c')]);
      await world.archiveEvents(stored);
      const reports = ['a', 'b', 'c'].map((auctionId) => world.reportOf(keyOf(auctionId)));
      await world.ledger.billReports(reports.slice(0, 1));
      await world.consumer.take(stored);
      await world.ledger.billReports(reports.slice(1));
      const clean = await world.reconcile();
      expect(clean.verdicts).toEqual({ reported: 3 });
      expect(clean.totals[0]).toMatchObject({ id: 'c1', due: 300n, booked: 300n });
      await world.tamper(`UPDATE transfer SET amount = 99 WHERE kind = 'bill' AND key = '${keyOf('b')}'`);
      await world.takeBoth(impression('c'));
      const { verdicts, differences } = await world.reconcile();
      expect(verdicts).toEqual({ reported: 1, 'other-amount': 1, agreed: 1 });
      expect(differences).toEqual([expect.objectContaining({ key: keyOf('b'), verdict: 'other-amount', atStake: 1n })]);
      // An event that came too late bills nobody, also one that the books made of a report; the report stands.
      const late = await world.reconcile({ paidWithinMs: paidWithin(-1) });
      expect(late.verdicts).toEqual({ reported: 2, 'other-amount': 1 });
    });

    it('a dead letter is a difference where the ad was sold', async () => {
      const unknown = { ...sale, payer: { ...sale.payer, epoch: 77 } as Sale['payer'] };
      await world.takeBoth(impression('a', { sale: unknown }));
      expect((await world.reconcile()).verdicts).toEqual({ 'not-sold': 1 });
      await world.archiveEvents(world.logged([win('a', { sale: unknown })]));
      expect(await world.differences()).toEqual({ [keyOf('a')]: 'set-aside' });
    });

    it('what is under way is no difference, until it has been for too long', async () => {
      const waiting = world.logged([ofDsp('a'), impression('b')]);
      await world.archiveEvents(waiting);
      expect((await world.reconcile({ nowMs: START_MS + 899_000 })).verdicts).toEqual({ pending: 2 });
      expect(await world.differences({ nowMs: START_MS + 901_000 })).toEqual({
        [keyOf('a')]: 'unconsumed',
        [keyOf('b')]: 'unconsumed',
      });
      await world.consumer.take(waiting);
      expect((await world.reconcile()).verdicts).toEqual({ agreed: 2 });
    });

    it('the archive may be behind, for as long', async () => {
      await world.consumer.take(world.logged([ofDsp('a')]));
      expect((await world.reconcile({ nowMs: START_MS + 899_000 })).verdicts).toEqual({ pending: 1 });
      expect(await world.differences({ nowMs: START_MS + 901_000 })).toEqual({ [keyOf('a')]: 'missing-in-archive' });
    });

    it('the edges of a window make no difference', async () => {
      const edge = Date.UTC(2026, 2, 11);
      const before = { atMs: edge - 1, sale: { ...dspSale, soldAtMs: edge - 2 } };
      world.nowMs = edge + 5000;
      await world.takeBoth(ofDsp('before', before), ofDsp('at', { ...before, atMs: edge }));
      // A duplicate of the next hour, a refund of the next day, and one whose bill took hours.
      await world.takeBoth(ofDsp('before', { ...before, atMs: edge + 1 }));
      await world.takeBoth(refund('at', { ...before, atMs: edge + 24 * HOUR_MS }));
      await world.takeBoth(ofDsp('slow', { ...before, atMs: edge - 5 * HOUR_MS }));
      for (const hour of [-12, -5, -1, 0, 23, 24]) {
        const window = { fromMs: edge + hour * HOUR_MS, toMs: edge + (hour + 1) * HOUR_MS };
        expect(await world.differences({ window, nowMs: edge + 48 * HOUR_MS })).toEqual({});
      }
      const window = { fromMs: edge - HOUR_MS, toMs: edge };
      const { totals } = await world.reconcile({ window });
      expect(totals.find(({ party }) => party === 'dsp')).toMatchObject({ due: 1000n, booked: 1000n });
    }, 120_000);
  });
}

/** The first has to wait for its database to start, beside other tests. */
const DATABASE_START_MS_MAX = 120_000;

function randomOf(seed: number): () => number {
  const random = seededRandom(seed);
  return () => random.next();
}
