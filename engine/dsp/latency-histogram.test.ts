import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from './latency-histogram.ts';

const OPTIONS = { windowMs: 6000, sliceCount: 6 };

function histogramOf(latenciesMs: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram(OPTIONS, 0);
  for (const latencyMs of latenciesMs) histogram.recordAnswered(latencyMs, 0);
  return histogram;
}

describe('latency histogram', () => {
  it('gives the upper edge of the bucket of the exact quantile, at most 1/32 and a microsecond above it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1040, noNaN: true }), { minLength: 60, maxLength: 200 }),
        fc.constantFrom(0.5, 0.9, 0.95),
        (latenciesMs, p) => {
          const sorted = latenciesMs.toSorted((a, b) => a - b);
          const exactMs = sorted[Math.ceil(p * sorted.length - 1e-9) - 1]!;
          const histogram = histogramOf(latenciesMs);
          for (const quantileMs of [histogram.quantileMs(p), histogram.answeredQuantileMs(p)]) {
            expect(quantileMs).toBeGreaterThanOrEqual(exactMs);
            expect(quantileMs).toBeLessThanOrEqual(exactMs * (1 + 1 / 32) + 0.001001);
          }
        },
      ),
    );
  });

  it('knows nothing without observations, and nothing above its range', () => {
    expect(histogramOf([]).quantileMs(0.5)).toBe(Number.POSITIVE_INFINITY);
    expect(histogramOf([]).answeredQuantileMs(0.5)).toBe(Number.POSITIVE_INFINITY);
    expect(histogramOf([1100, 1200, 5000, Number.POSITIVE_INFINITY]).quantileMs(0.5)).toBe(Number.POSITIVE_INFINITY);
  });

  it('agrees with the published product-limit estimate (Freireich 1963, 6-MP group)', () => {
    const answeredMs = [6, 6, 6, 7, 10, 13, 16, 22, 23];
    const censoredMs = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
    const histogram = histogramOf(answeredMs);
    for (const waitedMs of censoredMs) histogram.recordCensored(waitedMs, 0);
    // Survival: 6 .857, 7 .807, 10 .753, 13 .690, 16 .627, 22 .538, 23 .448
    const steps: [number, number][] = [
      [0.14, 6],
      [0.15, 7],
      [0.19, 7],
      [0.24, 10],
      [0.3, 13],
      [0.37, 16],
      [0.46, 22],
      [0.55, 23],
    ];
    for (const [p, expectedMs] of steps) {
      expect(histogram.quantileMs(p)).toBeGreaterThanOrEqual(expectedMs);
      expect(histogram.quantileMs(p)).toBeLessThan(expectedMs * 1.04);
    }
    expect(histogram.quantileMs(0.56)).toBe(Number.POSITIVE_INFINITY);
  });

  it('does not take waits for latencies: with 6% given up the P95 is unknown, with 4% it is not', () => {
    const histogram = histogramOf(Array.from({ length: 94 }, () => 5));
    for (let i = 0; i < 6; i++) histogram.recordCensored(6, 0);
    expect(histogram.quantileMs(0.95)).toBe(Number.POSITIVE_INFINITY);
    for (let i = 0; i < 56; i++) histogram.recordAnswered(5, 0);
    expect(histogram.quantileMs(0.95)).toBeCloseTo(5, 0);
  });

  it('never makes a tail from fewer than three calls', () => {
    const histogram = histogramOf([1, 2]);
    for (let i = 0; i < 100; i++) histogram.recordCensored(0.5, 0);
    expect(histogram.quantileMs(0.5)).toBe(Number.POSITIVE_INFINITY);
  });

  it('forgets what has left the window, however long nothing happened', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(4000), fc.boolean(), fc.integer({ min: 1, max: 40 })), { maxLength: 60 }),
        (steps) => {
          const histogram = new LatencyHistogram(OPTIONS, 0);
          const seen: { atMs: number; isAnswered: boolean }[] = [];
          let nowMs = 0;
          for (const [gapMs, isAnswered, latencyMs] of steps) {
            nowMs += gapMs;
            seen.push({ atMs: nowMs, isAnswered });
            if (isAnswered) histogram.recordAnswered(latencyMs, nowMs);
            else histogram.recordCensored(latencyMs, nowMs);
          }
          const oldestSlice = Math.floor(nowMs / 1000) - 5;
          const kept = seen.filter((call) => Math.floor(call.atMs / 1000) >= oldestSlice);
          expect(histogram.count).toBe(kept.length);
          expect(histogram.answeredCount).toBe(kept.filter((call) => call.isAnswered).length);
          histogram.advance(nowMs + 7000);
          expect(histogram.count).toBe(0);
          expect(histogram.quantileMs(0.01)).toBe(Number.POSITIVE_INFINITY);
        },
      ),
    );
  });
});
