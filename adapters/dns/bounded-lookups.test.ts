import { beforeEach, expect, test } from 'vitest';
import { boundLookups, LOOKUP_LIMITS } from './bounded-lookups.ts';
import type { ResolvedAddress, ResolveHost } from './resolve-host.ts';

const ADDRESSES: readonly ResolvedAddress[] = [{ address: '192.0.2.1', family: 4 }];

let nowMs: number;
let refused: number;
/** Names asked, in order, and how each is answered. */
let asked: { readonly hostname: string; readonly answer: () => void; readonly fail: () => void }[];
let find: ResolveHost;

beforeEach(() => {
  nowMs = 0;
  refused = 0;
  asked = [];
  const resolve: ResolveHost = (hostname) =>
    new Promise((onAnswer, onFailure) => {
      asked.push({ hostname, answer: () => onAnswer(ADDRESSES), fail: () => onFailure(new Error(hostname)) });
    });
  const clock = { wallMs: () => 0, monotonicMs: () => nowMs };
  const onRefused = (): void => {
    refused++;
  };
  find = boundLookups(resolve, { clock, onRefused });
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
const outcomes = (lookups: readonly Promise<unknown>[]) =>
  Promise.allSettled(lookups).then((all) => all.map(({ status }) => status));
const findMany = (count: number) => Array.from({ length: count }, (_, i) => find(`${i}.test`));

test('the same name is asked once at a time, and anew afterwards', async () => {
  const both = [find('a.test'), find('a.test')];
  expect(asked).toHaveLength(1);
  asked[0]!.answer();
  expect(await Promise.all(both)).toEqual([ADDRESSES, ADDRESSES]);
  void find('a.test');
  expect(asked).toHaveLength(2);
});

test('slow names hold a bounded number of lookups; the next waits for a place, in order', async () => {
  const settled = outcomes(findMany(LOOKUP_LIMITS.underWayMax + 2));
  await turn();
  expect(asked).toHaveLength(LOOKUP_LIMITS.underWayMax);
  asked[3]!.fail();
  await turn();
  expect(asked.at(-1)!.hostname).toBe(`${LOOKUP_LIMITS.underWayMax}.test`);
  expect(asked).toHaveLength(LOOKUP_LIMITS.underWayMax + 1);
  for (const { answer } of asked) answer();
  await turn();
  asked.at(-1)!.answer();
  expect((await settled).filter((status) => status === 'rejected')).toHaveLength(1);
});

test('when too many wait the next fails at once, and is asked when there is room', async () => {
  const lookups = findMany(LOOKUP_LIMITS.underWayMax + LOOKUP_LIMITS.waitingMax);
  await expect(find('late.test')).rejects.toMatchObject({ code: 'LOOKUPS_FULL' });
  expect(refused).toBe(1);
  for (let i = 0; i < lookups.length; i += 1) {
    asked[i]!.answer();
    await turn();
  }
  await Promise.all(lookups);
  void find('late.test');
  expect(asked.at(-1)!.hostname).toBe('late.test');
});

test('a name that failed is not asked again for a while', async () => {
  const failing = find('a.test');
  asked[0]!.fail();
  await expect(failing).rejects.toThrow('a.test');
  nowMs = LOOKUP_LIMITS.failureKeptMs - 1;
  await expect(find('a.test')).rejects.toThrow('a.test');
  expect(asked).toHaveLength(1);
  nowMs = LOOKUP_LIMITS.failureKeptMs;
  void find('a.test');
  expect(asked).toHaveLength(2);
});

test('of too many failures the oldest is forgotten', async () => {
  for (let i = 0; i <= LOOKUP_LIMITS.failuresKeptMax; i += 1) {
    const failing = find(`${i}.test`);
    asked[i]!.fail();
    await expect(failing).rejects.toThrow();
  }
  await expect(find('1.test')).rejects.toThrow('1.test');
  expect(asked).toHaveLength(LOOKUP_LIMITS.failuresKeptMax + 1);
  void find('0.test');
  expect(asked).toHaveLength(LOOKUP_LIMITS.failuresKeptMax + 2);
});
