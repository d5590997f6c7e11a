import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectedGain, SURPLUS_SHARE } from './expected-gain.ts';
import { bestOtherMicros, ownMicros, type StandingPrice, standingPrice } from './standing-price.ts';
import { answerChance, createWaitingModel, learnBid, learnLatency, type WaitingModel } from './waiting-model.ts';
import { WAITING_DEFAULTS, type WaitingOptions, waitingValue } from './waiting-value.ts';

/** A DSP that takes one of these times, bid after bid of this price against others of 1.00. */
function model(latenciesMs: readonly number[], bidMicros: number): WaitingModel {
  const learned = createWaitingModel();
  for (let i = 0; i < 600; i++) {
    learnLatency(learned, latenciesMs[i % latenciesMs.length]!, true);
    learnBid(learned, bidMicros, 1_000_000);
  }
  return learned;
}

const STANDING: StandingPrice = { isFirstPrice: false, bestMicros: 1_000_000, priceMicros: 500_000 };

describe('chance to answer', () => {
  it('is conditional on not having answered yet', () => {
    const bimodal = model([10, 40], 0);
    expect(answerChance(bimodal, 0, 20)).toBeCloseTo(0.5, 1);
    expect(answerChance(bimodal, 20, 30)).toBeLessThan(0.05);
    expect(answerChance(bimodal, 20, 45)).toBeGreaterThan(0.9);
  });

  it('learns from calls that were given up without believing them lost', () => {
    const censored = createWaitingModel();
    for (let i = 0; i < 2_000; i++) {
      const latencyMs = i % 2 === 0 ? 10 : 25;
      const isMeasured = i % 10 > 7;
      learnLatency(censored, isMeasured ? latencyMs : Math.min(latencyMs, 20), isMeasured || latencyMs <= 20);
    }
    expect(answerChance(censored, 20, 30)).toBeGreaterThan(0.9);
  });

  it('is worth finding out as long as nothing is known', () => {
    expect(answerChance(createWaitingModel(), 20, 30)).toBeGreaterThan(0.5);
  });

  it('lies in [0, 1] and grows with the time, whatever was learned', () => {
    const call = fc.tuple(fc.double({ min: 0, max: 500, noNaN: true }), fc.boolean());
    fc.assert(
      fc.property(
        fc.array(call, { maxLength: 60 }),
        fc.double({ min: 0, max: 150, noNaN: true }),
        (calls, elapsedMs) => {
          const learned = createWaitingModel();
          for (const [ms, isAnswered] of calls) learnLatency(learned, ms, isAnswered);
          let last = 0;
          for (let wait = 0; wait < 60; wait += 3) {
            const chance = answerChance(learned, elapsedMs, elapsedMs + wait);
            expect(chance).toBeGreaterThanOrEqual(last - 1e-6);
            expect(chance).toBeLessThanOrEqual(1);
            last = chance;
          }
        },
      ),
    );
  });
});

