/** Events to money, over a real database: at least once in, once out. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutcomeEvent, Sale } from '../../engine/events/outcome-events.ts';
import { buildOutcome, DSP_SALE, HOUSE_SALE } from '../../engine/events/testing/build-events.ts';
import { adTraffic, shuffled } from '../../engine/events/testing/event-traffic.ts';
import { BudgetLedgerError } from '../../engine/ports/budget-ledger.ts';
import type { EventBooks } from '../../engine/ports/event-books.ts';
import { seededRandom } from '../../simulator/random.ts';
import { takeBillingNotices } from './billing-notices.ts';
import { sweepPendingNotices } from './pending-notices.ts';
import { readStatements } from './statements.ts';
import { BILLABLE_MS, openTestBooks, rawSourced, sourced, TestConsumer } from './testing/billing-world.ts';
import type { CreateTestDatabase } from './testing/databases.ts';
import { ledgerHash } from './testing/ledger-hash.ts';
import { LedgerWorld, START_MS } from './testing/world.ts';

export function eventBooksContract(
  name: string,
  createDatabase: CreateTestDatabase,
  { shuffles }: { readonly shuffles: number },
): void {
  describe(`events on ${name}`, () => {
    let world: LedgerWorld;
    let sale: Sale;
    let books: EventBooks;
    let test: TestConsumer;
    beforeEach(async () => {
      world = new LedgerWorld(await createDatabase());
      await world.setTerms();
      const { accountId, epoch, sequence } = await world.lease(500);
      const payer = { kind: 'house', unit: 'nanos', accountId, epoch, sequence } as const;
      sale = { ...HOUSE_SALE, payer, amount: 100, soldAtMs: START_MS };
      books = openTestBooks(world.database, 'log');
      test = new TestConsumer(books);
      await test.consumer.positionOf(0);
    });
    afterEach(async () => {
      expect(await world.problems()).toEqual([]);
      await world.dispose();
    });

    const ofUs = <Type extends 'impression' | 'click' | 'refund' | 'win_expired'>(type: Type, parts: object = {}) =>
      buildOutcome(type, { sale, atMs: START_MS, ...parts } as never);
    const win = (parts: object = {}) =>
      buildOutcome('win', { sale, atMs: START_MS, heldUntilMs: START_MS + 60_000, ...parts } as never);
    const ofDsp = (type: 'impression' | 'refund', parts: object = {}) =>
      buildOutcome(type, {
        sale: { ...DSP_SALE, amount: 1000, soldAtMs: START_MS },
        atMs: START_MS,
        ...(type === 'impression' ? { billingNotice: 'https://dsp.example/burl' } : {}),
        ...parts,
      } as never);
    const take = (...events: OutcomeEvent[]) => test.take(events.map((event, at) => sourced(event, at)));
    const dspEntries = () =>
      world.database.query('SELECT kind, book, amount FROM dsp_ledger_entry ORDER BY transfer_id, book');
    const letters = () => world.database.query('SELECT log_offset, type, reason, tries FROM dead_letter ORDER BY 1');

    it('a win reserves, its event bills, once', async () => {
      await take(win());
      expect(await world.figures()).toMatchObject({ reserved: 100, spent: 0 });
      await test.take([sourced(ofUs('impression'), 1), sourced(ofUs('impression'), 2), sourced(ofUs('click'), 3)]);
      expect(await world.figures()).toMatchObject({ reserved: 0, spent: 100 });
      expect(test.results()).toEqual(['billed', 'repeated']);
    });

    it('F29 the event may come before its win, in a batch and apart', async () => {
      await take(ofUs('impression'), win());
      expect(test.results()).toEqual(['billed']);
      await test.take([sourced(ofUs('impression', { auctionId: 'other' }), 2)]);
      await test.take([sourced(win({ auctionId: 'other' }), 3)]);
      expect(await world.figures()).toMatchObject({ reserved: 0, spent: 200 });
    });

    it('what has expired is free again, what is refunded is given back, and neither is billed later', async () => {
      await take(win(), ofUs('win_expired'));
      expect(await world.figures()).toMatchObject({ reserved: 0, spent: 0 });
      await test.take([sourced(win({ auctionId: 'b' }), 2), sourced(ofUs('impression', { auctionId: 'b' }), 3)]);
      expect(await world.figures()).toMatchObject({ spent: 100 });
      await test.take([sourced(ofUs('refund', { auctionId: 'b' }), 4)]);
      expect(await world.figures()).toMatchObject({ spent: 0 });
      await test.take([sourced(ofUs('impression', { auctionId: 'b' }), 5)]);
      expect(await world.figures()).toMatchObject({ spent: 0, absorbed: 0 });
    });

    it('what happens later than money is held for bills nobody', async () => {
      const atMs = START_MS + BILLABLE_MS + 1;
      await take(win(), ofUs('impression', { atMs }), ofDsp('impression', { atMs, auctionId: 'b' }));
      expect(test.late).toEqual(['house', 'dsp']);
      expect(await world.figures()).toMatchObject({ reserved: 100, spent: 0 });
      expect(await dspEntries()).toEqual([]);
    });

    it('F29 what no lease or reservation knows of is kept apart', async () => {
      const payer = { ...sale.payer, epoch: 77 } as Sale['payer'];
      await take(ofUs('impression', { sale: { ...sale, payer } }), ofUs('impression', { auctionId: 'b' }));
      expect(test.results()).toEqual(['unknown-sale', 'billed']);
      expect(await letters()).toEqual([{ log_offset: 0n, type: 'impression', reason: 'unknown-sale', tries: 1 }]);
    });

    it('a DSP owes once; the publisher and we have all of it; its notice is taken once', async () => {
      await take(ofDsp('impression'), ofDsp('impression'), buildOutcome('win', { sale: DSP_SALE, heldUntilMs: null }));
      expect(test.results()).toEqual(['billed', 'repeated']);
      const entries = [
        { kind: 'bill', book: 'dsp-due', amount: -1000n },
        { kind: 'bill', book: 'exchange-fee', amount: 200n },
        { kind: 'bill', book: 'publisher-payable', amount: 800n },
      ];
      expect(await dspEntries()).toEqual(entries);
      // The books know no users.
      const about = { auctionId: 'auction-1', impId: '1', userKey: null, isTest: false };
      const notice = { kind: 'bill', dspId: 'dsp-1', about, url: 'https://dsp.example/burl' };
      expect(await takeBillingNotices(world.database, 10)).toEqual([notice]);
      expect(await takeBillingNotices(world.database, 10)).toEqual([]);
      await test.take([sourced(ofDsp('impression'), 3), sourced(ofDsp('refund'), 4), sourced(ofDsp('refund'), 5)]);
      expect((await dspEntries()).slice(3)).toEqual(
        entries.map(({ book, amount }) => ({ kind: 'refund', book, amount: -amount })),
      );
      expect(await takeBillingNotices(world.database, 10)).toEqual([]);
    });

    it('no text of a DSP or a publisher keeps what it owes from being booked', async () => {
      const strange = { ...DSP_SALE, amount: 1000, publisherId: 'p\0', soldAtMs: START_MS };
      const sale = { ...strange, payer: { kind: 'dsp', dspId: 'dsp-1', seat: 'a\0b\ud800' } };
      await take(ofDsp('impression', { sale, billingNotice: 'https://dsp.example/\0' }));
      expect(test.results()).toEqual(['billed']);
      expect(await letters()).toEqual([]);
    });

    it('a notice too long for a URL is called once its ad is billed, whichever comes first, and never again', async () => {
      const sale = { ...DSP_SALE, amount: 1000, soldAtMs: START_MS };
      const url = `https://dsp.example/burl?${'x'.repeat(2000)}`;
      const longWin = (auctionId: string) =>
        buildOutcome('win', { sale, auctionId, atMs: START_MS, heldUntilMs: null, billingNotice: url });
      const shown = (auctionId: string) => ofDsp('impression', { auctionId, billingNotice: null });
      const taken = async () =>
        (await takeBillingNotices(world.database, 10)).map((notice) => [notice.about?.auctionId, notice.url]);
      await take(longWin('a'), shown('b'), longWin('unseen'), longWin('void'), ofDsp('refund', { auctionId: 'void' }));
      expect(await taken()).toEqual([]);
      await test.take([sourced(shown('a'), 5), sourced(longWin('b'), 6), sourced(shown('void'), 7)]);
      expect((await taken()).toSorted()).toEqual([
        ['a', url],
        ['b', url],
      ]);
      const undone = [shown('undone'), ofDsp('refund', { auctionId: 'undone' }), longWin('undone')];
      await test.take(undone.map((event, index) => sourced(event, 8 + index)));
      await sweepPendingNotices(world.database, START_MS);
      expect(await taken()).toEqual([]);
      const replay = new TestConsumer(openTestBooks(world.database, 'the same log again'));
      await replay.takeAll([longWin('a'), shown('a'), shown('b'), longWin('b')].map(sourced), 1);
      await sweepPendingNotices(world.database, START_MS);
      expect(await taken()).toEqual([]);
    });

    it('finds notices whose win and bill were booked behind the back of each other, and forgets old ones', async () => {
      const billingNotice = `https://dsp.example/burl?${'x'.repeat(2000)}`;
      const sale = { ...DSP_SALE, soldAtMs: START_MS };
      await take(buildOutcome('win', { sale, heldUntilMs: null, billingNotice }));
      await world.database.query(
        `INSERT INTO dsp_transfer (kind, key, dsp_id, seat, publisher_id, currency, amount, fee, happened_at_ms, at_ms)
          VALUES ('bill', 'auction-1/1/impression', 'dsp-1', '', '', 'USD', 1, 0, 0, 0)`,
      );
      await sweepPendingNotices(world.database, START_MS);
      expect(await takeBillingNotices(world.database, 10)).toHaveLength(1);
      await sweepPendingNotices(world.database, START_MS + 2_592_000_000);
      expect(await world.database.query('SELECT key FROM pending_notice')).toEqual([]);
    });

    it('a refund before its bill leaves nothing to bill', async () => {
      await take(ofDsp('refund'), ofUs('refund', { auctionId: 'b' }));
      await test.take([sourced(ofDsp('impression'), 2), sourced(ofUs('impression', { auctionId: 'b' }), 3)]);
      expect(test.results()).toEqual(['released-before', 'released-before']);
      expect(await dspEntries()).toEqual([]);
      expect(await takeBillingNotices(world.database, 10)).toEqual([]);
    });

    it('statements sum to the journals, by day and currency', async () => {
      const random = randomOf(5);
      const { accountId, epoch, sequence } = await world.lease(500);
      const payers = [{ accountId, epoch, sequence }];
      const events = adTraffic({ prefix: 'st-', adCount: 60, random, nowMs: START_MS, leases: payers });
      await test.takeAll(events.map(sourced), 25);
      const lines = await readStatements(world.database, { fromMs: START_MS, toMs: START_MS + 1 });
      const sumOf = (...parties: string[]): bigint =>
        lines.filter(({ party }) => parties.includes(party)).reduce((sum, { amount }) => sum + amount, 0n);
      expect(new Set(lines.map(({ day }) => day))).toEqual(new Set(['2026-03-10']));
      expect(sumOf('advertiser', 'dsp')).toBeGreaterThan(0n);
      expect(sumOf('advertiser', 'dsp')).toBe(sumOf('publisher', 'exchange'));
      const [journal] = await world.database.query<{ due: bigint }>(
        `SELECT ((SELECT sum(amount) FROM ledger_entry WHERE book = 'publisher-payable')
          + (SELECT sum(amount) FROM dsp_ledger_entry WHERE book = 'publisher-payable'))::bigint AS due`,
      );
      expect(sumOf('publisher')).toBe(journal!.due);
      expect(await readStatements(world.database, { fromMs: START_MS + 1, toMs: START_MS + 2 })).toEqual([]);
    });

    it('F31 a replay changes nothing', async () => {
      const random = randomOf(3);
      const { accountId, epoch, sequence } = await world.lease(500);
      const leases = [{ accountId, epoch, sequence }];
      const events = adTraffic({ prefix: 'r-', adCount: 50, random, nowMs: START_MS, leases }).map(sourced);
      await test.takeAll(events, 20);
      const transfers = () =>
        world.database.query(
          'SELECT (SELECT count(*) FROM transfer) AS own, (SELECT count(*) FROM dsp_transfer) AS dsp',
        );
      const before = [await ledgerHash(world.database, ''), await transfers()];
      await new TestConsumer(openTestBooks(world.database, 'the same log again')).takeAll(events, 33);
      expect([await ledgerHash(world.database, ''), await transfers()]).toEqual(before);
    });

    it(
      `F29 comes to the same in ${shuffles} orders, with duplicates`,
      async () => {
        const hashes = new Set<string>();
        for (let seed = 0; seed < shuffles; seed += 1) hashes.add(await hashOfShuffle(world, seed));
        expect(hashes.size).toBe(1);
      },
      60_000 + shuffles * 3000,
    );

    it('F32 an event that the books refuse is tried, kept apart, and holds up nobody', async () => {
      const refused = ofUs('impression', { auctionId: 'a\u0000b' });
      const unread = rawSourced(Buffer.from('{"type":"impression","version":1}'), 2, 'impression');
      const noJson = rawSourced(Buffer.from('{'), 3, 'unknown');
      const events = [sourced(win(), 0), sourced(refused, 1), unread, noJson, sourced(ofUs('impression'), 4)];
      await test.take(events);
      expect(await world.figures()).toMatchObject({ reserved: 0, spent: 100 });
      expect(await letters()).toEqual([
        { log_offset: 1n, type: 'impression', reason: 'refused', tries: 3 },
        { log_offset: 2n, type: 'impression', reason: 'invalid', tries: 1 },
        { log_offset: 3n, type: 'unknown', reason: 'not-json', tries: 1 },
      ]);
      expect(test.setAside.map(({ reason }) => reason).toSorted()).toEqual(['invalid', 'not-json', 'refused']);
      expect(await books.placeOf(0)).toEqual({ epoch: 1, nextOffset: 5 });
    });

    it('copies dead letters first, and holds no lock meanwhile', async () => {
      const copies: unknown[] = [];
      const copying = openTestBooks(world.database, 'copied', async (partition, sent) => {
        // Would wait, or fail, behind a transaction that is under way.
        await world.database.query('SELECT id FROM account FOR UPDATE NOWAIT');
        expect(await letters()).toEqual([]);
        copies.push(...sent.map(({ offset, reason }) => [partition, offset, reason]));
      });
      const consumer = new TestConsumer(copying);
      await consumer.consumer.positionOf(0);
      const payer = { ...sale.payer, epoch: 77 } as Sale['payer'];
      const unknown = ofUs('impression', { auctionId: 'b', sale: { ...sale, payer } });
      await consumer.take([sourced(ofUs('impression'), 0), sourced(unknown, 1), rawSourced(Buffer.from('{'), 2, '?')]);
      expect(copies).toEqual([
        [0, 2, 'not-json'],
        [0, 1, 'unknown-sale'],
      ]);
      expect(await letters()).toHaveLength(2);
      expect(await world.figures()).toMatchObject({ spent: 100 });
    });

    it('F30 who has lost a partition books nothing there', async () => {
      await take(win());
      const other = new TestConsumer(openTestBooks(world.database, 'log'));
      expect(await other.consumer.positionOf(0)).toBe(1);
      const impression = [sourced(ofUs('impression'), 1)];
      for (let tries = 0; tries < 3; tries += 1) await expect(test.take(impression)).rejects.toThrow();
      expect(test.fenced).toBe(2);
      expect(await world.figures()).toMatchObject({ spent: 0 });
      await other.take(impression);
      await expect(test.take([sourced(ofUs('impression', { auctionId: 'b' }), 2)])).rejects.toThrow();
      expect(await world.figures()).toMatchObject({ spent: 100 });
      expect(await books.placeOf(0)).toEqual({ epoch: 2, nextOffset: 2 });
    });

    it('goes on where a log ends that has lost its end, so that what comes there is booked', async () => {
      await take(win(), win({ auctionId: 'b' }), win({ auctionId: 'lost' }));
      const later = new TestConsumer(openTestBooks(world.database, 'log'));
      expect(await later.consumer.positionOf(0, 3)).toBe(3);
      expect(await later.consumer.positionOf(0, 2)).toBe(2);
      await later.take([sourced(ofUs('impression'), 2)]);
      expect(await world.figures()).toMatchObject({ spent: 100 });
      expect(await new TestConsumer(openTestBooks(world.database, 'new')).consumer.positionOf(0, 2)).toBeNull();
    });

    it('F33 a batch whose answer was lost goes on behind what took effect', async () => {
      const answers = ['lost', 'none', 'there'];
      const lossy: EventBooks = {
        ...books,
        book: async (bookings) => {
          const answer = answers.shift();
          if (answer === 'none') throw new BudgetLedgerError('unavailable', 'the database is away');
          const booked = await books.book(bookings);
          if (answer === 'lost') throw new BudgetLedgerError('unavailable', 'the connection broke');
          return booked;
        },
      };
      const consumer = new TestConsumer(lossy);
      await consumer.consumer.positionOf(0);
      const first = [sourced(win(), 0)];
      await expect(consumer.take(first)).rejects.toThrow('broke');
      const both = [...first, sourced(ofUs('impression'), 1)];
      await expect(consumer.take(both)).rejects.toThrow('away');
      await consumer.take(both);
      expect(await world.figures()).toMatchObject({ reserved: 0, spent: 100 });
      expect(await books.placeOf(0)).toEqual({ epoch: 2, nextOffset: 2 });
    });
  });
}

const AD_COUNT = 40;

function randomOf(seed: number): () => number {
  const random = seededRandom(seed);
  return () => random.next();
}

/** The same traffic, in accounts of its own. */
async function hashOfShuffle(world: LedgerWorld, seed: number): Promise<string> {
  const prefix = `s${seed}-`;
  const leases = [];
  for (const name of ['one', 'two']) {
    await world.setTerms({ accountId: `${prefix}${name}`, budget: 100_000n });
    leases.push(await world.lease(50_000, `${prefix}${name}`));
  }
  const traffic = adTraffic({ prefix, adCount: AD_COUNT, random: randomOf(7), nowMs: START_MS, leases });
  const random = randomOf(seed + 1);
  const events = shuffled(traffic, random, 0.05).map(sourced);
  const batchSize = 1 + Math.floor(random() * 60);
  await new TestConsumer(openTestBooks(world.database, prefix)).takeAll(events, batchSize);
  return ledgerHash(world.database, prefix);
}
