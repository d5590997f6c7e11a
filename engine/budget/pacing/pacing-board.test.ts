import { expect, it } from 'vitest';
import { makeGoods, takeGuaranteed } from '../guaranteed.ts';
import { PacingBoard } from './pacing-board.ts';
import { ProcessShare } from './process-share.ts';

it('a campaign takes no part before its first signal and after its removal, and slots are used again', () => {
  const board = new PacingBoard();
  const slot = board.add('a');
  expect(board.takesPart(slot, 0)).toBe(false);
  board.publish(slot, { throttle: 0.5, multiplier: 0.8 });
  expect(board.takesPart(slot, 0.49)).toBe(true);
  expect(board.takesPart(slot, 0.5)).toBe(false);
  expect(board.multiplier[slot]).toBe(0.8);
  board.remove('a');
  expect(board.takesPart(slot, 0)).toBe(false);
  expect(board.slotOf('a')).toBeUndefined();
  expect(board.add('b')).toBe(slot);
});

it('grows and keeps what is published, each campaign in a slot of its own', () => {
  const board = new PacingBoard();
  const slots = Array.from({ length: 500 }, (_, index) => board.add(`campaign-${index}`));
  expect(new Set(slots).size).toBe(500);
  board.publish(slots[3]!, { throttle: 0.25, multiplier: 1 });
  for (let index = 500; index < 2000; index++) board.add(`campaign-${index}`);
  board.remove('campaign-7');
  expect(board.add('late')).toBe(slots[7]);
  expect(board.throttle[slots[3]!]).toBe(0.25);
});

it('the most urgent of the items that draw the impression takes it, or the auction has it', () => {
  const board = new PacingBoard();
  const [a, b] = [board.add('a'), board.add('b')];
  board.publish(a, { throttle: 1, multiplier: 1 });
  board.publish(b, { throttle: 0.5, multiplier: 1 });
  const urgency = Float64Array.of(0.3, 0.9);
  expect(takeGuaranteed([a, b], board, urgency, () => 0.1)).toBe(b);
  expect(takeGuaranteed([a, b], board, urgency, () => 0.7)).toBe(a);
  expect(takeGuaranteed([b], board, urgency, () => 0.7)).toBeNull();
  expect(takeGuaranteed([], board, urgency, () => 0)).toBeNull();
});

it('reports what has to be made good, the largest first', () => {
  const item = (lineItemId: string, deliveredImpressions: number, forecastImpressions: number) => ({
    lineItemId,
    goalImpressions: 100,
    deliveredImpressions,
    forecastImpressions,
  });
  const report = makeGoods([item('fine', 90, 10), item('short', 50, 20.7), item('ended', 12, 0)]);
  expect(report.map(({ lineItemId, shortfallImpressions }) => [lineItemId, shortfallImpressions])).toEqual([
    ['ended', 88],
    ['short', 30],
  ]);
});

it('a share follows what was spent, and money that comes back is no spend', () => {
  const share = new ProcessShare(0.125, 100, 1_000_000, 0);
  const steady = { throttle: 0.5, multiplier: 1 };
  expect(share.next(steady, 10_000)).toBeCloseTo(0.125);
  let unspent = 1_000_000;
  for (let tick = 1; tick <= 100; tick++) {
    unspent -= 4000;
    share.observe(1000, unspent, tick * 10_000);
  }
  expect(share.current).toBeCloseTo(0.25);
  share.observe(0, unspent + 500_000, 1_010_000);
  expect(share.current).toBeCloseTo(0.25);
  expect(share.next({ throttle: 0.1, multiplier: 1 }, 600_000)).toBeGreaterThan(0.25);
  expect(share.next({ throttle: 1, multiplier: 1 }, 600_000)).toBeLessThan(0.25);
});
