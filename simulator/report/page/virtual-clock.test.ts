import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './quantities.ts';
import { virtualClock } from './virtual-clock.ts';

const START_MS = Date.UTC(2026, 2, 2, 9, 58);

it('tells the time of day, with seconds where they matter', () => {
  const hour = virtualClock(START_MS, HOUR_MS);
  expect([hour.at(0), hour.at(2 * MINUTE_MS + 3000)]).toEqual(['09:58', '10:00:03']);
  expect(virtualClock(START_MS, MINUTE_MS).at(0)).toBe('09:58:00');
});

it('tells the date when the run is longer than a day', () => {
  expect(virtualClock(START_MS, 2 * DAY_MS).at(15 * HOUR_MS)).toBe('3 Mar 00:58');
});

it('has its marks at round times', () => {
  expect(virtualClock(START_MS, HOUR_MS).ticks.map(({ label }) => label)).toEqual([
    '10:00',
    '10:10',
    '10:20',
    '10:30',
    '10:40',
    '10:50',
  ]);
});

it('has a few marks, all within the run, whatever its length', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2000, max: 3_153_600_000_000 }), fc.nat({ max: 1e13 }), (spanMs, startMs) => {
      const { ticks } = virtualClock(startMs, spanMs);
      expect(ticks.length).toBeLessThanOrEqual(10);
      for (const { ms } of ticks) expect(ms >= 0 && ms <= spanMs).toBe(true);
    }),
  );
});
