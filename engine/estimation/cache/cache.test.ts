import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CountMinSketch, hashOfKey } from './count-min-sketch.ts';
import { expiryOf, HORIZON_DEFAULTS, negativeExpiryOf } from './horizons.ts';
import { HotKeys } from './hot-keys.ts';
import { Invalidations, TAG_ALL, tagOf, tagOfId } from './invalidations.ts';
import { type LocalPrediction, LocalPredictions } from './local-predictions.ts';
import { PredictionKeys } from './prediction-key.ts';
import { SegmentedLru } from './segmented-lru.ts';
import { SingleFlight } from './single-flight.ts';

const competes = () => 'competes' as const;

describe('the count-min sketch', () => {
  it('never counts too low, and seldom too high', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 2000 }), (keys) => {
        const sketch = new CountMinSketch(1024);
        const counts = new Map<number, number>();
        for (const key of keys) {
          sketch.add(hashOfKey(key));
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
        let excess = 0;
        for (const [key, count] of counts) {
          expect(sketch.count(hashOfKey(key))).toBeGreaterThanOrEqual(count);
          excess += sketch.count(hashOfKey(key)) - count;
        }
        expect(excess).toBeLessThanOrEqual(keys.length * 0.02);
      }),
    );
  });

  it('saturates, halves and clears', () => {
    const sketch = new CountMinSketch(16);
    for (let index = 0; index < 70_000; index++) sketch.add(7);
    expect(sketch.count(7)).toBe(65_535);
    sketch.halve();
    for (let index = 0; index < 2; index++) sketch.add(8);
    expect(sketch.count(7)).toBe(32_767);
    sketch.clear();
    expect(sketch.count(7)).toBe(0);
  });

  it('halves a little with each addition, each count once', () => {
    const width = 1024;
    const sketch = new CountMinSketch(width);
    const keys = Array.from({ length: 20 }, (_, index) => hashOfKey(index * 7919));
    for (const key of keys) for (let times = 0; times < 1000; times++) sketch.add(key);
    const counts = () => keys.map((key) => sketch.count(key));
    const halved = () => counts().filter((count) => count <= 501).length;
    sketch.halve();
    expect(halved()).toBe(0);
    const seen: number[] = [];
    for (let additions = 0; additions < width / 8; additions++) {
      sketch.add(hashOfKey(123_456_789));
      seen.push(halved());
    }
    expect(seen[width / 64]).toBeLessThan(keys.length);
    expect(seen.at(-1)).toBe(keys.length);
    for (const count of counts()) expect(count).toBeGreaterThanOrEqual(500);
    for (let additions = 0; additions < width; additions++) sketch.add(hashOfKey(123_456_789));
    for (const count of counts()) expect(count).toBeGreaterThanOrEqual(500);
    // Twice at once: the first is over before the second begins.
    sketch.halve();
    sketch.halve();
    for (let additions = 0; additions < width / 8; additions++) sketch.add(hashOfKey(1));
    for (const count of counts()) expect(count).toBeLessThanOrEqual(251);
  });
});

describe('hot keys', () => {
  it('are those over the rate, until a second without', () => {
    const hot = new HotKeys(100);
    for (let index = 0; index < 100; index++) expect(hot.observe(5, index * 5)).toBe(false);
    expect(hot.observe(5, 500)).toBe(true);
    expect(hot.isHot(6, 500)).toBe(false);
    expect(hot.isHot(5, 1999)).toBe(true);
    expect(hot.isHot(5, 2000)).toBe(false);
  });

  it('forget at once what was long ago', () => {
    const hot = new HotKeys(1);
    hot.observe(5, 0);
    hot.observe(5, 1);
    expect(hot.isHot(5, 60_000)).toBe(false);
  });
});

