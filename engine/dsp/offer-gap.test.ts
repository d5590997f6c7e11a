import { expect, test } from 'vitest';
import { OfferGap } from './offer-gap.ts';

/** A request every `gapMs`, so many of them from `fromMs` on. */
function offer(gap: OfferGap, gapMs: number, count: number, fromMs: number): number {
  let nowMs = fromMs;
  for (let i = 0; i < count; i++) {
    nowMs += gapMs;
    gap.offered(nowMs);
  }
  return nowMs;
}

test('follows the traffic within some dozens of requests', () => {
  const gap = new OfferGap(0);
  expect(gap.meanMs).toBe(0);
  const nowMs = offer(gap, 50, 100, 0);
  expect(gap.meanMs).toBeCloseTo(50, 0);
  offer(gap, 2, 100, nowMs);
  expect(gap.meanMs).toBeCloseTo(2, 0);
});

test('a quiet night is no rate', () => {
  const gap = new OfferGap(0);
  const nowMs = offer(gap, 10, 200, 0);
  gap.offered(nowMs + 8 * 3_600_000);
  expect(gap.meanMs).toBeLessThan(61);
});
