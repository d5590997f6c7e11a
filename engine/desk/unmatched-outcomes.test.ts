import { expect, it } from 'vitest';
import type { Outcome } from '../estimation/quality/awaited-outcomes.ts';
import { UnmatchedOutcomes } from './unmatched-outcomes.ts';

const outcome = (auctionId: string): Outcome => ({ auctionId, impId: '1', type: 'impression', atMs: null });

it('bills again at growing intervals until the ledger knows the win', async () => {
  const unmatched = new UnmatchedOutcomes(10);
  unmatched.add([outcome('early'), outcome('of-a-dsp')], 0);
  const asked: number[] = [];
  for (let nowMs = 0; nowMs <= 300_000; nowMs += 500) {
    await unmatched.retry(nowMs, async (outcomes) => {
      asked.push(nowMs);
      return nowMs < 1500 ? outcomes : outcomes.filter(({ auctionId }) => auctionId === 'of-a-dsp');
    });
    if (nowMs === 1500) expect(unmatched.length).toBe(1);
  }
  expect(asked).toEqual([500, 1500, 3500, 7500, 15_500, 31_500, 63_500, 127_500]);
  expect(unmatched.length).toBe(0);
});

it('keeps them while the ledger is away', async () => {
  const unmatched = new UnmatchedOutcomes(10);
  unmatched.add([outcome('early')], 0);
  await expect(unmatched.retry(500, () => Promise.reject(new Error('away')))).rejects.toThrow('away');
  const billed: string[] = [];
  await unmatched.retry(501, async ([first]) => {
    billed.push(first!.auctionId);
    return [];
  });
  expect(billed).toEqual(['early']);
  expect(unmatched.length).toBe(0);
});

it('takes no more than it has room for', () => {
  const unmatched = new UnmatchedOutcomes(1);
  unmatched.add([outcome('a'), outcome('b')], 0);
  expect(unmatched.length).toBe(1);
});
