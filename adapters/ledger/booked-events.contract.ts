/** What the books book by themselves leaves an event, once: expiries, reported outcomes, refunds. Over a real database. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ledgerOperationOf } from '../../engine/events/billing-decision.ts';
import type { OutcomeEvent, Sale } from '../../engine/events/outcome-events.ts';
import { encodeEvent, readEvent } from '../../engine/events/read-event.ts';
import { buildOutcome, DSP_SALE, HOUSE_SALE } from '../../engine/events/testing/build-events.ts';
import { purchaseKey } from '../../engine/exchange/purchases.ts';
import { encodeTerms } from '../../engine/exchange/sale-terms.ts';
import type { Refunds } from '../../engine/ports/refunds.ts';
import { type BookedEvents, openBookedEvents } from './booked-events.ts';
import { openRefunds } from './refunds.ts';
import { readStatements } from './statements.ts';
import { openTestBooks, sourced, TestConsumer } from './testing/billing-world.ts';
import type { CreateTestDatabase } from './testing/databases.ts';
import { ledgerHash } from './testing/ledger-hash.ts';
import { LedgerWorld, START_MS } from './testing/world.ts';

const DAY_MS = 86_400_000;

export function bookedEventsContract(name: string, createDatabase: CreateTestDatabase): void {
  describe(`events of bookings on ${name}`, () => {
    let world: LedgerWorld;
    let sale: Sale;
    let consumer: TestConsumer;
    let offset: number;
    let booked: BookedEvents;
    let refunds: Refunds;
    beforeEach(async () => {
      world = new LedgerWorld(await createDatabase());
      await world.setTerms();
      const { accountId, epoch, sequence } = await world.lease(500);
      const payer = { kind: 'house', unit: 'nanos', accountId, epoch, sequence } as const;
      sale = { ...HOUSE_SALE, payer, amount: 100, soldAtMs: START_MS };
      consumer = new TestConsumer(openTestBooks(world.database, 'log'));
      await consumer.consumer.positionOf(0);
      offset = 0;
      booked = openBookedEvents(world.database, () => world.nowMs);
      refunds = openRefunds(world.database, () => world.nowMs);
    });
    afterEach(async () => {
      expect(await world.problems()).toEqual([]);
      await world.dispose();
    });

    const consume = (...events: OutcomeEvent[]) => consumer.take(events.map((event) => sourced(event, offset++)));
    const win = (auctionId = 'auction-1', parts: object = {}) =>
      buildOutcome('win', { sale, auctionId, atMs: START_MS, heldUntilMs: START_MS + 5000, ...parts } as never);
    const shown = (auctionId = 'auction-1', of: Sale = sale) =>
      buildOutcome('impression', { sale: of, auctionId, atMs: world.nowMs, billingNotice: null });
    /** As the books tell it: they know no users. */
    const told = (auctionId = 'auction-1') => ({ ...shown(auctionId), userKey: null });
    const ofDsp: Sale = { ...DSP_SALE, amount: 1000, soldAtMs: START_MS };
    /** As an engine does: they are stored, and so gone. All that a reader of the log takes. */
    const stored = async (): Promise<OutcomeEvent[]> => {
      const events = [...(await booked.take(100))];
      await booked.stored(events.map(({ id }) => id));
      for (const event of events) expect(readEvent(encodeEvent(event))).toEqual(event);
      return events;
    };
    const keyOf = (auctionId: string) => purchaseKey(auctionId, '1', 'impression');
    /** As the desk tells the ledger, ahead of the log. */
    const reserve = (auctionId: string, terms: string | null = encodeTerms(sale)) => {
      if (sale.payer.kind !== 'house') throw new Error('ours');
      const { accountId, epoch, sequence } = sale.payer;
      const { amount, publisherId } = sale;
      const known = { key: keyOf(auctionId), accountId, epoch, sequence, amount, publisherId, heldMs: 5000 };
      return world.ledger.reserve([terms === null ? known : { ...known, terms }]);
    };

    it('a hold that ends without a bill leaves one win_expired, whoever sweeps and however often', async () => {
      await consume(win(), win('billed'), shown('billed'));
      await world.ledger.sweep(world.nowMs);
      expect(await stored()).toEqual([]);
      world.nowMs += 5000;
      await Promise.all([world.ledger.sweep(world.nowMs), world.anotherLedger().sweep(world.nowMs)]);
      const expired = buildOutcome('win_expired', { sale, atMs: world.nowMs, userKey: null });
      expect(await stored()).toEqual([expired]);
      await consume(win(), expired);
      await world.ledger.sweep(world.nowMs + 1);
      expect(await stored()).toEqual([]);
      expect(await world.figures()).toMatchObject({ reserved: 0, spent: 100 });
    });

    it('a late bill of what has expired is paid or absorbed, and tells no second expiry', async () => {
      await consume(win());
      world.nowMs += 5000;
      await world.ledger.sweep(world.nowMs);
      await consume(shown());
      await world.ledger.sweep(world.nowMs);
      expect((await stored()).map(({ type }) => type)).toEqual(['win_expired']);
      expect(await world.figures()).toMatchObject({ reserved: 0, spent: 100, absorbed: 0 });
    });

    it('what holds nothing of its own expires, too', async () => {
      await consume(win('shared', { isShared: true }), win('huge', { sale: { ...sale, amount: 600 } }));
      world.nowMs += 5000;
      await world.ledger.sweep(world.nowMs);
      expect((await stored()).map(({ auctionId }) => auctionId).toSorted()).toEqual(['huge', 'shared']);
    });

    it('what is not said to be stored comes again, under the same id', async () => {
      await consume(win());
      world.nowMs += 5000;
      await world.ledger.sweep(world.nowMs);
      const [first] = await booked.take(100);
      expect(await booked.take(100)).toEqual([]);
      world.nowMs += 60_000;
      expect(await booked.take(100)).toEqual([first]);
    });

    it('a bill by report leaves the event that a tracking URL would have left, and is repeated by it', async () => {
      await reserve('auction-1');
      expect(await world.report(keyOf('auction-1'))).toBe('billed');
      const [event] = await stored();
      expect(event).toEqual(told());
      await consume(win(), event!);
      expect(consumer.results()).toEqual(['repeated']);
      expect(await world.report(keyOf('auction-1'))).toBe('repeated');
      expect(await stored()).toEqual([]);
      expect(await world.figures()).toMatchObject({ spent: 100 });
    });

    it('so does one that came before its win was known, and one whose sale is told later', async () => {
      expect(await world.report(keyOf('parked'))).toBe('parked');
      await consume(win('parked'));
      expect(await stored()).toEqual([told('parked')]);
      await reserve('recovered', null);
      expect(await world.report(keyOf('recovered'))).toBe('billed');
      expect(await stored()).toEqual([]);
      await consume(win('recovered'), win('recovered'));
      expect(await stored()).toEqual([told('recovered')]);
    });

    it('what a tracking URL has told is not told again for a report', async () => {
      await consume(win(), shown());
      expect(await world.report(keyOf('auction-1'))).toBe('repeated');
      expect(await stored()).toEqual([]);
    });

    it('refunds bills of ours and of DSPs on the day of the refund, once, with an event and an audit of each', async () => {
      await consume(win(), shown(), shown('of-dsp', ofDsp));
      world.nowMs += DAY_MS;
      const wanted = ['auction-1', 'of-dsp'].map((auctionId) => ({ auctionId, impId: '1', reason: 'robots' }));
      expect(await refunds.refund(wanted, 'cfo')).toEqual([
        { result: 'refunded', amount: 100, currency: 'USD' },
        { result: 'refunded', amount: 1000, currency: 'USD' },
      ]);
      const repeated = { result: 'repeated', amount: 0, currency: '' };
      expect(await refunds.refund([...wanted, ...wanted], 'cfo')).toEqual(new Array(4).fill(repeated));
      const events = await stored();
      const refundOf = (auctionId: string, of: Sale) =>
        buildOutcome('refund', { auctionId, sale: of, atMs: world.nowMs, reason: 'robots', userKey: null });
      expect(events).toEqual([refundOf('auction-1', sale), refundOf('of-dsp', ofDsp)]);
      expect(await world.figures()).toMatchObject({ spent: 0 });
      const audits = await world.database.query(
        `SELECT actor, subject, details ->> 'reason' AS reason FROM audit WHERE action = 'refund' ORDER BY subject`,
      );
      expect(audits).toEqual([
        { actor: 'cfo', subject: 'c1', reason: 'robots' },
        { actor: 'cfo', subject: 'dsp-1', reason: 'robots' },
      ]);
      const lines = await readStatements(world.database, { fromMs: START_MS, toMs: world.nowMs + 1 });
      const due = lines.filter(({ party }) => party === 'advertiser' || party === 'dsp');
      expect(due.map(({ day, party, amount }) => `${day} ${party} ${amount}`)).toEqual([
        '2026-03-10 advertiser 100',
        '2026-03-10 dsp 1000',
        '2026-03-11 advertiser -100',
        '2026-03-11 dsp -1000',
      ]);
      const before = await ledgerHash(world.database, '');
      await consume(...events, shown(), shown('of-dsp', ofDsp));
      expect(await ledgerHash(world.database, '')).toBe(before);
    });

    it('a refund of what was not billed yet prevents the bill', async () => {
      await consume(win());
      const wanted = [{ auctionId: 'auction-1', impId: '1', reason: 'robots' }];
      expect(await refunds.refund(wanted, 'cfo')).toEqual([{ result: 'prevented', amount: 0, currency: '' }]);
      expect((await stored()).map(({ type }) => type)).toEqual(['refund']);
      await consume(shown());
      expect(consumer.results()).toEqual(['released-before']);
      world.nowMs += 5000;
      await world.ledger.sweep(world.nowMs);
      expect(await stored()).toEqual([]);
      expect(await world.figures()).toMatchObject({ spent: 0, reserved: 0, absorbed: 0 });
    });

    it('so does that of an ad of a DSP, with what was sold', async () => {
      const operation = ledgerOperationOf(buildOutcome('refund', { auctionId: 'a', sale: ofDsp }));
      if (operation?.kind !== 'refund-receivable') throw new Error('of a DSP');
      const wanted = { auctionId: 'a', impId: '1', reason: 'robots' };
      expect(await refunds.refund([wanted], 'cfo')).toMatchObject([{ result: 'unknown' }]);
      const known = { ...wanted, unbilled: operation.receivable };
      expect(await refunds.refund([known], 'cfo')).toMatchObject([{ result: 'prevented', amount: 0 }]);
      expect(await refunds.refund([known], 'cfo')).toMatchObject([{ result: 'repeated' }]);
      expect(await stored()).toMatchObject([{ type: 'refund', auctionId: 'a', sale: ofDsp }]);
      await consume(shown('a', ofDsp));
      expect(consumer.results()).toEqual(['released-before']);
    });

    it('refunds all or nothing: one that the books do not know keeps the others from being booked', async () => {
      await consume(win(), shown());
      const of = (auctionId: string) => ({ auctionId, impId: '1', reason: 'robots' });
      const results = await refunds.refund([of('auction-1'), of('nobody')], 'cfo');
      expect(results.map(({ result }) => result)).toEqual(['refunded', 'unknown']);
      expect(await stored()).toEqual([]);
      expect(await world.figures()).toMatchObject({ spent: 100 });
    });

    it('two refunds of one bill at once give it back once', async () => {
      await consume(win(), shown(), shown('of-dsp', ofDsp));
      const of = (auctionId: string) => [{ auctionId, impId: '1', reason: 'robots' }];
      for (const auctionId of ['auction-1', 'of-dsp']) {
        const both = await Promise.all([refunds.refund(of(auctionId), 'a'), refunds.refund(of(auctionId), 'b')]);
        expect(
          both
            .flat()
            .map(({ result }) => result)
            .toSorted(),
        ).toEqual(['refunded', 'repeated']);
      }
      expect(await stored()).toHaveLength(2);
    });
  });
}