describe('expected gain', () => {
  const gain = (models: readonly WaitingModel[], standing = STANDING, chance = 1) =>
    expectedGain(
      models.map((one) => ({ model: one, chance })),
      standing,
    );

  it('in second price is what the price can rise to, up to the best bid', () => {
    expect(gain([model([10], 1_000_000)])).toBeCloseTo(500_000, -5);
    expect(gain([model([10], 400_000)])).toBeLessThan(1_000);
    const middling = gain([model([10], 750_000)]);
    expect(middling).toBeGreaterThan(200_000);
    expect(middling).toBeLessThan(300_000);
  });

  it('in second price is a share of the surplus when one bids more, and the lower bid when two do', () => {
    const full = { ...STANDING, priceMicros: 1_000_000 };
    const [four, five] = [model([10], 4_000_000), model([10], 5_000_000)];
    expect(gain([five], full) / (4_000_000 * SURPLUS_SHARE)).toBeCloseTo(1, 0);
    expect(gain([four, five], full)).toBeGreaterThan(3_000_000);
    expect(gain([four, five], full, 0.5)).toBeGreaterThan(gain([four], full, 0.5) + gain([five], full, 0.5));
  });

  it('in first price is what is bid above the best bid', () => {
    const firstPrice = { ...STANDING, isFirstPrice: true, priceMicros: 1_000_000 };
    expect(gain([model([10], 1_500_000)], firstPrice) / 500_000).toBeCloseTo(1, 0);
    expect(gain([model([10], 900_000)], firstPrice)).toBeLessThan(1_000);
  });

  it('of a DSP that has never been heard is worth finding out', () => {
    const unknown = [createWaitingModel()];
    expect(gain(unknown)).toBeGreaterThan(500_000);
    expect(gain(unknown, { ...STANDING, isFirstPrice: true, priceMicros: 1_000_000 })).toBeGreaterThan(400_000);
    expect(gain(unknown, { ...STANDING, bestMicros: 0, priceMicros: 0 })).toBe(1_000_000);
  });

  it('is the whole bid as long as there is none', () => {
    const nothing = { isFirstPrice: false, bestMicros: 0, priceMicros: 0 };
    expect(gain([model([10], 700_000)], nothing)).toBeCloseTo(700_000, -2);
  });

  it('is finite, never negative, and never falls by one answer more', () => {
    const bid = fc.integer({ min: 0, max: 20_000_000 });
    fc.assert(
      fc.property(
        fc.array(bid, { maxLength: 6 }),
        bid,
        fc.boolean(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (bids, one, isFirstPrice, chance) => {
          const standing = { isFirstPrice, bestMicros: 1_000_000, priceMicros: isFirstPrice ? 1_000_000 : 300_000 };
          const models = bids.map((micros) => model([10], micros));
          const before = gain(models, standing, chance);
          expect(before).toBeGreaterThanOrEqual(0);
          expect(gain([...models, model([10], one)], standing, chance)).toBeGreaterThanOrEqual(before - 1e-3);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('waiting', () => {
  const options: WaitingOptions = { ...WAITING_DEFAULTS, costMicrosPerMs: 10_000 };
  const calls = (models: readonly WaitingModel[], outMs: number, untilMs = 1_000) =>
    models.map((model) => ({ model, outMs, untilMs }));
  const decide = (outstanding: WaitingModel[], elapsedMs: number, standing = STANDING) =>
    waitingValue(calls(outstanding, elapsedMs), standing, elapsedMs, 30, options);

  it('goes on to the preliminary mark in any case but that nobody is out', () => {
    expect(decide([model([60], 0)], 3)).toEqual({ kind: 'wait', untilMs: 20 });
    expect(decide([], 3)).toEqual({ kind: 'close' });
  });

  it('goes on for a DSP that is about to answer and likely to matter, looking again soon', () => {
    expect(decide([model([24], 2_000_000)], 20)).toEqual({ kind: 'wait', untilMs: 22 });
    expect(decide([model([20.5], 2_000_000)], 20)).toEqual({ kind: 'wait', untilMs: 21 });
  });

  it('ends for DSPs that bid too low, answer too late, or not at all', () => {
    expect(decide([model([24], 100_000)], 20)).toEqual({ kind: 'close' });
    expect(decide([model([60], 2_000_000)], 20)).toEqual({ kind: 'close' });
    expect(decide([model([24], 0)], 20)).toEqual({ kind: 'close' });
  });

  it('ends for calls that are given up before the answer may come', () => {
    const until = (untilMs: number) =>
      waitingValue(calls([model([24], 2_000_000)], 20, untilMs), STANDING, 20, 30, options);
    expect(until(23)).toEqual({ kind: 'close' });
    expect(until(26)).toEqual({ kind: 'wait', untilMs: 22 });
    expect(until(19)).toEqual({ kind: 'close' });
  });

  it('ends when the price cannot rise, and at the deadline', () => {
    expect(decide([model([24], 900_000)], 20, { ...STANDING, priceMicros: 1_000_000 })).toEqual({ kind: 'close' });
    expect(decide([model([24], 2_000_000)], 30)).toEqual({ kind: 'close' });
  });

  it('goes on for bids that beat the best one though the two best are equal', () => {
    const equal = { ...STANDING, priceMicros: STANDING.bestMicros };
    expect(decide([model([24], 4_000_000), model([25], 4_500_000)], 20, equal)).toEqual({ kind: 'wait', untilMs: 22 });
    expect(decide([model([24], 4_000_000)], 20, equal)).toEqual({ kind: 'wait', untilMs: 22 });
  });

  it('is the same near and far from the deadline', () => {
    const far = (models: readonly WaitingModel[]) => waitingValue(calls(models, 20), STANDING, 20, 9_000, options);
    expect(far([model([24], 2_000_000)])).toEqual({ kind: 'wait', untilMs: 22 });
    expect(far([createWaitingModel()])).toEqual({ kind: 'wait', untilMs: 22 });
    expect(far([model([24], 100_000)])).toEqual({ kind: 'close' });
  });

  it('always moves on, within the deadline, in a bounded number of looks', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 40, noNaN: true }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        fc.integer({ min: 0, max: 1_000_000 }),
        (startMs, deadlineMs, costMicrosPerMs) => {
          const outstanding = [model([15, 24, 28, 90], 2_000_000)];
          let elapsedMs = startMs;
          for (let looks = 0; looks < 200; looks++) {
            const decision = waitingValue(calls(outstanding, elapsedMs), STANDING, elapsedMs, deadlineMs, {
              ...options,
              costMicrosPerMs,
            });
            if (decision.kind === 'close') return;
            expect(decision.untilMs).toBeGreaterThan(elapsedMs);
            expect(decision.untilMs).toBeLessThanOrEqual(deadlineMs);
            elapsedMs = decision.untilMs;
          }
          expect.unreachable('never closed');
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('standing price', () => {
  const ranking = {
    isFirstPrice: false,
    imps: [
      { dspIds: ['a', 'b'], ecpmMicros: [900, 600], floorMicros: 100 },
      { dspIds: ['a'], ecpmMicros: [500], floorMicros: 200 },
    ],
  };

  it('adds up the imps', () => {
    expect(standingPrice(ranking)).toEqual({ isFirstPrice: false, bestMicros: 1_400, priceMicros: 800 });
    expect(standingPrice({ ...ranking, isFirstPrice: true }).priceMicros).toBe(1_400);
  });

  it('gives a DSP its own bids and the best of the others', () => {
    expect([ownMicros(ranking, 'a'), bestOtherMicros(ranking, 'a')]).toEqual([1_400, 600]);
    expect([ownMicros(ranking, 'b'), bestOtherMicros(ranking, 'b')]).toEqual([600, 1_400]);
    expect([ownMicros(ranking, 'c'), bestOtherMicros(ranking, 'c')]).toEqual([0, 1_400]);
  });

  it('compares with those who were early', () => {
    expect(bestOtherMicros(ranking, 'c', (dspId) => dspId !== 'a')).toBe(600);
    expect(bestOtherMicros(ranking, 'c', () => false)).toBe(0);
  });
});
