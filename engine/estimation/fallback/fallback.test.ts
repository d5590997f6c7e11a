import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FactSheet } from '../features/facts.ts';
import { hashText } from '../features/hash.ts';
import { FALLBACK_DEFAULTS, FallbackEstimator } from './fallback-estimator.ts';
import { FALLBACK_KEY_COUNT, type FallbackFacts, setFallbackFacts } from './fallback-facts.ts';

const PRIOR = 0.01;

function facts(ad: string, placement: string, device: string): FallbackFacts {
  const sheet = new FactSheet();
  sheet.setCategory('advertiser', hashText(ad));
  sheet.setCategory('publisher', hashText('publisher'));
  sheet.setCategory('placement', hashText(placement));
  sheet.setCategory('deviceType', hashText(device));
  const facts = new Int32Array(FALLBACK_KEY_COUNT);
  setFallbackFacts(facts, sheet);
  return facts;
}

/** A model of a world: rates that differ by ad, placement, device and by a user that the heuristic does not see. */
function* world(count: number, seed = 1): Generator<{ facts: FallbackFacts; placement: string; rate: number }> {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let index = 0; index < count; index++) {
    const ad = Math.floor(random() ** 2 * 200);
    const placement = Math.floor(random() * 20);
    const device = Math.floor(random() * 3);
    const odds = 0.004 * (1 + (ad % 7)) * (1 + (placement % 4)) * (1 + device) * Math.exp(random() - 0.5);
    yield {
      facts: facts(`ad${ad}`, `p${placement}`, `d${device}`),
      placement: `p${placement}`,
      rate: odds / (1 + odds),
    };
  }
}

