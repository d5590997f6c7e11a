import { describe, expect, it } from 'vitest';
import type { AuctionEvent } from '../../../engine/exchange/auction-event.ts';
import { buildAuctionEvent } from '../../../engine/exchange/testing/build-auction-event.ts';
import type { BidRequest } from '../../../openrtb/types.ts';
import { seededRandom } from '../../random.ts';
import { ALL_TIME, recordedAuction, recordedIn } from '../testing/recorded-log.ts';
import { type Pace, readAhead, scheduled, UntimedRequestError } from './pace.ts';
import { RecordedRequests, type TimedRequest } from './recorded-requests.ts';

const START_MS = 1_700_000_000_000;
const at = (auctionId: string, ms: number): AuctionEvent => recordedAuction({ auctionId }, { atMs: START_MS + ms });

async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function* given(...timesMs: readonly (number | null)[]): AsyncGenerator<TimedRequest> {
  for (const atMs of timesMs) yield { atMs, body: String(atMs), place: `line ${atMs}` };
}

async function dueAt(pace: Pace, timesMs: readonly (number | null)[], untilMs = 1e9): Promise<number[]> {
  return (await all(scheduled(given(...timesMs), pace, untilMs))).map(({ atMs }) => atMs);
}

describe('recorded requests', () => {
  const requestsOf = (logs: readonly (readonly AuctionEvent[])[], isTest = false) =>
    new RecordedRequests({ events: recordedIn(logs), window: ALL_TIME, isTest, networkAllowanceMs: 5 });

  it('come by arrival, whoever ended first and in whatever log', async () => {
    const logs = [
      [at('2', 200), at('1', 100), at('5', 60_000)],
      [at('3', 300), at('0', 0), at('4', 30_000)],
    ];
    const requests = await all(requestsOf(logs).read());
    expect(requests.map(({ atMs }) => atMs! - START_MS)).toEqual([0, 100, 200, 300, 30_000, 60_000]);
  });

  it('have the time that they had, and may be tests', async () => {
    const [{ body }] = (await all(requestsOf([[at('1', 0)]]).read())) as [TimedRequest];
    const request = JSON.parse(body) as BidRequest;
    expect(request).toMatchObject({ id: 'request of 1', tmax: 100, imp: [{ id: '1', tagid: 'top' }] });
    expect(request).not.toHaveProperty('test');
    const [marked] = (await all(requestsOf([[at('1', 0)]], true).read())) as [TimedRequest];
    expect(JSON.parse(marked.body)).toMatchObject({ test: 1 });
  });

  it('are not made up where nobody knows what was for sale', async () => {
    const requests = requestsOf([[buildAuctionEvent({ ending: 'failed' }), at('1', 0)]]);
    expect(await all(requests.read())).toHaveLength(1);
    expect(requests.tally).toMatchObject({ auctions: 2, notRebuilt: 1 });
  });
});

describe('the pace', () => {
  it('is the recorded one, faster or slower, from the first on', async () => {
    expect(await dueAt({ kind: 'speed', factor: 1 }, [1000, 1500, 3000])).toEqual([0, 500, 2000]);
    expect(await dueAt({ kind: 'speed', factor: 2 }, [1000, 1500, 3000])).toEqual([0, 250, 1000]);
    expect(await dueAt({ kind: 'speed', factor: 0.5 }, [1000, 1500])).toEqual([0, 1000]);
  });

  it('never goes back, and ends in time', async () => {
    expect(await dueAt({ kind: 'speed', factor: 1 }, [1000, 3000, 2000, 9000], 5000)).toEqual([0, 2000, 2000]);
  });

  it('needs times, or a rate', async () => {
    await expect(dueAt({ kind: 'speed', factor: 1 }, [0, null])).rejects.toThrow(
      new UntimedRequestError('line null: does not say when ("at", "atMs"); name a --rate'),
    );
    const times = await dueAt({ kind: 'rate', perSec: 100, random: seededRandom(1) }, new Array(5000).fill(null));
    expect(times.at(-1)! / 5000).toBeGreaterThan(9);
    expect(times.at(-1)! / 5000).toBeLessThan(11);
  });
});

describe('reading ahead', () => {
  it('holds so many, and ends as what it reads does', async () => {
    let read = 0;
    async function* counting(): AsyncGenerator<number> {
      while (read < 10) yield read++;
    }
    const ahead = (await readAhead(counting(), 4))[Symbol.asyncIterator]();
    expect(read).toBe(4);
    expect((await ahead.next()).value).toBe(0);
    const rest: number[] = [];
    for (let next = await ahead.next(); next.done !== true; next = await ahead.next()) rest.push(next.value);
    expect(rest).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('fails where that fails, and not before', async () => {
    async function* failing(): AsyncGenerator<number> {
      for (let i = 0; i < 6; i++) yield i;
      throw new Error('gone');
    }
    const ahead = await readAhead(failing(), 3);
    const seen: number[] = [];
    await expect(async () => {
      for await (const item of ahead) seen.push(item);
    }).rejects.toThrow('gone');
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