describe('keys', () => {
  const exact = { kind: 'exact' } as const;
  const keys = new PredictionKeys(
    [
      { bucket: exact, coarse: exact },
      { bucket: { kind: 'step', step: 10 }, coarse: { kind: 'step', step: 10 } },
      { bucket: { kind: 'edges', edges: [1, 5] }, coarse: { kind: 'left-out' } },
      { bucket: { kind: 'left-out' }, coarse: { kind: 'left-out' } },
    ],
    'v1',
    'schema',
  );
  const of = (...row: number[]) => {
    keys.read(Float64Array.from(row), 0);
    return { exact: keys.exact, coarse: keys.coarse };
  };

  it('are the same within buckets', () => {
    const base = of(1, 12, 2, 3);
    expect(of(1, 19, 4.9, 77)).toEqual(base);
    expect(of(2, 12, 2, 3)).not.toEqual(base);
    expect(of(1, 20, 2, 3).exact).not.toBe(base.exact);
    expect(of(1, 12, 5, 3).exact).not.toBe(base.exact);
  });

  it('a coarse one leaves out what is volatile', () => {
    expect(of(1, 12, 5, 3).coarse).toBe(of(1, 12, 0, 3).coarse);
    expect(of(1, 22, 5, 3).coarse).not.toBe(of(1, 12, 5, 3).coarse);
    expect(of(1, 12, 5, 3).coarse).not.toBe(of(1, 12, 5, 3).exact);
  });

  it('know missing values and both zeros', () => {
    expect(of(Number.NaN, Number.NaN, Number.NaN, 0)).toEqual(of(Number.NaN, Number.NaN, Number.NaN, 1));
    expect(of(Number.NaN, 0, 0, 0)).not.toEqual(of(0, 0, 0, 0));
    expect(of(-0, 0, 0, 0)).toEqual(of(0, 0, 0, 0));
  });

  it('differ between versions and schemas', () => {
    const before = of(1, 2, 3, 4);
    keys.setVersion('v2', 'schema');
    const after = of(1, 2, 3, 4);
    keys.setVersion('v1', 'schema2');
    const other = of(1, 2, 3, 4);
    keys.setVersion('v1', 'schema');
    expect(new Set([before.exact, after.exact, other.exact]).size).toBe(3);
    expect(of(1, 2, 3, 4)).toEqual(before);
  });

  it('of many rows are all different, and safe integers', () => {
    const seen = new Set<number>();
    for (let row = 0; row < 100_000; row++) seen.add(of(row, 0, 0, 0).exact);
    expect(seen.size).toBe(100_000);
    for (const key of seen) expect(Number.isSafeInteger(key) && key >= 0).toBe(true);
  });
});

describe('horizons', () => {
  const { exact } = HORIZON_DEFAULTS;

  it('10 s here, 30 s in all, 300 s when degraded', () => {
    expect(expiryOf(exact, HORIZON_DEFAULTS, { bornAtMs: 1000, nowMs: 1000 }, () => 0)).toEqual({
      refreshAtMs: 8000,
      freshUntilMs: 11_000,
      staleUntilMs: 301_000,
    });
  });

  it('what comes from elsewhere is as old as it is', () => {
    const { freshUntilMs } = expiryOf(exact, HORIZON_DEFAULTS, { bornAtMs: 0, nowMs: 25_000 }, () => 0);
    expect(freshUntilMs).toBe(30_000);
  });

  it('what came together does not go together', () => {
    let draw = 0;
    const untils = Array.from(
      { length: 100 },
      () => expiryOf(exact, HORIZON_DEFAULTS, { bornAtMs: 0, nowMs: 0 }, () => (draw++ % 100) / 100).freshUntilMs,
    );
    expect(Math.max(...untils) - Math.min(...untils)).toBeGreaterThan(1900);
    expect(Math.min(...untils)).toBeGreaterThanOrEqual(8000);
  });

  it('that there is none is known for a short while', () => {
    expect(negativeExpiryOf(HORIZON_DEFAULTS, 0, () => 0)).toMatchObject({ freshUntilMs: 2000, staleUntilMs: 2000 });
  });
});

describe('the bounded map', () => {
  it('never holds more, and finds what it holds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.tuple(fc.constantFrom('get', 'set', 'delete'), fc.integer({ min: 0, max: 40 })), {
          maxLength: 300,
        }),
        (entriesMax, steps) => {
          const map = new SegmentedLru<number>(entriesMax);
          const kept = new Map<number, number>();
          for (const [index, [step, key]] of steps.entries()) {
            if (step === 'set') {
              if (map.set(key, index, competes)) kept.set(key, index);
            } else if (step === 'delete') {
              map.delete(key);
              kept.delete(key);
            } else {
              const value = map.get(key);
              if (value !== undefined) expect(value).toBe(kept.get(key));
            }
            expect(map.size).toBeLessThanOrEqual(entriesMax);
          }
        },
      ),
    );
  });

  it('what is seen once does not push out what is used', () => {
    const map = new SegmentedLru<number>(100);
    for (let round = 0; round < 5; round++) {
      for (let key = 0; key < 100; key++) if (map.get(key) === undefined) map.set(key, key, competes);
    }
    for (let key = 100; key < 500; key++) if (map.get(key) === undefined) map.set(key, key, competes);
    let kept = 0;
    for (let key = 0; key < 100; key++) if (map.get(key) !== undefined) kept++;
    expect(kept).toBeGreaterThanOrEqual(95);
  });

  it('what is dead goes without a contest, what stays stays', () => {
    const map = new SegmentedLru<string>(2);
    for (const key of [1, 2]) {
      map.get(key);
      map.set(key, 'old', competes);
    }
    expect(map.set(3, 'new', () => 'stays')).toBe(false);
    expect(map.set(3, 'new', (key) => (key === 1 ? 'goes' : 'stays'))).toBe(true);
    expect(map.get(1)).toBeUndefined();
    expect(map.get(2)).toBe('old');
  });
});

