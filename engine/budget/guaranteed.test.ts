import { expect, it } from 'vitest';
import { makeGoods, takeGuaranteed } from './guaranteed.ts';
import { PacingBoard } from './pacing/pacing-board.ts';

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
