/** Holds and the events that may bill them, over a real database: nothing ends while a bill may be on its way. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventsEnd } from '../../engine/ports/event-source.ts';
import { type EventBacklogOptions, tellBacklog, tellNoBacklog } from './event-backlogs.ts';
import { EventWatermarks, registerEventSource, WORD_MS_MAX } from './event-watermarks.ts';
import { openTestBooks } from './testing/billing-world.ts';
import type { CreateTestDatabase } from './testing/databases.ts';
import { BACKLOG_MS, LedgerWorld, START_MS } from './testing/world.ts';

const SOURCE = 'topic';
const HELD_MS = 5000;
const NOTHING_BOOKED = { reservations: [], bills: [], releases: [], receivables: [], refunds: [] };
const NOTHING_KEPT = { pendingNotices: [], deadLetters: [] };

export function eventWatermarksContract(name: string, createDatabase: CreateTestDatabase): void {
  describe(`holds and events on ${name}`, () => {
    let world: LedgerWorld;
    let watermarks: EventWatermarks;
    beforeEach(async () => {
      world = new LedgerWorld(await createDatabase());
      await world.setTerms();
      watermarks = openWatermarks();
    });
    afterEach(async () => {
      expect(await world.problems()).toEqual([]);
      await world.dispose();
    });

    /** Its clocks agree with the ledger's. */
    const openWatermarks = () =>
      new EventWatermarks(world.database, {
        source: SOURCE,
        monotonicMs: () => world.nowMs,
        nowMs: () => world.nowMs,
      });
    const register = () => registerEventSource(world.database, SOURCE, { nowMs: world.nowMs, backlogMs: BACKLOG_MS });
    const sweep = async () => (await world.ledger.sweep(world.nowMs)).reservations;
    const end = (offset: number, partition = 0, isEmpty = false): EventsEnd => ({
      ...{ partition, atMs: world.nowMs, end: offset, isEmpty },
    });
    /** As its consumer does, up to there. */
    async function book(toOffset: number, partition = 0): Promise<void> {
      const books = openTestBooks(world.database, SOURCE);
      const from = await books.claim(partition, null);
      await books.book({ ...NOTHING_BOOKED, ...NOTHING_KEPT, partition, from, toOffset });
    }
    async function hold(key = 'a'): Promise<void> {
      await world.reserve(await world.lease(100), key, 100, HELD_MS);
    }
    const outbox = (id: string): EventBacklogOptions => ({ outbox: id, nowMs: () => world.nowMs });

    it('a hold ends by its time alone where nobody bills from events', async () => {
      await hold();
      world.nowMs += HELD_MS;
      expect(await sweep()).toBe(1);
    });

    it('a hold, a lease and a report end once what was stored before their end is booked', async () => {
      await register();
      const lease = await world.lease(200);
      await world.reserve(lease, 'a', 100, HELD_MS);
      await world.report('unheard-of');
      world.nowMs += 600_000;
      expect(await world.ledger.sweep(world.nowMs)).toEqual({ reservations: 0, leases: 0, reports: 0 });
      expect(await world.bill(lease, 'a', 100)).toBe('billed');
      await world.reserve(lease, 'b', 100, HELD_MS);
      const ends = [end(7)];
      await watermarks.advance(ends);
      expect(await sweep()).toBe(0);
      await book(7);
      await watermarks.advance(ends);
      world.nowMs += 60_000;
      await watermarks.advance([end(7)]);
      expect(await world.ledger.sweep(world.nowMs)).toEqual({ reservations: 1, leases: 1, reports: 1 });
    });

    it('moves on under steady traffic, where the place is always behind the end of now', async () => {
      await register();
      await book(10);
      for (let at = 1; at <= 5; at += 1) {
        world.nowMs += 1000;
        await watermarks.advance([end(10 * at + 5)]);
        await book(10 * (at + 1));
      }
      expect(watermarks.lagMs()).toBe(1000);
      world.nowMs += 1000;
      expect(watermarks.lagMs()).toBe(2000);
    });

    it('waits for the slowest partition, also for one that nobody has and for one that is new', async () => {
      await register();
      await book(5, 0);
      await hold();
      world.nowMs += HELD_MS + WORD_MS_MAX + 1000;
      await watermarks.advance([end(5, 0), end(3, 1)]);
      expect(await sweep()).toBe(0);
      expect(watermarks.lagMs()).toBe(HELD_MS + WORD_MS_MAX + 1000);
      await book(3, 1);
      await watermarks.advance([end(5, 0), end(3, 1), end(0, 2, true)]);
      expect(watermarks.lagMs()).toBe(0);
      expect(await sweep()).toBe(1);
    });

    it('knows an empty partition from one of which nothing is booked', async () => {
      await register();
      world.nowMs += 1000;
      await watermarks.advance([end(0, 0, true), end(4, 1, true)]);
      expect(watermarks.lagMs()).toBe(0);
      await watermarks.advance([end(4, 2)]);
      expect(watermarks.lagMs()).toBe(0);
      world.nowMs += 1000;
      await watermarks.advance([end(0, 0, true), end(4, 1, true), end(4, 2)]);
      expect(watermarks.lagMs()).toBe(1000);
    });

    it('waits for engines whose events wait, and then until the topic is booked up to where they came', async () => {
      await register();
      await hold();
      world.nowMs += 3000;
      await tellBacklog(world.database, outbox('engine'), 1000);
      world.nowMs += 60_000;
      const before = [end(0, 0, true)];
      await watermarks.advance(before);
      expect(await sweep()).toBe(0);
      world.nowMs += 1000;
      await tellNoBacklog(world.database, outbox('engine'));
      await watermarks.advance(before);
      expect(await sweep()).toBe(0);
      world.nowMs += 1000;
      await watermarks.advance([end(9)]);
      expect(await sweep()).toBe(0);
      await book(9);
      world.nowMs += WORD_MS_MAX;
      await watermarks.advance([end(9)]);
      expect(await sweep()).toBe(1);
      await sweep();
      expect(await world.database.query('SELECT * FROM event_backlog')).toEqual([]);
    });

    it('is not put off by an engine that says once more that none of its events wait', async () => {
      await register();
      await hold();
      await tellBacklog(world.database, outbox('engine'), 0);
      await tellNoBacklog(world.database, outbox('engine'));
      world.nowMs += HELD_MS + WORD_MS_MAX;
      await watermarks.advance([end(0, 0, true)]);
      world.nowMs += 1000;
      await tellNoBacklog(world.database, outbox('engine'));
      expect(await sweep()).toBe(1);
    });

    it('goes on with what an engine said whose next word comes before that is booked', async () => {
      await register();
      await tellBacklog(world.database, outbox('engine'), 0);
      await hold();
      world.nowMs += 20_000;
      await tellNoBacklog(world.database, outbox('engine'));
      await tellBacklog(world.database, outbox('engine'), 1000);
      world.nowMs += 20_000;
      await watermarks.advance([end(0, 0, true)]);
      expect(await sweep()).toBe(0);
    });

    it('gives an engine the time to say that its events wait', async () => {
      await register();
      await hold();
      world.nowMs += HELD_MS + WORD_MS_MAX - 1;
      await watermarks.advance([end(0, 0, true)]);
      expect(await sweep()).toBe(0);
      world.nowMs += 1;
      await watermarks.advance([end(0, 0, true)]);
      expect(await sweep()).toBe(1);
    });

    it('waits no longer than it may, and tells when it did', async () => {
      await register();
      await hold();
      world.nowMs += HELD_MS + BACKLOG_MS - 1;
      expect(await sweep()).toBe(0);
      world.nowMs += 1;
      expect(await sweep()).toBe(1);
      expect(world.overruns).toEqual([[1, START_MS - WORD_MS_MAX]]);
    });

    it('forgets a source that is no more, until it is there again', async () => {
      await register();
      world.nowMs += 4 * BACKLOG_MS;
      await hold();
      world.nowMs += HELD_MS;
      expect(await sweep()).toBe(1);
      await register();
      await hold('b');
      world.nowMs += HELD_MS + WORD_MS_MAX;
      expect(await sweep()).toBe(0);
      expect(world.overruns).toEqual([]);
    });

    it('never goes back, whoever looks', async () => {
      await register();
      world.nowMs += 10_000;
      const late = [end(0, 0, true)];
      world.nowMs += 10_000;
      await watermarks.advance([end(0, 0, true)]);
      await openWatermarks().advance(late);
      expect(watermarks.lagMs()).toBe(0);
      await register();
      const rows = await world.database.query('SELECT booked_until_ms FROM event_watermark');
      expect(rows).toEqual([{ booked_until_ms: BigInt(START_MS + 20_000) }]);
    });
  });
}
