import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestFeatures } from '../../traffic/request-features.ts';
import { createShaper, expectedValueMicros, learnAnswer, SHAPER_DEFAULTS, type Shaper } from './shaper.ts';
import { IMP_KEYS, REQUEST_KEYS, shapingKeys } from './shaping-keys.ts';

function features(parts: Partial<RequestFeatures> = {}, imps = 1): RequestFeatures {
  return {
    channel: 'app',
    publisherId: 'pub-1',
    inventory: 'com.example.app',
    country: 'DEU',
    deviceType: 4,
    os: 'Android',
    connectionType: 2,
    imps: Array.from({ length: imps }, (_, index) => ({
      impId: String(index),
      placementId: 'top',
      media: ['banner' as const],
      width: 300,
      height: 250,
      dealCount: 0,
    })),
    ...parts,
  };
}

const GERMANY = shapingKeys(features(), 0);
const FRANCE = shapingKeys(features({ country: 'FRA' }), 0);

const NO_BID = { hasBid: false, contributionMicros: 0, revenueMicros: 1_000_000, isExploration: false };
const BID = { hasBid: true, contributionMicros: 200_000, revenueMicros: 1_000_000, isExploration: false };

function answer(shaper: Shaper, rounds: number, germanyBids: boolean): void {
  for (let i = 0; i < rounds; i++) {
    learnAnswer(shaper, GERMANY, germanyBids ? BID : NO_BID);
    learnAnswer(shaper, FRANCE, germanyBids ? NO_BID : BID);
  }
}

describe('shaping keys', () => {
  it('are the same for the same kind of request, and bounded however many imps there are', () => {
    expect(shapingKeys(features(), 7)).toEqual(shapingKeys(features(), 7));
    expect(shapingKeys(features({}, 3), 7)).toHaveLength(REQUEST_KEYS + 3 * IMP_KEYS);
    expect(shapingKeys(features({}, 64), 7)).toHaveLength(REQUEST_KEYS + 4 * IMP_KEYS);
  });

  it('differ wherever a fact differs', () => {
    const differing = [...GERMANY].filter((key, index) => key !== FRANCE[index]).length;
    expect(differing).toBeGreaterThanOrEqual(5);
    expect(GERMANY[0]).not.toBe(FRANCE[0]);
    expect(GERMANY[1]).toBe(FRANCE[1]);
  });
});

describe('shaper', () => {
  it('calls everything worthwhile until it has an opinion', () => {
    const shaper = createShaper();
    answer(shaper, SHAPER_DEFAULTS.warmUpAnswers / 2 - 1, true);
    expect(expectedValueMicros(shaper, FRANCE)).toBe(Infinity);
  });

  it('tells what the DSP wants from what it does not', () => {
    const shaper = createShaper();
    answer(shaper, 600, true);
    expect(expectedValueMicros(shaper, GERMANY)).toBeGreaterThan(150_000);
    expect(expectedValueMicros(shaper, GERMANY)).toBeLessThan(250_000);
    expect(expectedValueMicros(shaper, FRANCE)).toBeLessThan(10_000);
  });

  it('follows appetites that change', () => {
    const shaper = createShaper();
    answer(shaper, 5_000, true);
    answer(shaper, 200, false);
    expect(expectedValueMicros(shaper, FRANCE)).toBeGreaterThan(10 * expectedValueMicros(shaper, GERMANY));
  });

  it.each([
    ['no-bids', NO_BID],
    ['bids that never matter', { ...BID, contributionMicros: 0 }],
  ])('finds a DSP again by few explored answers after a million %s', (_, adverse) => {
    const shaper = createShaper();
    for (let i = 0; i < 400; i++) learnAnswer(shaper, GERMANY, BID);
    const before = expectedValueMicros(shaper, GERMANY);
    for (let i = 0; i < 1_000_000; i++) learnAnswer(shaper, GERMANY, { ...adverse, isExploration: true });
    expect(expectedValueMicros(shaper, GERMANY)).toBeLessThan(before / 100);
    let explored = 0;
    while (expectedValueMicros(shaper, GERMANY) < before / 2 && explored < 1_000) {
      learnAnswer(shaper, GERMANY, { ...BID, isExploration: true });
      explored += 1;
    }
    expect(explored).toBeLessThanOrEqual(20);
  });

  it('forgets bids beyond all measure as soon as ordinary ones come', () => {
    const shaper = createShaper();
    const { warmUpAnswers } = SHAPER_DEFAULTS;
    for (let i = 0; i < warmUpAnswers; i++) learnAnswer(shaper, GERMANY, BID);
    const priceless = { ...BID, contributionMicros: 1e15, isExploration: true };
    for (let i = 0; i < 100_000; i++) learnAnswer(shaper, GERMANY, priceless);
    for (let i = 0; i < 100; i++) learnAnswer(shaper, GERMANY, { ...BID, isExploration: true });
    expect(expectedValueMicros(shaper, GERMANY)).toBeLessThan(2 * BID.contributionMicros);
  });

  it('takes a bid that never matters for what it is', () => {
    const shaper = createShaper();
    for (let i = 0; i < 2_000; i++) learnAnswer(shaper, GERMANY, { ...BID, contributionMicros: 0 });
    expect(expectedValueMicros(shaper, GERMANY)).toBeLessThan(1_000);
  });

  it('has an opinion of a DSP that never bids, and a low one', () => {
    const shaper = createShaper();
    for (let i = 0; i < 1_000; i++) learnAnswer(shaper, GERMANY, NO_BID);
    expect(expectedValueMicros(shaper, GERMANY)).toBeLessThan(5_000);
  });

  it('stays a positive, finite number whatever it is told', () => {
    const outcome = fc.record({
      hasBid: fc.boolean(),
      contributionMicros: fc.integer({ min: 0, max: 1_000_000_000 }),
      revenueMicros: fc.integer({ min: 0, max: 1_000_000_000 }),
      isExploration: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(outcome, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        (outcomes, imps) => {
          const shaper = createShaper({ ...SHAPER_DEFAULTS, warmUpAnswers: 1, tableBits: 6 });
          const keys = shapingKeys(features({}, imps), 0);
          for (let round = 0; round < 20; round++) for (const each of outcomes) learnAnswer(shaper, keys, each);
          const value = expectedValueMicros(shaper, keys);
          expect(Number.isFinite(value) && value > 0).toBe(true);
        },
      ),
    );
  });
});
