/** Engines that keep their books in the PostgreSQL of a world. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { campaign } from '../../../engine/campaign/testing/build-booking.ts';
import { BudgetLedgerError } from '../../../engine/ports/budget-ledger.ts';
import { eventually, figuresOf, isWonBy, writesOf } from '../../../test/support/house-campaigns.ts';
import { adRequest, bannerImp, bidsOf, startTestGavel, type TestGavel } from '../../../test/support/test-gavel.ts';
import { Verdict } from '../checks/check.ts';
import { conservation } from '../checks/conservation.ts';
import type { History, MoneyObservation } from '../history.ts';
import { directLink, type Link, LinkError } from '../link.ts';
import { WorldBooks } from './world-books.ts';

const CONFIG = {
  'campaigns.enabled': true,
  'campaigns.refreshIntervalMs': 50,
  'campaigns.pacingIntervalMs': 1000,
  'events.tracking.baseUrl': 'listening',
};
const ASAP = campaign({ delivery: 'asap' });
/** A floor at the bid of the line item: each impression costs 2,000,000 nanos. */
const DEAR = { imp: [bannerImp('1', { bidfloor: 2 })] };

let seen: MoneyObservation[];
let books: WorldBooks;
const engines: TestGavel[] = [];

beforeEach(() => {
  seen = [];
  books = new WorldBooks({ wallMs: Date.now, atMs: () => 0, onMoney: (one) => seen.push(one) });
});

afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.close();
});

async function start(link: Link): Promise<TestGavel> {
  const engine = await startTestGavel({ config: CONFIG, outside: { books: books.over(link) } });
  engines.push(engine);
  return engine;
}

let requests = 0;

/** Gives its beacon. */
async function untilWon(engine: TestGavel): Promise<string> {
  return eventually(async () => {
    const answer = await engine.post(adRequest(`request-${requests++}`, DEAR));
    expect(isWonBy(answer, 'line-1')).toBe(true);
    const [beacon] = /http:\/\/[^"<> ]+/.exec(bidsOf(answer)[0]!.adm!)!;
    return beacon.replaceAll('&amp;', '&');
  });
}

const spentBy = async (engine: TestGavel): Promise<bigint> =>
  (await figuresOf(engine.gavel.campaigns!.ledger, 'spring')).spent;

/** By the check of worlds. */
function judged() {
  const verdict = new Verdict();
  const rest = { atMs: 0, accounts: books.accounts(), processes: [], storedEventIds: new Set<string>() };
  conservation.judge({ observations: seen, rest } as unknown as History, verdict);
  return verdict.figures(conservation);
}

describe('engines over the books of a world', () => {
  it('sell, are billed by their events, and end with books that are what was seen', async () => {
    const [one, other] = [await start(directLink), await start(directLink)];
    await one.gavel.campaigns!.books.store.write(writesOf({ campaign: ASAP }), 'test');
    const beacons = [await untilWon(one), await untilWon(other)];
    for (const beacon of beacons) expect((await fetch(beacon)).status).toBe(200);
    await eventually(async () => expect(await spentBy(one)).toBe(4_000_000n));
    expect(judged()).toMatchObject({ violations: [] });
    expect(judged().judged).toBeGreaterThan(10);
    const bills = seen.filter((each) => each.kind === 'transfer' && each.to === 'spent');
    expect(new Set(bills.map((each) => each.kind === 'transfer' && each.key)).size).toBe(2);
    expect(bills).toMatchObject([{ from: 'reserved', amount: 2_000_000 }, { from: 'reserved' }]);
    expect(seen[0]).toMatchObject({ kind: 'budget-set', accountId: 'spring', budget: Number(ASAP.budgetNanos) });
  }, 60_000);

  it('are billed once when answers of the books are lost, and serve on when they cannot be reached', async () => {
    let calls = 0;
    let isDown = false;
    const engine = await start({
      call: async (work) => {
        if (isDown) throw new LinkError('unreachable', 'nobody is there');
        const result = await work();
        calls += 1;
        // Not while it starts, which would fail.
        if (calls > 60 && calls % 3 === 0) throw new LinkError('late', 'no answer came');
        return result;
      },
    });
    const { store } = engine.gavel.campaigns!.books;
    await store.write(writesOf({ campaign: ASAP }), 'test');
    const beacons = [await untilWon(engine), await untilWon(engine), await untilWon(engine)];
    await Promise.all(beacons.map((beacon) => fetch(beacon)));
    const spent = (): number => books.accounts()[0]!.spent;
    await eventually(async () => expect(spent()).toBe(6_000_000));
    isDown = true;
    await expect(store.read('campaign', 'spring')).rejects.toSatisfy(
      (error) => error instanceof BudgetLedgerError && error.code === 'unavailable',
    );
    const beacon = await untilWon(engine);
    expect((await fetch(beacon)).status).toBe(200);
    expect(spent()).toBe(6_000_000);
    isDown = false;
    await eventually(async () => expect(spent()).toBe(8_000_000));
    expect(judged()).toMatchObject({ violations: [] });
  }, 60_000);
});
