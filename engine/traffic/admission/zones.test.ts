import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CEILING_FROM, refuses, SHED_FROM, ZoneTracker } from './zones.ts';

const OPTIONS = { smoothingMs: 200, hysteresis: 0.1, dwellMs: 1500 };

function hold(tracker: ZoneTracker, utilisation: number, fromMs: number, ms: number): number {
  for (let nowMs = fromMs; nowMs <= fromMs + ms; nowMs += 10) tracker.observe(utilisation, nowMs);
  return fromMs + ms;
}

describe('refusing', () => {
  const any = { valued: fc.boolean(), random: fc.double({ min: 0, max: 0.999, noNaN: true }) };

  it('refuses nobody up to 90%', () => {
    const below = fc.double({ min: 0, max: SHED_FROM - 1e-9, noNaN: true });
    fc.assert(fc.property(below, any.valued, any.random, (u, valued, random) => !refuses(u, valued, random)));
  });

  it('keeps every valued request up to the ceiling', () => {
    const below = fc.double({ min: 0, max: CEILING_FROM - 1e-9, noNaN: true });
    fc.assert(fc.property(below, any.random, (u, random) => !refuses(u, true, random)));
  });

  it('refuses half of the rest to the limit, all of it above', () => {
    expect([0, 0.49, 0.5, 0.99].map((random) => refuses(0.95, false, random))).toEqual([true, true, false, false]);
    expect([0, 0.99].map((random) => refuses(1, false, random))).toEqual([true, true]);
  });

  it('refuses everybody at the ceiling', () => {
    expect(refuses(CEILING_FROM, true, 0.99)).toBe(true);
  });
});

describe('zones', () => {
  it('a burst of 20 ms degrades nobody', () => {
    const tracker = new ZoneTracker(OPTIONS, 0);
    const nowMs = hold(tracker, 0.3, 0, 1000);
    hold(tracker, 1.2, nowMs, 20);
    expect(tracker.zone).toBe('open');
  });

  it('lasting pressure is signalled, then shed', () => {
    const tracker = new ZoneTracker(OPTIONS, 0);
    const nowMs = hold(tracker, 0.8, 0, 1000);
    expect(tracker.zone).toBe('signal');
    hold(tracker, 1, nowMs, 1000);
    expect(tracker.zone).toBe('shed');
    expect(tracker.level).toBe(2);
  });

  it('a zone is not left just below its entry', () => {
    const tracker = new ZoneTracker(OPTIONS, 0);
    const nowMs = hold(tracker, 0.75, 0, 2000);
    hold(tracker, 0.65, nowMs, 20_000);
    expect(tracker.zone).toBe('signal');
  });

  it('is open again within 5 s of the pressure ending', () => {
    const tracker = new ZoneTracker(OPTIONS, 0);
    const nowMs = hold(tracker, 1.4, 0, 60_000);
    hold(tracker, 0.4, nowMs, 5000);
    expect(tracker.zone).toBe('open');
  });

  it('opens after a silence, without a request to tell it', () => {
    const tracker = new ZoneTracker(OPTIONS, 0);
    let nowMs = hold(tracker, 1.4, 0, 2000);
    tracker.observe(0, nowMs);
    for (nowMs += 10_000; tracker.level > 0 && nowMs < 20_000; nowMs += 1600) tracker.observe(0, nowMs);
    expect(tracker.zone).toBe('open');
  });

  it('a value that swings around a border changes the zone at most once per dwell', () => {
    const swings = fc.array(fc.double({ min: 0.6, max: 1, noNaN: true }), { minLength: 200, maxLength: 400 });
    fc.assert(
      fc.property(swings, (values) => {
        const tracker = new ZoneTracker(OPTIONS, 0);
        const downwards: number[] = [];
        let level: number = tracker.level;
        for (const [index, value] of values.entries()) {
          tracker.observe(value, index * 50);
          if (tracker.level < level) downwards.push(index * 50);
          level = tracker.level;
        }
        for (let index = 1; index < downwards.length; index++) {
          expect(downwards[index]! - downwards[index - 1]!).toBeGreaterThanOrEqual(OPTIONS.dwellMs);
        }
      }),
    );
  });
});
