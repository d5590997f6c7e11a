import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../simulator/random.ts';
import { TokenBucket } from '../token-bucket.ts';
import { RatePrice } from './rate-price.ts';

/** Requests of a DSP with an agreed rate, worth 0 to 1,000,000 each; the first half is for learning. */
function run(requestsPerSecond: number, callsPerSecond: number, isPriced: boolean) {
  const random = seededRandom(1);
  const rate = { ratePerSecond: callsPerSecond, burstMs: 100 };
  const price = new RatePrice(rate, 0);
  const bucket = new TokenBucket(rate, 0);
  const seconds = 120;
  let calls = 0;
  let valueMicros = 0;
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs += (-Math.log(1 - random.next()) * 1000) / requestsPerSecond) {
    const micros = random.next() * 1_000_000;
    if ((isPriced && !price.isWorth(micros, nowMs)) || !bucket.take(nowMs) || nowMs < (seconds * 1000) / 2) continue;
    calls += 1;
    valueMicros += micros;
  }
  return { callsPerSecond: calls / (seconds / 2), meanMicros: valueMicros / calls };
}

describe('rate price', () => {
  it.each([
    [200, 50],
    [200, 20],
    [200, 5],
    [20, 1],
    [2000, 500],
  ])('of %i requests a second, gives the %i agreed calls to the dearest', (requests, calls) => {
    const first = run(requests, calls, false);
    const dearest = run(requests, calls, true);
    expect(dearest.callsPerSecond).toBeGreaterThan(0.85 * first.callsPerSecond);
    expect(first.meanMicros).toBeLessThan(560_000);
    expect(dearest.meanMicros).toBeGreaterThan(750_000);
  });

  it('is free where the rate is never reached', () => {
    const price = new RatePrice({ ratePerSecond: 100, burstMs: 100 }, 0);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 50) expect(price.isWorth(10, nowMs)).toBe(true);
    expect(price.priceMicros).toBeLessThan(2);
  });

  it('keeps its level over a pause', () => {
    const price = new RatePrice({ ratePerSecond: 10, burstMs: 100 }, 0);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 10) price.isWorth(1_000_000, nowMs);
    const before = price.priceMicros;
    price.isWorth(0, 10 * 60_000);
    expect(price.priceMicros).toBeGreaterThan(before / 2);
  });
});
