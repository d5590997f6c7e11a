import { beforeEach, expect, test } from 'vitest';
import { ADDRESSES_FRESH_MS, cacheAddresses } from './cached-addresses.ts';
import type { ResolvedAddress, ResolveHost } from './resolve-host.ts';

const address = (last: number): ResolvedAddress => ({ address: `192.0.2.${last}`, family: 4 });

let nowMs: number;
let asked: { readonly hostname: string; readonly answer: (last: number) => void; readonly fail: () => void }[];
let find: ResolveHost;

beforeEach(() => {
  nowMs = 0;
  asked = [];
  const resolve: ResolveHost = (hostname) =>
    new Promise((onAnswer, onFailure) => {
      asked.push({ hostname, answer: (last) => onAnswer([address(last)]), fail: () => onFailure(new Error('gone')) });
    });
  find = cacheAddresses(resolve, { wallMs: () => 0, monotonicMs: () => nowMs });
});

async function know(hostname: string): Promise<void> {
  const first = find(hostname);
  asked.shift()!.answer(1);
  await first;
}

test('the first callers of a name share one lookup, the next are answered without', async () => {
  const callers = [find('a.test'), find('a.test')];
  expect(asked).toHaveLength(1);
  asked[0]!.answer(1);
  expect(await Promise.all(callers)).toEqual([[address(1)], [address(1)]]);
  nowMs = ADDRESSES_FRESH_MS - 1;
  expect(await find('a.test')).toEqual([address(1)]);
  expect(asked).toHaveLength(1);
});

test('an old answer is used while it is renewed, once, and the new one afterwards', async () => {
  await know('a.test');
  nowMs = ADDRESSES_FRESH_MS;
  expect(await find('a.test')).toEqual([address(1)]);
  expect(await find('a.test')).toEqual([address(1)]);
  expect(asked).toHaveLength(1);
  asked[0]!.answer(2);
  await new Promise(setImmediate);
  expect(await find('a.test')).toEqual([address(2)]);
});

test('an old answer stays while nobody knows a newer one', async () => {
  await know('a.test');
  nowMs = ADDRESSES_FRESH_MS * 100;
  await find('a.test');
  asked.shift()!.fail();
  await new Promise(setImmediate);
  expect(await find('a.test')).toEqual([address(1)]);
  expect(asked).toHaveLength(1);
});

test('a name that is not known fails, and is asked again', async () => {
  const failing = find('a.test');
  asked.shift()!.fail();
  await expect(failing).rejects.toThrow('gone');
  await know('a.test');
});

test('one name that hangs keeps no other waiting', async () => {
  void find('hangs.test');
  asked.shift();
  await know('a.test');
  expect(await find('a.test')).toEqual([address(1)]);
});

test('callers get the addresses in turn', async () => {
  const both = [address(1), address(2)];
  const inTurn = cacheAddresses(async () => both, { wallMs: () => 0, monotonicMs: () => nowMs });
  const firsts: ResolvedAddress[] = [];
  for (let call = 0; call < 4; call++) firsts.push((await inTurn('a.test'))[0]!);
  expect(firsts).toEqual([address(1), address(2), address(1), address(2)]);
  expect(await inTurn('a.test')).toHaveLength(2);
});
