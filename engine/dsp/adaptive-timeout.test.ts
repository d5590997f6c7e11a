import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADAPTIVE_TIMEOUT_DEFAULTS, AdaptiveTimeout } from './adaptive-timeout.ts';
import { seededRandom, standardNormal } from './testing/simulate-dsp.ts';

const BOUNDS = { timeoutMs: 30, timeoutMsMin: 5 };
const never = () => 1;

class Line {
  readonly timeout = new AdaptiveTimeout(ADAPTIVE_TIMEOUT_DEFAULTS, BOUNDS, 0);
  readonly random = seededRandom(1);
  nowMs = 0;

  /** Calls at `perSecond` with log-normal latencies; the share of calls that timed out. */
  run(durationMs: number, perSecond: number, medianMs: number, sigma: number): number {
    const untilMs = this.nowMs + durationMs;
    let timeouts = 0;
    let calls = 0;
    for (; this.nowMs < untilMs; this.nowMs += 1000 / perSecond) {
      const waitMs = this.timeout.waitForCallMs(this.nowMs, this.random);
      const latencyMs = medianMs * Math.exp(sigma * standardNormal(this.random));
      calls += 1;
      if (latencyMs < waitMs) this.timeout.answered(latencyMs, this.nowMs);
      else {
        timeouts += 1;
        this.timeout.timedOut(waitMs, this.nowMs);
      }
    }
    return timeouts / calls;
  }

  get waitMs(): number {
    return this.timeout.waitMs(this.nowMs);
  }
}

describe('adaptive timeout', () => {
  it('is the configured timeout until enough is known', () => {
    const timeout = new AdaptiveTimeout(ADAPTIVE_TIMEOUT_DEFAULTS, BOUNDS, 0);
    for (let i = 0; i < 40; i++) timeout.answered(2, i * 10);
    expect(timeout.waitMs(60_000 - 1)).toBe(30);
  });

  it('approaches P95 and a tenth, slowly from above, in whole milliseconds', () => {
    const line = new Line();
    line.run(2000, 100, 8, 0.3);
    expect(line.waitMs).toBeGreaterThan(22);
    line.run(60_000, 100, 8, 0.3);
    // P95 = 8 x e^(1.645 x 0.3) = 13.1
    expect([14, 15]).toContain(line.waitMs);
  });

  it('never falls below the shortest wait worth a call', () => {
    const line = new Line();
    line.run(60_000, 100, 0.5, 0.3);
    expect(line.waitMs).toBe(5);
  });

  it('does not collapse, whatever the latencies: a DSP loses no more than the tail it is meant to lose', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 2, max: 14, noNaN: true }),
        fc.double({ min: 0.05, max: 0.45, noNaN: true }),
        fc.constantFrom(5, 50),
        (medianMs, sigma, perSecond) => {
          const line = new Line();
          line.run(90_000, perSecond, medianMs, sigma);
          expect(line.run(200_000, perSecond, medianMs, sigma)).toBeLessThan(0.06);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('gives a DSP that became slower its time within a second, and keeps giving it', () => {
    const line = new Line();
    line.run(60_000, 50, 6, 0.2);
    expect(line.waitMs).toBeLessThan(11);
    line.run(1000, 50, 18, 0.1);
    expect(line.waitMs).toBeGreaterThan(22);
    expect(line.run(120_000, 50, 18, 0.1)).toBeLessThan(0.05);
  });

  it('keeps the configured timeout until a DSP that stopped answering answers again', () => {
    const line = new Line();
    line.run(60_000, 50, 6, 0.2);
    for (let i = 0; i < 5; i++) line.timeout.timedOut(10, line.nowMs);
    expect(line.timeout.waitMs(line.nowMs)).toBe(30);
    expect(line.timeout.waitMs(line.nowMs + 5000)).toBe(30);
    line.timeout.answered(6, line.nowMs + 5000);
    expect(line.timeout.waitMs(line.nowMs + 15_000)).toBeLessThan(15);
  });

  it('gives a DSP that was not called for a window the configured timeout again', () => {
    const line = new Line();
    line.run(60_000, 50, 6, 0.2);
    expect(line.timeout.waitMs(line.nowMs + 61_000)).toBe(30);
  });

  it('explores with the configured timeout', () => {
    const line = new Line();
    line.run(60_000, 50, 6, 0.2);
    expect(line.timeout.waitForCallMs(line.nowMs, () => 0.01)).toBe(30);
    expect(line.timeout.waitForCallMs(line.nowMs, never)).toBe(line.waitMs);
  });

  it('learns from abandoned calls no more than that they took longer', () => {
    const line = new Line();
    for (let i = 0; i < 1000; i++) {
      line.timeout.answered(3, i);
      line.timeout.abandoned(1, i);
    }
    line.timeout.waitMs(500);
    expect(line.timeout.waitMs(60_000 - 1)).toBe(5);
    expect(line.timeout.histogram.quantileMs(0.5)).toBeCloseTo(3, 0);
  });

  it('does not blame a DSP for a wait shorter than half of its answers take', () => {
    const line = new Line();
    expect(line.timeout.isFairWait(5)).toBe(true);
    line.run(10_000, 50, 12, 0.2);
    expect(line.timeout.isFairWait(8)).toBe(false);
    expect(line.timeout.isFairWait(13)).toBe(true);
    expect(line.timeout.isFairWait(30)).toBe(true);
  });

  it('blames a slow DSP all the same when it gets the configured timeout', () => {
    const timeout = new AdaptiveTimeout(ADAPTIVE_TIMEOUT_DEFAULTS, BOUNDS, 0);
    for (let i = 0; i < 100; i++) timeout.answered(29.9, i);
    timeout.waitMs(300);
    expect(timeout.isFairWait(30)).toBe(true);
  });
});