describe('the fallback', () => {
  it('gives the prior where nothing is known', () => {
    expect(new FallbackEstimator().estimate(facts('a', 'p', 'd'), 0.02)).toBeCloseTo(0.02, 12);
  });

  it('can be held against a model once it has learned enough', () => {
    const fallback = new FallbackEstimator();
    const seen = facts('a', 'p', 'd');
    for (let count = 0; count < 999; count++) fallback.learn(seen, 0.05, PRIOR);
    expect(fallback.expectation(seen, PRIOR)).toBeNull();
    fallback.learn(seen, 0.05, PRIOR);
    expect(fallback.expectation(seen, PRIOR)).toEqual({ learned: fallback.estimate(seen, PRIOR), prior: PRIOR });
  });

  it('over a whole outage predicts what the model would have, in all and by placement', () => {
    const fallback = new FallbackEstimator();
    for (const { facts, rate } of world(100_000)) fallback.learn(facts, rate, PRIOR);
    const sums = new Map<string, { model: number; fallback: number }>();
    const all = { model: 0, fallback: 0 };
    for (const { facts, placement, rate } of world(50_000, 2)) {
      const sum = sums.get(placement) ?? { model: 0, fallback: 0 };
      sums.set(placement, sum);
      const estimate = fallback.estimate(facts, PRIOR);
      for (const part of [sum, all]) {
        part.model += rate;
        part.fallback += estimate;
      }
    }
    expect(all.fallback / all.model).toBeGreaterThan(0.99);
    expect(all.fallback / all.model).toBeLessThan(1.01);
    for (const { model, fallback } of sums.values()) {
      expect(fallback / model).toBeGreaterThan(0.95);
      expect(fallback / model).toBeLessThan(1.05);
    }
  });

  it('backs off: a new ad on a known placement, a known ad on a new placement', () => {
    const fallback = new FallbackEstimator();
    for (let index = 0; index < 1000; index++) {
      fallback.learn(facts('good', 'top', 'phone'), 0.1, PRIOR);
      fallback.learn(facts('bad', 'bottom', 'phone'), 0.001, PRIOR);
    }
    // Either may be what made the difference: each gets a part of it.
    const at = (ad: string, placement: string) => fallback.estimate(facts(ad, placement, 'phone'), PRIOR);
    expect(at('new', 'top')).toBeGreaterThan(3 * at('new', 'bottom'));
    expect(at('good', 'new')).toBeGreaterThan(3 * at('bad', 'new'));
    expect(at('good', 'top')).toBeCloseTo(0.1, 2);
  });

  it('follows a model that changes its mind', () => {
    const fallback = new FallbackEstimator({ ...FALLBACK_DEFAULTS, memory: 500, calibrationWindow: 2000 });
    for (const { facts, rate } of world(50_000)) fallback.learn(facts, rate, PRIOR);
    for (const { facts, rate } of world(50_000, 3)) fallback.learn(facts, rate * 0.5, PRIOR);
    let model = 0;
    let heuristic = 0;
    for (const { facts, rate } of world(10_000, 4)) {
      model += rate * 0.5;
      heuristic += fallback.estimate(facts, PRIOR);
    }
    expect(heuristic / model).toBeGreaterThan(0.95);
    expect(heuristic / model).toBeLessThan(1.05);
  });

  it('the calibration factor stays while there is no output, and is bounded', () => {
    // So slow to learn effects that there is next to nothing but the factor.
    const fallback = new FallbackEstimator({ ...FALLBACK_DEFAULTS, strength: 1e12, calibrationWindow: 1000 });
    for (const { facts } of world(10_000)) fallback.learn(facts, 0.9, 1e-6);
    const known = facts('ad1', 'p1', 'd1');
    const calibrated = fallback.estimate(known, 1e-6);
    expect(calibrated).toBeCloseTo(4e-6, 8);
    for (const { facts } of world(1000)) fallback.estimate(facts, PRIOR);
    expect(fallback.estimate(known, 1e-6)).toBe(calibrated);
  });

  it('is within (0, 1) after any outputs, for any prior', () => {
    const rate = fc.oneof(fc.double(), fc.constantFrom(0, 1, -1, 2, Number.NaN, 1e-300, 1 - 1e-16));
    const hash = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.constantFrom(0, 1));
    const anyFacts = fc.array(hash, { maxLength: FALLBACK_KEY_COUNT }).map((keys) => Int32Array.from(keys));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyFacts, rate, rate), { maxLength: 200 }),
        anyFacts,
        rate,
        (outputs, asked, prior) => {
          const fallback = new FallbackEstimator({ ...FALLBACK_DEFAULTS, slotCount: 16 });
          for (const [of, output, itsPrior] of outputs) fallback.learn(of, output, itsPrior);
          for (const of of [asked, ...outputs.map(([known]) => known)]) {
            const estimate = fallback.estimate(of, prior);
            expect(estimate).toBeGreaterThan(0);
            expect(estimate).toBeLessThan(1);
          }
        },
      ),
    );
  });

  it('costs far less than 5 us', () => {
    const fallback = new FallbackEstimator();
    const asked = [...world(5000)];
    for (const { facts, rate } of asked) fallback.learn(facts, rate, PRIOR);
    const times = Array.from({ length: 9 }, () => {
      const startedAtMs = performance.now();
      let sum = 0;
      for (const { facts } of asked) sum += fallback.estimate(facts, PRIOR);
      expect(sum).toBeGreaterThan(0);
      return ((performance.now() - startedAtMs) * 1000) / asked.length;
    });
    expect(Math.min(...times)).toBeLessThan(5);
  });
});

describe('what it knows a candidate by', () => {
  it('has no key of what is not known', () => {
    const known = facts('ad', 'placement', '');
    expect([...facts('ad', 'placement', 'phone')].filter((key) => key === 0).length).toBeLessThan(
      [...known].filter((key) => key === 0).length,
    );
    expect(facts('', '', '').every((key) => key === 0)).toBe(true);
  });

  it('tells the same fact under two keys apart', () => {
    const sheet = new FactSheet();
    sheet.setCategory('os', 7);
    sheet.setCategory('country', 7);
    const keys = new Int32Array(FALLBACK_KEY_COUNT);
    setFallbackFacts(keys, sheet);
    const known = [...keys].filter((key) => key !== 0);
    expect(known).toHaveLength(2);
    expect(new Set(known).size).toBe(2);
  });
});

it('forgets nothing that is in use in a flood of keys seen once', () => {
  const fallback = new FallbackEstimator();
  for (let index = 0; index < 2000; index++) fallback.learn(facts('used', 'top', 'phone'), 0.1, PRIOR);
  for (let index = 0; index < 20_000; index++) fallback.learn(facts(`once-${index}`, 'bottom', 'phone'), 0.001, PRIOR);
  expect(fallback.estimate(facts('used', 'top', 'phone'), PRIOR)).toBeGreaterThan(0.05);
});

it('takes powers of two only', () => {
  expect(() => new FallbackEstimator({ ...FALLBACK_DEFAULTS, slotCount: 100 })).toThrow(RangeError);
});
