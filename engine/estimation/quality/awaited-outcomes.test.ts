import { describe, expect, it } from 'vitest';
import {
  type AwaitedImpression,
  AwaitedOutcomes,
  type AwaitedOutcomesOptions,
  type Outcome,
  type OutcomeType,
} from './awaited-outcomes.ts';

const WINDOW_MS = 1000;
/** Wall clock of all auctions; the monotonic one begins at 0. */
const AT_MS = 1_700_000_000_000;

function waiting(options: Partial<AwaitedOutcomesOptions> = {}) {
  const settled: [auction: string, isClicked: boolean][] = [];
  const awaited = new AwaitedOutcomes({
    windowMs: WINDOW_MS,
    impressionsMax: 10,
    onSettled: ({ auctionId }, isClicked) => settled.push([auctionId, isClicked]),
    ...options,
  });
  return { awaited, settled };
}

function impression(auctionId: string): AwaitedImpression {
  return { auctionId, impId: '1', atMs: AT_MS, version: '1', estimate: 0.1, shadow: null };
}

function outcome(auctionId: string, type: OutcomeType, atMs: number | null = null): Outcome {
  return { auctionId, impId: '1', type, atMs };
}

describe('an awaited impression', () => {
  it('is settled at the end of its window, clicked or not, and not when it was never seen', () => {
    const { awaited, settled } = waiting();
    for (const auction of ['clicked', 'seen', 'unseen']) awaited.add(impression(auction), 0);
    awaited.report(outcome('clicked', 'click'), 10);
    awaited.report(outcome('clicked', 'impression'), 20);
    awaited.report(outcome('seen', 'impression'), 30);
    awaited.settle(WINDOW_MS - 1);
    expect(settled).toEqual([]);
    awaited.settle(WINDOW_MS);
    expect(settled).toEqual([
      ['clicked', true],
      ['seen', false],
    ]);
    expect(awaited.size).toBe(0);
  });

  it('takes each type of outcome once', () => {
    const { awaited } = waiting();
    awaited.add(impression('a'), 0);
    for (const type of ['impression', 'click', 'conversion'] as const) {
      expect(awaited.report(outcome('a', type), 1)).toBe('counted');
      expect(awaited.report(outcome('a', type), 2)).toBe('duplicate');
    }
  });

  it('is shown when something is said of it, and a conversion is no click', () => {
    const { awaited, settled } = waiting();
    awaited.add(impression('a'), 0);
    awaited.report(outcome('a', 'conversion'), 1);
    awaited.settle(WINDOW_MS);
    expect(settled).toEqual([['a', false]]);
  });

  it('is unknown before it is won, for another imp, and from the end of its window on', () => {
    const { awaited } = waiting();
    expect(awaited.report(outcome('a', 'click'), 0)).toBe('unknown');
    awaited.add(impression('a'), 0);
    expect(awaited.report({ ...outcome('a', 'click'), impId: '2' }, 1)).toBe('unknown');
    expect(awaited.report({ ...outcome('a1', 'click'), impId: '' }, 1)).toBe('unknown');
    expect(awaited.report(outcome('a', 'click'), WINDOW_MS)).toBe('unknown');
  });

  it.each([
    [AT_MS - 5001, 'out-of-window'],
    [AT_MS - 5000, 'counted'],
    [AT_MS + WINDOW_MS + 5000, 'counted'],
    [AT_MS + WINDOW_MS + 5001, 'out-of-window'],
  ])('belongs to what happened within its window, give or take the difference of clocks: %d', (atMs, result) => {
    const { awaited } = waiting();
    awaited.add(impression('a'), 0);
    expect(awaited.report(outcome('a', 'click', atMs), 1)).toBe(result);
  });
});

describe('too many impressions', () => {
  it('refuse the newest, until others have come to their end', () => {
    const { awaited, settled } = waiting({ impressionsMax: 2 });
    expect(awaited.add(impression('a'), 0)).toBe(true);
    expect(awaited.add(impression('b'), 500)).toBe(true);
    expect(awaited.add(impression('c'), 999)).toBe(false);
    expect(awaited.report(outcome('a', 'impression'), 999)).toBe('counted');
    expect(awaited.add(impression('d'), WINDOW_MS)).toBe(true);
    expect(settled).toEqual([['a', false]]);
    expect(awaited.size).toBe(2);
  });

  it('that end at once are settled in parts', () => {
    const { awaited } = waiting({ impressionsMax: 5000 });
    for (let index = 0; index < 2500; index++) awaited.add(impression(`a-${index}`), 0);
    const sizes = [1, 2, 3].map(() => {
      awaited.settle(WINDOW_MS);
      return awaited.size;
    });
    expect(sizes).toEqual([1500, 500, 0]);
  });

  it('keep their order while the ring goes round and grows', () => {
    const { awaited, settled } = waiting({ impressionsMax: 1000 });
    // 100 wait at a time, and then 400.
    for (let index = 0; index < 3000; index++) {
      const nowMs = index < 1500 ? index * 10 : 15_000 + (index - 1500) * 2.5;
      awaited.add(impression(`${index}`), nowMs);
      awaited.report(outcome(`${index}`, 'impression'), nowMs);
    }
    awaited.settle(1e9);
    expect(settled.map(([auction]) => Number(auction))).toEqual(Array.from({ length: 3000 }, (_, index) => index));
  });
});
