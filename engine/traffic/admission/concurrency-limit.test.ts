import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { ADMISSION_DEFAULTS } from './defaults.ts';

/** The rules of the ratio; what is free of them has its own tests. */
const OPTIONS = { ...ADMISSION_DEFAULTS.concurrency, latencyMsFree: 0 };

/** Feeds one sample per ms for `ms`; latency follows from the limit as it stands. */
function feed(
  limit: ConcurrencyLimit,
  fromMs: number,
  ms: number,
  sample: (limit: number) => { ownLatencyMs: number; inFlight: number; fullService: boolean },
): number {
  for (let nowMs = fromMs; nowMs < fromMs + ms; nowMs++) limit.record(sample(limit.limit), nowMs);
  return fromMs + ms;
}

const busy = (ownLatencyMs: number) => (limit: number) => ({ ownLatencyMs, inFlight: limit, fullService: true });

describe('concurrency limit', () => {
  it('grows while it is in use and latency stays at its baseline', () => {
    const limit = new ConcurrencyLimit(OPTIONS, 0);
    feed(limit, 0, 2000, busy(3));
    expect(limit.limit).toBeGreaterThan(2 * OPTIONS.limitInitial);
    expect(limit.baselineMs).toBeCloseTo(3);
  });

  it('halves within a quarter of a second when latency trebles', () => {
    const limit = new ConcurrencyLimit(OPTIONS, 0);
    const nowMs = feed(limit, 0, 500, busy(3));
    const before = limit.limit;
    feed(limit, nowMs, 250, busy(9));
    expect(limit.limit).toBeLessThan(before / 2);
  });

  it('settles where a queue begins: more in flight than the server can work on only waits', () => {
    // Closed system: DSPs take 20 ms, the CPU 2.5 ms per auction; own latency is what is left (Little's law).
    const limit = new ConcurrencyLimit(OPTIONS, 0);
    const nowMs = feed(limit, 0, 1000, () => ({ ownLatencyMs: 2.5, inFlight: 2, fullService: true }));
    feed(limit, nowMs, 10_000, (n) => ({ ownLatencyMs: Math.max(2.5, 2.5 * n - 20), inFlight: n, fullService: true }));
    expect(limit.limit).toBeGreaterThan(9);
    expect(limit.limit).toBeLessThan(12);
  });

  it('a few milliseconds are no queue, however fast the engine is when idle; more are', () => {
    const limit = new ConcurrencyLimit(ADMISSION_DEFAULTS.concurrency, 0);
    let nowMs = feed(limit, 0, 1000, busy(0.5));
    const before = limit.limit;
    nowMs = feed(limit, nowMs, 1000, busy(4.5));
    expect(limit.limit).toBeGreaterThan(before);
    feed(limit, nowMs, 1000, busy(20));
    expect(limit.limit).toBeLessThan(before / 2);
  });

  it('does not grow while less than half of it is in use', () => {
    const limit = new ConcurrencyLimit(OPTIONS, 0);
    feed(limit, 0, 5000, () => ({ ownLatencyMs: 3, inFlight: 15, fullService: true }));
    expect(limit.limit).toBe(OPTIONS.limitInitial);
  });

  it('shrinks no lower than twice what is in flight at low load, however slow that is', () => {
    const limit = new ConcurrencyLimit(OPTIONS, 0);
    const low = (ownLatencyMs: number) => () => ({ ownLatencyMs, inFlight: 7, fullService: true });
    const nowMs = feed(limit, 0, 1000, low(3));
    feed(limit, nowMs, 10_000, low(30));
    expect(limit.limit).toBe(14);
  });

  it('takes a minute of overload for what it is: the baseline moves by less than a third', () => {
    const limit = new ConcurrencyLimit(OPTIONS, 0);
    const nowMs = feed(limit, 0, 1000, busy(3));
    feed(limit, nowMs, 60_000, busy(6));
    expect(limit.baselineMs).toBeLessThan(4);
  });

  it('never takes more than its bound for normal, also when it starts in overload', () => {
    const limit = new ConcurrencyLimit(OPTIONS, 0);
    feed(limit, 0, 1000, busy(200));
    expect(limit.baselineMs).toBe(OPTIONS.baselineMsMax);
  });

  it('does not learn from degraded requests how fast full service is', () => {
    const limit = new ConcurrencyLimit(OPTIONS, 0);
    const nowMs = feed(limit, 0, 1000, busy(3));
    feed(limit, nowMs, 5000, () => ({ ownLatencyMs: 1, inFlight: 10, fullService: false }));
    expect(limit.baselineMs).toBeCloseTo(3);
  });

  it('stays within its bounds and finite for any samples', () => {
    const sample = fc.record({
      ownLatencyMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
      inFlight: fc.integer({ min: 0, max: 10_000 }),
      fullService: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 300 }), (samples) => {
        const limit = new ConcurrencyLimit(OPTIONS, 0);
        for (const [index, one] of samples.entries()) limit.record(one, index * 10);
        expect(limit.limit).toBeGreaterThanOrEqual(OPTIONS.limitMin);
        expect(limit.limit).toBeLessThanOrEqual(OPTIONS.limitMax);
      }),
    );
  });
});
