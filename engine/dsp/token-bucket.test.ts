import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

it('never gives more than burst + rate x time in any interval', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 1000 }),
      fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { maxLength: 150 }),
      (ratePerSecond, burstMs, gapsMs) => {
        const bucket = new TokenBucket({ ratePerSecond, burstMs }, 0);
        const burst = Math.max(1, (ratePerSecond * burstMs) / 1000);
        const takenAtMs: number[] = [];
        let nowMs = 0;
        for (const gapMs of gapsMs) {
          nowMs += gapMs;
          if (bucket.take(nowMs)) takenAtMs.push(nowMs);
        }
        for (let from = 0; from < takenAtMs.length; from++) {
          for (let to = from; to < takenAtMs.length; to++) {
            const allowed = burst + (ratePerSecond * (takenAtMs[to]! - takenAtMs[from]!)) / 1000;
            expect(to - from + 1).toBeLessThanOrEqual(allowed + 1e-6);
          }
        }
      },
    ),
  );
});

it('gives the whole rate to steady demand, also a low one', () => {
  for (const ratePerSecond of [0.2, 7, 100]) {
    const bucket = new TokenBucket({ ratePerSecond, burstMs: 100 }, 0);
    let taken = 0;
    for (let nowMs = 0; nowMs < 100_000; nowMs += 1) if (bucket.take(nowMs)) taken += 1;
    expect(Math.abs(taken - ratePerSecond * 100)).toBeLessThanOrEqual(ratePerSecond * 0.1 + 1);
  }
});

it('gains nothing from a clock that stands still', () => {
  const bucket = new TokenBucket({ ratePerSecond: 20, burstMs: 100 }, 0);
  expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([true, true, false]);
});
