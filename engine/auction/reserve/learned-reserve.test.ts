import { describe, expect, it } from 'vitest';
import { clearAuction } from '../clear.ts';
import { buildInput } from '../testing/build-input.ts';
import { RESERVE_ESTIMATORS } from './estimator.ts';
import {
  beginRound,
  createLearnedReserve,
  isRoundUnderWay,
  type LearnedReserveOptions,
  type LearnedReserveState,
  observeValue,
  reserveFor,
  stepSlice,
} from './learned-reserve.ts';
import { reserveObservations } from './observations.ts';
import { RollingWindow } from './rolling-window.ts';

/** Of the imps that `buildInput` makes. */
const TOP = 'pub\u001ftop';

const OPTIONS: LearnedReserveOptions = {
  estimator: (values, count) => Math.max(...values.subarray(0, count)),
  windowCapacity: 4,
  observationsMin: 3,
  stepRatioMax: 0.5,
  placementsMax: 2,
};

/** A whole round; returns what it published. */
function stepRound(state: LearnedReserveState) {
  beginRound(state);
  return stepSlice(state, Number.POSITIVE_INFINITY);
}

function observe(state: LearnedReserveState, reserveKey: string, times: number, value = 100): void {
  for (let i = 0; i < times; i++) observeValue(state, reserveKey, value);
}

describe('rolling window', () => {
  it('takes memory as it fills', () => {
    const window = new RollingWindow(2000);
    expect(window.values.length).toBe(64);
    for (let value = 1; value <= 65; value++) window.push(value);
    expect(window.values.length).toBe(128);
    for (let value = 66; value <= 2001; value++) window.push(value);
    expect(window.values.length).toBe(2000);
    expect([...window.values].sort((a, b) => a - b)).toEqual(Array.from({ length: 2000 }, (_, i) => i + 2));
  });

  it('keeps the last values', () => {
    const window = new RollingWindow(3);
    for (const value of [1, 2, 3, 4, 5]) window.push(value);
    expect(window.count).toBe(3);
    expect([...window.values].sort()).toEqual([3, 4, 5]);
  });
});

