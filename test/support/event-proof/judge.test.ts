/** A judge that sees nothing proves nothing. */
import { beforeEach, expect, it } from 'vitest';
import type { TopicMessage } from '../topic-reader.ts';
import { type Ad, type Telling, tellingOf } from './ads.ts';
import type { ToldBill } from './bookings.ts';
import { type Evidence, judge } from './judge.ts';

let bills: { key: string; state: string; amount: bigint }[];
let never: object[];
let told: ToldBill[];
let messages: TopicMessage[];
let ad: Ad;
let telling: Telling;

beforeEach(() => {
  ad = {
    requestId: 'r1',
    auctionId: 'a1',
    placement: 'open',
    price: 2,
    paidBy: 'impression',
    amount: 2_000_000n,
    atMs: 0,
    seller: 'engine-0',
    life: 1,
    tellings: new Map(),
  };
  telling = tellingOf(ad, 'impression', 'token');
  telling.sent = telling.acknowledged = 1;
  bills = [{ key: 'a1/1/impression', state: 'billed', amount: 2_000_000n }];
  never = [];
  told = [{ requestId: 'r1', atMs: 0 }];
  messages = [message(1, { id: 'a1/1/win', auctionId: 'a1' }), message(2, { id: 'a1/1/impression', auctionId: 'a1' })];
});

function message(
  sequence: number,
  value: { id: string; auctionId: string },
  parts: Partial<TopicMessage> = {},
): TopicMessage {
  const stored = { partition: 0, offset: sequence, key: value.auctionId, type: 'x', value: JSON.stringify(value) };
  return { ...stored, id: `log:${sequence}`, ...parts };
}

async function problems(changes: Partial<Evidence> = {}): Promise<readonly string[]> {
  const query = async (sql: string) => ({
    rows: sql.includes('FROM charge WHERE state') ? bills : sql.includes('HAVING count(*) > 1') ? never : [],
  });
  return (await judge({ query }, { ads: [ad], messages, told, mayBeUnwritten: () => false, ...changes })).problems;
}

it('finds nothing where nothing is wrong', async () => {
  expect(await problems()).toEqual([]);
});

it('sees a bill that is missing, at another price, twice, of nobody, and of what was never told', async () => {
  never = [{ key: 'a1/1/impression' }];
  expect(await problems()).toEqual(['billed twice: a1/1/impression']);
  never = [];
  bills = [{ key: 'a1/1/impression', state: 'billed', amount: 1n }];
  expect(await problems()).toEqual(['a1/1/impression: billed 1, answered 2000000']);
  bills = [...bills, { key: 'forged/1/impression', state: 'billed', amount: 1n }];
  expect(await problems()).toContain('forged/1/impression: billed, and nobody was ever answered such an ad');
  bills = [];
  told = [];
  expect(await problems()).toEqual(['a1/1/impression: acknowledged, and nobody pays']);
});

it('sees what was billed or stored and never told', async () => {
  telling.sent = telling.acknowledged = 0;
  expect(await problems()).toEqual([
    'a1/1/impression: billed, though it was never told',
    'a1/1/impression: in the topic, though it was never told',
  ]);
});

it('sees in the topic what is missing, out of order, in two partitions, or has the id of another event', async () => {
  const [win, impression] = messages as [TopicMessage, TopicMessage];
  expect(await problems({ messages: [win] })).toEqual(['a1/1/impression: acknowledged, and not in the topic']);
  expect(await problems({ messages: [impression] })).toEqual(['a1: its win is not in the topic']);
  expect(await problems({ messages: [impression], mayBeUnwritten: () => true })).toEqual([]);
  expect(await problems({ messages: [impression, win] })).toEqual(['0:1: log:1 is out of order']);
  expect(await problems({ messages: [win, { ...impression, partition: 1 }] })).toEqual([
    'a1: in more than one partition',
  ]);
  expect(await problems({ messages: [win, impression, { ...impression, offset: 3 }] })).toEqual([]);
  const other = message(2, { id: 'a2/1/win', auctionId: 'a2' }, { offset: 3 });
  expect(await problems({ messages: [win, impression, other] })).toEqual(['0:3: another event has the id log:2']);
  expect(await problems({ messages: [{ ...win, key: 'x' }, impression] })).toEqual(['0:1: key x of a1/1/win']);
});

it('sees a DSP that is told by two, or of a bill that is none; one that is told again later was late', async () => {
  told = [...told, { requestId: 'r1', atMs: 20_000 }];
  expect(await problems()).toEqual([]);
  told = [...told, { requestId: 'r1', atMs: 20_100 }];
  expect(await problems()).toEqual(['request r1: its DSP was told of its bill by two']);
  told = [{ requestId: 'r1', atMs: 0 }];
  bills = [];
  expect(await problems()).toContain('request r1: its DSP was told of a bill that is none');
});
