import { describe, expect, it } from 'vitest';
import { BREAKER_DEFAULTS, Breaker } from './breaker.ts';

const noJitter = () => 0;

/** `count` calls, evenly over `durationMs`, of which every `failEvery`-th fails. Returns the time after the last. */
function feed(breaker: Breaker, nowMs: number, count: number, durationMs: number, failEvery: number): number {
  for (let i = 1; i <= count; i++) {
    breaker.record(i % failEvery === 0, false, nowMs + (durationMs * i) / count, noJitter);
  }
  return nowMs + durationMs;
}

function opened(): Breaker {
  const breaker = new Breaker(BREAKER_DEFAULTS, 0);
  feed(breaker, 0, 20, 1000, 1);
  expect(breaker.state).toBe('open');
  return breaker;
}

function probe(breaker: Breaker, nowMs: number, good: number, bad: number): void {
  for (let i = 0; i < bad; i++) breaker.record(true, true, nowMs, noJitter);
  for (let i = 0; i < good; i++) breaker.record(false, true, nowMs, noJitter);
}

describe('closed', () => {
  it('opens above 10% errors over 60 s', () => {
    const breaker = new Breaker(BREAKER_DEFAULTS, 0);
    const nowMs = feed(breaker, 0, 500, 50_000, 10);
    expect(breaker.state).toBe('closed');
    expect(breaker.errorRatio(nowMs)).toBeCloseTo(0.1);
    breaker.record(true, false, nowMs, noJitter);
    expect(breaker.state).toBe('open');
  });

  it('does not judge less than the volume minimum', () => {
    const breaker = new Breaker(BREAKER_DEFAULTS, 0);
    feed(breaker, 0, 98, 50_000, 2);
    expect(breaker.state).toBe('closed');
    feed(breaker, 50_000, 2, 100, 2);
    expect(breaker.state).toBe('open');
  });

  it('forgets errors that are older than the window', () => {
    const breaker = new Breaker(BREAKER_DEFAULTS, 0);
    feed(breaker, 0, 90, 50_000, 2);
    feed(breaker, 121_000, 300, 10_000, 12);
    expect(breaker.state).toBe('closed');
    expect(breaker.errorRatio(300_000)).toBeNull();
  });

  it('opens on a run of failures within a second, but not on a hiccup', () => {
    const breaker = new Breaker(BREAKER_DEFAULTS, 0);
    for (let i = 0; i < 1000; i++) breaker.record(false, false, 0, noJitter);
    for (let i = 0; i < 50; i++) breaker.record(true, false, 100, noJitter);
    expect(breaker.state).toBe('closed');
    breaker.record(true, false, 600, noJitter);
    expect(breaker.state).toBe('open');
  });

  it('counts a run anew after each success', () => {
    const breaker = new Breaker(BREAKER_DEFAULTS, 0);
    for (let i = 0; i < 9; i++) breaker.record(true, false, i * 1000, noJitter);
    breaker.record(false, false, 9000, noJitter);
    for (let i = 0; i < 9; i++) breaker.record(true, false, 9000 + i * 1000, noJitter);
    expect(breaker.state).toBe('closed');
  });
});

describe('open', () => {
  it('half opens after 30 s', () => {
    const breaker = opened();
    const remainingMs = breaker.backOffRemainingMs(1000);
    expect(remainingMs).toBeGreaterThan(29_000);
    breaker.advance(1000 + remainingMs - 1);
    expect(breaker.state).toBe('open');
    breaker.advance(1000 + remainingMs);
    expect(breaker.state).toBe('half-open');
  });

  it('half opens earlier when its owner says so', () => {
    const breaker = opened();
    breaker.endBackOff();
    expect(breaker.state).toBe('half-open');
    expect(breaker.backOffRemainingMs(1000)).toBe(0);
  });

  it('ignores results', () => {
    const breaker = opened();
    const remainingMs = breaker.backOffRemainingMs(1000);
    probe(breaker, 2000, 200, 200);
    expect(breaker.state).toBe('open');
    expect(breaker.backOffRemainingMs(1000)).toBe(remainingMs);
  });

  it('doubles the back-off each time, up to its bound', () => {
    const breaker = opened();
    const backOffsMs: number[] = [];
    for (let nowMs = 1000; backOffsMs.length < 6; ) {
      backOffsMs.push(Math.round(breaker.backOffRemainingMs(nowMs) / 1000) * 1000);
      nowMs += breaker.backOffRemainingMs(nowMs);
      breaker.advance(nowMs);
      probe(breaker, nowMs, 0, 11);
    }
    expect(backOffsMs).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  it('adds up to a fifth of jitter', () => {
    const breaker = new Breaker(BREAKER_DEFAULTS, 0);
    for (let i = 0; i <= 10; i++) breaker.record(true, false, i * 100, () => 0.5);
    expect(breaker.backOffRemainingMs(900)).toBe(33_000);
  });
});

describe('half-open', () => {
  it('closes at 90 of 100 probes', () => {
    const breaker = opened();
    breaker.endBackOff();
    probe(breaker, 2000, 89, 10);
    expect(breaker.state).toBe('half-open');
    probe(breaker, 2000, 1, 0);
    expect(breaker.state).toBe('closed');
    expect(breaker.errorRatio(2000)).toBeNull();
  });

  it('opens as soon as 90 of 100 cannot be reached', () => {
    const breaker = opened();
    breaker.endBackOff();
    probe(breaker, 2000, 0, 10);
    expect(breaker.state).toBe('half-open');
    probe(breaker, 2000, 0, 1);
    expect(breaker.state).toBe('open');
  });

  it('ignores results of calls from before it opened', () => {
    const breaker = opened();
    breaker.endBackOff();
    feed(breaker, 2000, 100, 10, 1);
    expect(breaker.state).toBe('half-open');
  });

  it('starts with the first back-off again after a calm minute, not before', () => {
    for (const [calmMs, expectedMs] of [
      [70_000, 30_000],
      [10_000, 60_000],
    ] as const) {
      const breaker = opened();
      breaker.endBackOff();
      probe(breaker, 2000, 100, 0);
      feed(breaker, 2000 + calmMs, 10, 1000, 1);
      expect(breaker.state).toBe('open');
      expect(breaker.backOffRemainingMs(3000 + calmMs)).toBe(expectedMs);
    }
  });
});
