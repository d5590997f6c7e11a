import fc from 'fast-check';
import { build } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { LatencyHistogram } from './latency-histogram.ts';

describe('latency histogram', () => {
  it('is empty at first', () => {
    expect(new LatencyHistogram().summary()).toEqual({ count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0, maxMs: 0 });
  });

  it('knows any value to better than 1%', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (valueUs) => {
        const histogram = new LatencyHistogram();
        histogram.record(valueUs / 1_000);
        // A larger record keeps the maximum from hiding the bucket's end.
        histogram.record(2 ** 31 / 1_000);
        const found = histogram.percentileMs(50) * 1_000;
        expect(found).toBeGreaterThanOrEqual(Math.floor(valueUs));
        expect(found / valueUs).toBeLessThan(1.01);
      }),
    );
  });

  it('agrees with HdrHistogram', () => {
    const random = seededRandom(1);
    const ours = new LatencyHistogram();
    const reference = build({ numberOfSignificantValueDigits: 3 });
    for (let index = 0; index < 20_000; index++) {
      const latencyUs = Math.round(random.logNormal(9_000, 0.8));
      ours.record(latencyUs / 1_000);
      reference.recordValue(latencyUs);
    }
    for (const percent of [1, 50, 95, 99, 99.9, 100]) {
      const expectedMs = reference.getValueAtPercentile(percent) / 1_000;
      expect(Math.abs(ours.percentileMs(percent) / expectedMs - 1)).toBeLessThan(0.01);
    }
    expect(ours.summary().meanMs).toBeCloseTo(reference.mean / 1_000, 0);
  });

  it('takes what is out of range at the ends', () => {
    const histogram = new LatencyHistogram();
    histogram.record(-1);
    histogram.record(1e12);
    expect(histogram.count).toBe(2);
    expect(histogram.percentileMs(50)).toBe(0);
    expect(histogram.summary().maxMs).toBe(1e12);
  });
});
