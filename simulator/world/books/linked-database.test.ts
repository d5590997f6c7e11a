import { expect, it } from 'vitest';
import { MemoryDatabase, sqlBooks } from '../../../compose.ts';
import { BudgetLedgerError } from '../../../engine/ports/budget-ledger.ts';
import { MovedPlaceError } from '../../../engine/ports/event-books.ts';
import { directLink, type Link, LinkError } from '../link.ts';
import { linkedDatabase } from './linked-database.ts';

const database = () => new MemoryDatabase({ nowMs: () => 0 });

const over = (memory: MemoryDatabase, link: Link) => {
  const books = sqlBooks(linkedDatabase(memory, link));
  return books.openEventBooks({ source: 'log', feePpm: 0, copyDeadLetters: async () => {} });
};

const NOTHING = {
  ...{ partition: 0, toOffset: 5, reservations: [], bills: [], releases: [], receivables: [], refunds: [] },
  ...{ pendingNotices: [], deadLetters: [] },
};

it('what is done is done once, whether its answer comes or not', async () => {
  const memory = database();
  const isLost = { now: false };
  const losing: Link = {
    call: async (work) => {
      const result = await work();
      if (isLost.now) throw new LinkError('late', 'no answer');
      return result;
    },
  };
  const books = over(memory, losing);
  const from = await books.claim(0, null);
  isLost.now = true;
  const late = books.book({ ...NOTHING, from });
  await expect(late).rejects.toSatisfy((error) => error instanceof BudgetLedgerError && error.code === 'late');
  isLost.now = false;
  expect(await books.placeOf(0)).toEqual({ epoch: 1, nextOffset: 5 });
  await expect(books.book({ ...NOTHING, from })).rejects.toThrow(MovedPlaceError);
});

it('what cannot get there is not done, and is unavailable', async () => {
  const cut: Link = { call: () => Promise.reject(new LinkError('unreachable', 'nobody is there')) };
  const memory = database();
  const claim = over(memory, cut).claim(0, null);
  await expect(claim).rejects.toSatisfy((error) => error instanceof BudgetLedgerError && error.code === 'unavailable');
  expect(await over(memory, directLink).placeOf(0)).toBeNull();
});

it('closes one way to the books, and no other', async () => {
  const memory = database();
  const [one, other] = [linkedDatabase(memory, directLink), linkedDatabase(memory, directLink)];
  await one.close();
  await expect(sqlBooks(one).nowMs()).rejects.toMatchObject({ code: 'closed' });
  expect(await sqlBooks(other).nowMs()).toBe(0);
});

it('a failure whose answer nobody waits for is nobody left hanging', async () => {
  const forgotten: Promise<unknown>[] = [];
  const forgetting: Link = {
    call: (work) => {
      forgotten.push(work() as Promise<unknown>);
      return new Promise(() => {});
    },
  };
  const from = { epoch: 7, nextOffset: null };
  void over(database(), forgetting).book({ ...NOTHING, from });
  // An unhandled rejection would fail the run.
  await expect(Promise.all(forgotten)).resolves.toMatchObject([{ error: expect.any(MovedPlaceError) }]);
});
