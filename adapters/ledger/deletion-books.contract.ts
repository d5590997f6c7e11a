/** What must hold of deletions, of what tables hold of users, and of retention, on every database. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type DeletionBooks,
  type NewDeletion,
  OPEN_MAX,
  PRESENT_MS,
  type RequestedDeletion,
} from '../../engine/ports/deletion-books.ts';
import { tableUserData } from '../user-data/tables.ts';
import { openDeletionBooks } from './deletion-books.ts';
import { removeExpired } from './retention.ts';
import type { CreateTestDatabase, TestDatabase } from './testing/databases.ts';

const ANN = 'AnnAnnAnnAnnAnnAnnAnn_';
const BOB = 'BobBobBobBobBobBobBob-';
const NOBODY_CAPPED = { ids: [], capKeys: [] };

export function deletionBooksContract(name: string, createDatabase: CreateTestDatabase): void {
  describe(`${name} keeps the DeletionBooks contract`, () => {
    let test: TestDatabase;
    let books: DeletionBooks;
    let nowMs = 0;
    beforeEach(async () => {
      test = await createDatabase();
      nowMs = 1_790_000_000_000;
      books = openDeletionBooks(test.database, { nowMs: () => nowMs });
    });
    afterEach(() => test.dispose());

    let ids = 0;
    const order = (parts: Partial<NewDeletion> = {}): NewDeletion => ({
      id: `d${ids++}`,
      idempotencyKey: null,
      kind: 'device',
      subjects: ['hash-of-ann'],
      sealed: Buffer.from('sealed'),
      requestedBy: 'ops',
      ...parts,
    });

    const ask = async (parts: Partial<NewDeletion> = {}): Promise<RequestedDeletion> => {
      const asked = await books.request(order(parts));
      if (typeof asked === 'string') throw new Error(asked);
      return asked;
    };

    it('the same asked twice is one request, also at the same time', async () => {
      const asked = await Promise.all([1, 2, 3].map(() => ask()));
      expect(new Set(asked.map(({ deletion }) => deletion.id)).size).toBe(1);
      expect(asked.filter(({ isNew }) => isNew)).toHaveLength(1);
      expect((await ask({ subjects: ['hash-of-bob'] })).isNew).toBe(true);
      expect(await books.openCount()).toEqual({ count: 2, oldestAtMs: nowMs });
    });

    it('a key of the caller stands for one subject for good', async () => {
      const first = await ask({ idempotencyKey: 'k' });
      expect(await books.request(order({ idempotencyKey: 'k', subjects: ['hash-of-bob'] }))).toBe('conflict');
      expect(await books.certify(first.deletion.id, { a: 1 }, nowMs + 5)).toBe(true);
      expect(await books.request(order({ idempotencyKey: 'k' }))).toMatchObject({
        isNew: false,
        deletion: { id: first.deletion.id, state: 'certified', certificate: { a: 1 }, certifiedAtMs: nowMs },
      });
      expect((await ask()).isNew).toBe(true);
    });

    it('no more are open than all can look after', async () => {
      await test.database.query(
        `INSERT INTO deletion (id, kind, state, subjects, sealed, sequence, requested_by, requested_at_ms)
          SELECT 'x' || n, 'user', 'open', ARRAY['h' || n], ''::bytea, -n, 'ops', 0 FROM generate_series(1, $1::int) AS n`,
        [OPEN_MAX - 1],
      );
      const { deletion } = await ask();
      expect(await books.request(order({ subjects: ['hash-of-bob'] }))).toBe('full');
      expect((await ask()).deletion.id).toBe(deletion.id);
      expect(await books.openIds()).toHaveLength(OPEN_MAX);
    });

    it('a certificate is given once, and takes the ids with it', async () => {
      const { deletion } = await ask();
      expect((await books.open(await books.openIds())).map(({ sealed }) => Buffer.from(sealed).toString())).toEqual([
        'sealed',
      ]);
      expect(await books.certify(deletion.id, { a: 1 }, nowMs + 5)).toBe(true);
      expect(await books.certify(deletion.id, { a: 2 }, nowMs + 9)).toBe(false);
      expect([await books.openIds(), await books.open([deletion.id])]).toEqual([[], []]);
      const rows = await test.database.query('SELECT sealed FROM deletion');
      expect(rows).toEqual([{ sealed: null }]);
    });

    it('whoever asks from a sequence on learns of every change, once', async () => {
      const one = (await ask()).deletion;
      await ask({ subjects: ['hash-of-bob'] });
      expect(await books.unlinkedSince(0, 1)).toEqual([{ subjects: ['hash-of-ann'], untilMs: null, sequence: 1 }]);
      expect(await books.unlinkedSince(1, 5)).toEqual([{ subjects: ['hash-of-bob'], untilMs: null, sequence: 2 }]);
      await books.certify(one.id, {}, nowMs + 5);
      expect(await books.unlinkedSince(2, 5)).toEqual([{ subjects: ['hash-of-ann'], untilMs: nowMs + 5, sequence: 3 }]);
      expect(await books.unlinkedSince(3, 5)).toEqual([]);
    });

    it('what was removed adds up; what was searched last counts', async () => {
      const { deletion } = await ask();
      const part = { keeperId: 'k', store: 'segments' };
      await books.report(deletion.id, [{ ...part, removed: 3, remaining: null, waitsFor: 'Kafka' }]);
      await books.report(deletion.id, [{ ...part, removed: 2, remaining: 0, waitsFor: null }]);
      expect(await books.parts(deletion.id)).toEqual([
        { ...part, removed: 5, remaining: 0, waitsFor: null, searchedAtMs: nowMs },
      ]);
    });

    it('one looks after what all share, until it is gone', async () => {
      const { deletion } = await ask();
      expect(await books.claim(deletion.id, 'a', 100)).toBe(true);
      expect(await books.claim(deletion.id, 'b', 100)).toBe(false);
      expect(await books.claim(deletion.id, 'a', 100)).toBe(true);
      nowMs += 101;
      expect(await books.claim(deletion.id, 'b', 100)).toBe(true);
      expect(await books.claim(deletion.id, 'a', 100)).toBe(false);
    });

    it('keepers stay until somebody retires them when they are away, and then for good', async () => {
      const here = () => books.keeperIsHere({ id: 'k', name: 'host', stores: ['segments'] });
      expect([await here(), await here()]).toEqual([true, true]);
      const keeper = { id: 'k', name: 'host', stores: ['segments'], seenAtMs: nowMs, retired: null };
      expect(await books.keepers()).toEqual([keeper]);
      expect(await books.retireKeeper('k', 'ops')).toBe('present');
      nowMs += PRESENT_MS;
      expect([await books.retireKeeper('k', 'ops'), await books.retireKeeper('k', 'ops')]).toEqual([
        'retired',
        'unknown',
      ]);
      expect(await here()).toBe(false);
      expect(await books.keepers()).toEqual([{ ...keeper, retired: { atMs: nowMs, by: 'ops' } }]);
    });

    const letter = (offset: number, userKey: string, atMs = nowMs) =>
      test.database.query(
        `INSERT INTO dead_letter (source, partition, log_offset, type, reason, message, tries, at_ms, payload)
          VALUES ('log', 0, $1, 'win', 'refused', '', 1, $2, $3)`,
        [offset, atMs, Buffer.from(JSON.stringify({ type: 'win', userKey, offset }))],
      );
    const notice = (key: string, userKey: string, atMs = nowMs) =>
      test.database.query(
        `INSERT INTO billing_notice (key, dsp_id, auction_id, imp_id, user_key, url, at_ms)
          VALUES ($1, 'd', 'a', '1', $2, 'https://dsp.example', $3)`,
        [key, userKey, atMs],
      );

    it('takes a user out of what versions before have kept, and finds what it did not', async () => {
      const tables = tableUserData(test.database);
      for (let at = 0; at < 205; at += 1) await letter(at, at % 2 === 0 ? ANN : BOB);
      await notice('n1', ANN);
      await notice('n2', BOB);
      const ann = { ...NOBODY_CAPPED, eventKeys: [ANN] };
      expect(await tables.search(ann)).toBe(104);
      expect(await tables.erase(ann)).toBe(104);
      expect([await tables.search(ann), await tables.erase(ann)]).toEqual([0, 0]);
      expect(await tables.search({ ...NOBODY_CAPPED, eventKeys: [BOB] })).toBe(103);
      const [row] = await test.database.query<{ payload: Uint8Array }>(
        'SELECT payload FROM dead_letter WHERE log_offset = 4',
      );
      expect(JSON.parse(Buffer.from(row!.payload).toString())).toEqual({ type: 'win', userKey: null, offset: 4 });
      // In a column that nobody thinks of.
      await books.keeperIsHere({ id: 'k', name: `x${ANN}x`, stores: [] });
      expect(await tables.search(ann)).toBe(1);
    });

    it('removes what is too old, and nothing else', async () => {
      const ages = { deadLettersMs: 100, billingNoticesMs: 200, deletionsMs: 300 };
      await letter(1, ANN, nowMs - 101);
      await letter(2, ANN, nowMs - 100);
      await notice('old', ANN, nowMs - 201);
      await notice('young', ANN, nowMs - 200);
      const [over, unlinked, open] = [
        (await ask({ subjects: ['1'] })).deletion.id,
        (await ask({ subjects: ['2'] })).deletion.id,
        (await ask({ subjects: ['3'] })).deletion.id,
      ];
      await books.report(over, [{ keeperId: 'k', store: 's', removed: 0, remaining: 0, waitsFor: null }]);
      await books.certify(over, {}, nowMs);
      await books.certify(unlinked, {}, nowMs + 1000);
      nowMs += 301;
      const removed: unknown[] = [];
      await removeExpired(test.database, ages, nowMs - 301, (...each) => removed.push(each));
      expect(removed).toEqual([
        ['dead-letters', 1],
        ['billing-notices', 1],
      ]);
      await removeExpired(test.database, ages, nowMs, (...each) => removed.push(each));
      expect(removed.at(-1)).toEqual(['deletions', 1]);
      expect((await books.list({ limit: 9 })).map(({ id }) => id).sort()).toEqual([unlinked, open].sort());
    });
  });
}
