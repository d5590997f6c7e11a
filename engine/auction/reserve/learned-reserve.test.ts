import { describe, expect, it } from 'vitest';
import { clearAuction } from '../clear.ts';
import { buildInput } from '../testing/build-input.ts';
import {
  createLearnedReserve,
  type LearnedReserveOptions,
  observeValue,
  reserveFor,
  stepReserves,
} from './learned-reserve.ts';
import { reserveObservations } from './observations.ts';
import { RollingWindow } from './rolling-window.ts';

const OPTIONS: LearnedReserveOptions = {
  estimator: (values, count) => Math.max(...values.subarray(0, count)),
  windowCapacity: 4,
  observationsMin: 3,
  stepRatioMax: 0.5,
  placementsMax: 2,
};

describe('rolling window', () => {
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
    expect(stepReserves(state)).toEqual([]);
    expect(reserveFor(state, 'top')).toBe(0);
    observeValue(state, 'top', 200);
    const path = Array.from({ length: 5 }, () => stepReserves(state)[0]?.reserveCpmMicros);
    expect(path).toEqual([100, 150, 225, 300, undefined]);
    expect(reserveFor(state, 'top')).toBe(300);
  });

  it('comes down by steps too', () => {
    const state = createLearnedReserve({ ...OPTIONS, windowCapacity: 3 });
    for (const value of [300, 300, 300]) observeValue(state, 'top', value);
    stepReserves(state);
    for (const value of [10, 10, 10]) observeValue(state, 'top', value);
    expect(stepReserves(state)).toEqual([{ placementId: 'top', reserveCpmMicros: 200 }]);
  });

  it('leaves out values that are no money', () => {
    const state = createLearnedReserve({ ...OPTIONS, observationsMin: 1 });
    for (const value of [0, -1, NaN, Infinity]) observeValue(state, 'top', value);
    expect(stepReserves(state)).toEqual([]);
  });

  it('forgets the placement that was observed longest ago', () => {
    const state = createLearnedReserve({ ...OPTIONS, observationsMin: 1 });
    observeValue(state, 'a', 100);
    observeValue(state, 'b', 100);
    observeValue(state, 'a', 100);
    observeValue(state, 'c', 100);
    stepReserves(state);
    expect(['a', 'b', 'c'].map((placement) => reserveFor(state, placement))).toEqual([100, 0, 100]);
  });

  it('a reserve that is too high comes down, because bids below it are still observed', () => {
    const state = createLearnedReserve({ ...OPTIONS, windowCapacity: 50, observationsMin: 10, placementsMax: 1 });
    const auctionAt = (learnedFloorCpmMicros: number, priceMicros: number) => {
      const input = buildInput({ imps: [{ learnedFloorCpmMicros }], bids: [{ priceMicros }] });
      for (const { placementId, ecpmMicros } of reserveObservations(input, clearAuction(input))) {
        observeValue(state, placementId, ecpmMicros);
      }
    };
    for (let i = 0; i < 50; i++) auctionAt(0, 5_000_000);
    stepReserves(state);
    expect(reserveFor(state, 'top')).toBe(5_000_000);
    for (let i = 0; i < 200; i++) {
      auctionAt(reserveFor(state, 'top'), 1_000_000);
      if (i % 20 === 0) stepReserves(state);
    }
    expect(reserveFor(state, 'top')).toBe(1_000_000);
  });
});

describe('reserve observations', () => {
  it('are the best bid of every seat that took part or fell to the floor alone', () => {
    const input = buildInput({
      blockedSeats: ['seat-f'],
      imps: [
        { learnedFloorCpmMicros: 3_000_000, deals: [{ id: 'd' }] as never },
        { id: '2', placementId: '' },
      ],
      bids: [
        { priceMicros: 5_000_000, dspId: 'x', seat: 's' },
        { priceMicros: 4_000_000, dspId: 'x', seat: 's' },
        { priceMicros: 1_000_000 },
        { priceMicros: 9_000_000, dealId: 'd' },
        { priceMicros: 9_000_000, impId: '2' },
        { priceMicros: 9_000_000 },
        { priceMicros: 400_000, pricing: 'cpc', ctr: 0.01, quality: 0.5 },
      ],
    });
    const observations = reserveObservations(input, clearAuction(input));
    expect(observations).toEqual([
      { placementId: 'top', ecpmMicros: 5_000_000 },
      { placementId: 'top', ecpmMicros: 1_000_000 },
      { placementId: 'top', ecpmMicros: 4_000_000 },
    ]);
  });
});