describe('learned reserve', () => {
  it('has none before the minimum of observations, then starts low and climbs by steps to the estimate', () => {
    const state = createLearnedReserve(OPTIONS);
    observeValue(state, 'top', 100);
    observeValue(state, 'top', 300);
    expect(stepRound(state)).toEqual([]);
    expect(reserveFor(state, 'top')).toBe(0);
    const path = Array.from({ length: 5 }, () => {
      observeValue(state, 'top', 300);
      return stepRound(state)[0]?.reserveCpmMicros;
    });
    expect(path).toEqual([100, 150, 225, 300, 300]);
  });

  it('comes down by steps too', () => {
    const state = createLearnedReserve({ ...OPTIONS, windowCapacity: 3 });
    for (const value of [300, 300, 300]) observeValue(state, 'top', value);
    stepRound(state);
    for (const value of [10, 10, 10]) observeValue(state, 'top', value);
    expect(stepRound(state)).toEqual([{ reserveKey: 'top', reserveCpmMicros: 200 }]);
  });

  it('stays where it is while nothing new is observed', () => {
    const state = createLearnedReserve(OPTIONS);
    for (const value of [100, 300, 300]) observeValue(state, 'top', value);
    stepRound(state);
    expect(stepRound(state)).toEqual([]);
    expect(reserveFor(state, 'top')).toBe(100);
  });

  it('a round in slices steps every placement once, whatever is observed meanwhile', () => {
    const state = createLearnedReserve({ ...OPTIONS, placementsMax: 100 });
    const keys = Array.from({ length: 20 }, (_, i) => `p${i}`);
    for (const key of keys) observe(state, key, 4);
    beginRound(state);
    const stepped: string[] = [];
    let slices = 0;
    for (; isRoundUnderWay(state); slices++) {
      stepped.push(...stepSlice(state, 100).map(({ reserveKey }) => reserveKey));
      for (const key of keys) observe(state, key, 1);
      beginRound(state);
      if (stepped.length >= keys.length) break;
    }
    expect(stepped).toEqual(keys);
    expect(slices).toBeGreaterThan(3);
  });

  it('a slice of full windows is short, and a round of them takes many', () => {
    const options = { estimator: RESERVE_ESTIMATORS.empirical, windowCapacity: 2000, observationsMin: 500 };
    const state = createLearnedReserve({ ...OPTIONS, ...options, placementsMax: 100 });
    for (let i = 0; i < 100; i++) {
      for (let value = 0; value < 2000; value++) observeValue(state, `p${i}`, 1 + ((value * 7919) % 2003));
    }
    beginRound(state);
    const sizes: number[] = [];
    while (isRoundUnderWay(state)) sizes.push(stepSlice(state, 2 ** 14).length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(9);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(100);
  });

  it('leaves out values that are no money', () => {
    const state = createLearnedReserve({ ...OPTIONS, observationsMin: 1 });
    for (const value of [0, -1, NaN, Infinity]) observeValue(state, 'top', value);
    expect(stepRound(state)).toEqual([]);
  });

  it('forgets the placement that was observed longest ago', () => {
    const state = createLearnedReserve({ ...OPTIONS, observationsMin: 1 });
    observeValue(state, 'a', 100);
    observeValue(state, 'b', 100);
    observeValue(state, 'a', 100);
    observeValue(state, 'c', 100);
    stepRound(state);
    expect(['a', 'b', 'c'].map((placement) => reserveFor(state, placement))).toEqual([100, 0, 100]);
  });

  it('keys that nobody repeats displace no placement, however many come', () => {
    const state = createLearnedReserve({ ...OPTIONS, observationsMin: 100 });
    observe(state, 'a', 200);
    observe(state, 'b', 200);
    for (let i = 0; i < 10_000; i++) observe(state, `random-${i}`, 29);
    expect([...state.placements.keys()]).toEqual(['a', 'b']);
    expect(state.probation.size).toBe(2);
    observe(state, 'c', 30);
    expect([...state.placements.keys()]).toEqual(['b', 'c']);
    expect(state.placements.get('c')!.window.count).toBe(4);
  });

  it('the reserve of a forgotten placement is withdrawn, even if it came back and went again', () => {
    const state = createLearnedReserve({ ...OPTIONS, placementsMax: 1 });
    observe(state, 'a', 3);
    stepRound(state);
    for (const key of ['b', 'a', 'c']) observe(state, key, 3);
    expect(stepRound(state)).toContainEqual({ reserveKey: 'a', reserveCpmMicros: 0 });
  });

  it('a reserve that is too high comes down, because bids below it are still observed', () => {
    const state = createLearnedReserve({ ...OPTIONS, windowCapacity: 50, observationsMin: 10, placementsMax: 1 });
    const auctionAt = (learnedFloorCpmMicros: number, priceMicros: number) => {
      const input = buildInput({ imps: [{ learnedFloorCpmMicros }], bids: [{ priceMicros }] });
      for (const { reserveKey, ecpmMicros } of reserveObservations(input, clearAuction(input))) {
        observeValue(state, reserveKey, ecpmMicros);
      }
    };
    for (let i = 0; i < 50; i++) auctionAt(0, 5_000_000);
    stepRound(state);
    expect(reserveFor(state, TOP)).toBe(5_000_000);
    for (let i = 0; i < 200; i++) {
      auctionAt(reserveFor(state, TOP), 1_000_000);
      if (i % 20 === 0) stepRound(state);
    }
    expect(reserveFor(state, TOP)).toBe(1_000_000);
  });
});

describe('reserve observations', () => {
  it('are the best bid of every seat that took part or fell to the floor alone', () => {
    const input = buildInput({
      blockedSeats: ['seat-g'],
      imps: [
        { learnedFloorCpmMicros: 3_000_000, deals: [{ id: 'd' }] as never },
        { id: '2', reserveKey: '' },
        { id: '3', reserveKey: 'other\u001ftop' },
      ],
      bids: [
        { priceMicros: 5_000_000, dspId: 'x', seat: 's' },
        { priceMicros: 4_000_000, dspId: 'x', seat: 's' },
        { priceMicros: 1_000_000 },
        { priceMicros: 9_000_000, dealId: 'd' },
        { priceMicros: 9_000_000, impId: '2' },
        { priceMicros: 8_000_000, impId: '3' },
        { priceMicros: 9_000_000 },
        { priceMicros: 400_000, pricing: 'cpc', ctr: 0.01, quality: 0.5 },
        { priceMicros: 15_000_000, pricing: 'cpa', ctr: 0.01, cvr: 0.02, quality: 2 },
      ],
    });
    const observations = reserveObservations(input, clearAuction(input));
    expect(observations).toEqual([
      { reserveKey: TOP, ecpmMicros: 5_000_000 },
      { reserveKey: TOP, ecpmMicros: 1_000_000 },
      { reserveKey: 'other\u001ftop', ecpmMicros: 8_000_000 },
      { reserveKey: TOP, ecpmMicros: 4_000_000 },
      { reserveKey: TOP, ecpmMicros: 3_000_000 },
    ]);
  });
});