describe('predictions of this process', () => {
  const options = { entriesMax: 2, hotPerSecondMin: 100, staleMsMax: 300_000 };
  const entry = (changes: Partial<LocalPrediction> = {}): LocalPrediction => ({
    value: 0.1,
    bornAtMs: 0,
    refreshAtMs: 7000,
    freshUntilMs: 10_000,
    staleUntilMs: 300_000,
    campaignTag: 11,
    userTag: 22,
    deviceTag: 44,
    ...changes,
  });

  it('are there until they are stale beyond use', () => {
    const local = new LocalPredictions(options);
    local.set(1, entry(), 0);
    expect(local.get(1, 299_999)).not.toBeNull();
    expect(local.get(1, 300_000)).toBeNull();
    expect(local.size).toBe(0);
  });

  it.each([
    ['campaign', 11],
    ['user', 22],
    ['device', 44],
    ['all', TAG_ALL],
  ])('are gone at once when invalidated by %s, also one still on its way', (_name, tag) => {
    const local = new LocalPredictions(options);
    local.set(1, entry({ bornAtMs: 1000 }), 1000);
    local.invalidate(tag, 2000);
    expect(local.get(1, 2000)).toBeNull();
    local.set(1, entry({ bornAtMs: 1500 }), 2500);
    expect(local.get(1, 2500)).toBeNull();
    local.set(1, entry({ bornAtMs: 2001 }), 2600);
    expect(local.get(1, 2600)).not.toBeNull();
  });

  it('others stay', () => {
    const local = new LocalPredictions(options);
    local.set(1, entry({ bornAtMs: 1000 }), 1000);
    local.invalidate(33, 2000);
    expect(local.get(1, 2000)).not.toBeNull();
  });

  it('a hot one is not pushed out', () => {
    const local = new LocalPredictions(options);
    for (let index = 0; index <= 100; index++) local.get(1, index);
    local.set(1, entry(), 100);
    local.set(2, entry(), 100);
    for (let key = 3; key < 50; key++) {
      for (let times = 0; times < 99; times++) local.get(key, 200);
      local.set(key, entry(), 200);
    }
    expect(local.get(1, 200)).not.toBeNull();
    expect(local.size).toBe(2);
  });
});

describe('invalidations', () => {
  it('are forgotten when nothing so old is kept, and turn into one of all when there are too many', () => {
    const invalidations = new Invalidations({ keptMs: 1000, tagsMax: 2 });
    const of = (campaignTag: number) => ({ campaignTag, userTag: 9, deviceTag: TAG_ALL });
    invalidations.invalidate(1, 0);
    expect(invalidations.isValid(0, of(1))).toBe(false);
    invalidations.invalidate(2, 2000);
    expect(invalidations.isValid(0, of(1))).toBe(true);
    invalidations.invalidate(3, 2001);
    expect(invalidations.isValid(1999, of(9))).toBe(true);
    invalidations.invalidate(4, 2002);
    expect(invalidations.isValid(1999, of(9))).toBe(false);
  });

  it('tags of campaigns, users and all are told apart', () => {
    const tags = [
      tagOf({ kind: 'campaign', id: 'a' }),
      tagOf({ kind: 'user', id: 'a' }),
      tagOf({ kind: 'campaign', id: 'b' }),
      tagOf({ kind: 'all' }),
    ];
    expect(new Set(tags).size).toBe(4);
    expect(tagOfId('user', 'a')).toBe(tags[1]);
    expect(tagOfId('user', '')).toBe(TAG_ALL);
  });
});

describe('single flight', () => {
  const options = { windowMs: 100, flightsMax: 2, waitersMax: 3 };

  it('one leads, the others join, all are told', () => {
    const flights = new SingleFlight<string>(options);
    expect(flights.board(1, 'a', 0)).toBe('leads');
    expect(flights.board(1, 'b', 50)).toBe('joins');
    expect(flights.board(1, null, 99)).toBe('joins');
    expect(flights.land(1)).toEqual(['a', 'b']);
    expect(flights.land(1)).toEqual([]);
    expect(flights.board(1, 'c', 99)).toBe('leads');
  });

  it('after the window another one leads, and whoever lands first answers all', () => {
    const flights = new SingleFlight<string>(options);
    flights.board(1, 'a', 0);
    expect(flights.board(1, 'b', 100)).toBe('leads');
    expect(flights.board(1, 'c', 150)).toBe('joins');
    expect(flights.land(1)).toEqual(['a', 'b', 'c']);
  });

  it('goes on when nobody needs to wait any longer', () => {
    const flights = new SingleFlight<string>(options);
    flights.board(1, 'a', 0);
    expect(flights.release(1)).toEqual(['a']);
    expect(flights.release(2)).toEqual([]);
    expect(flights.board(1, 'b', 1)).toBe('joins');
    expect(flights.land(1)).toEqual(['b']);
  });

  it('is bounded in keys and waiters', () => {
    const flights = new SingleFlight<string>(options);
    flights.board(1, 'a', 0);
    flights.board(2, 'b', 0);
    expect(flights.board(3, 'c', 0)).toBe('refused');
    expect(flights.board(1, 'c', 0)).toBe('joins');
    expect(flights.board(2, 'd', 0)).toBe('refused');
    flights.land(1);
    expect(flights.board(3, 'd', 0)).toBe('leads');
  });
});
