import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FallbackMonitor } from './fallback-monitor.ts';
import { OutcomeQuality } from './outcome-quality.ts';
import { entropyBits, gapVariation, PoisoningCheck, type TrainingPeriod } from './poisoning.ts';

describe('quality of estimates', () => {
  const line = { version: '1', arm: 'a' };
  const figuresOf = (outcomes: readonly (readonly [number, boolean])[], windowCount = 1000) => {
    const quality = new OutcomeQuality({ windowCount, linesMax: 2 });
    for (const [estimate, isPositive] of outcomes) quality.record(line, estimate, isPositive);
    return quality.figures(line);
  };

  it('AUC is the share of pairs in the right order, ties half', () => {
    const estimate = fc.constantFrom(0.1, 0.2, 0.3, 0.4);
    fc.assert(
      fc.property(fc.array(fc.tuple(estimate, fc.boolean()), { maxLength: 40 }), (outcomes) => {
        let right = 0;
        let pairs = 0;
        for (const [high, isClick] of outcomes) {
          for (const [low, isOther] of outcomes) {
            if (!isClick || isOther) continue;
            pairs += 1;
            right += high > low ? 1 : high === low ? 0.5 : 0;
          }
        }
        const { auc } = figuresOf(outcomes);
        if (pairs === 0) expect(auc).toBeNull();
        else expect(auc).toBeCloseTo(right / pairs, 12);
      }),
    );
  });

  it('log-loss and calibration', () => {
    const { logLoss, calibrationRatio } = figuresOf([
      [0.5, true],
      [0.25, false],
    ]);
    expect(logLoss).toBeCloseTo((Math.log(2) - Math.log(0.75)) / 2, 12);
    expect(calibrationRatio).toBeCloseTo(0.75, 12);
  });

  it('looks back on the latest outcomes only, and leaves out what is no estimate', () => {
    const { count, positives } = figuresOf(
      [
        [0.5, true],
        [0.5, false],
        [Number.NaN, true],
        [1, true],
        [0.5, false],
      ],
      2,
    );
    expect([count, positives]).toEqual([2, 0]);
  });

  it('of a window that has grown and gone round are those of what is in it', () => {
    const outcomes = Array.from(
      { length: 7000 },
      (_, index) => [((index * 7919) % 997) / 1000 + 0.001, (index * 31) % 7 === 0] as const,
    );
    const { auc, logLoss, calibrationRatio, ...counts } = figuresOf(outcomes, 3000);
    const expected = figuresOf(outcomes.slice(-3000), 3000);
    expect(counts).toEqual({
      count: 3000,
      positives: expected.positives,
      predicted: expect.closeTo(expected.predicted, 6),
    });
    expect(auc).toBe(expected.auc);
    expect(logLoss).toBeCloseTo(expected.logLoss!, 9);
    expect(calibrationRatio).toBeCloseTo(expected.calibrationRatio!, 9);
  });

  it('of a line that is unused longest is forgotten', () => {
    const quality = new OutcomeQuality({ windowCount: 2, linesMax: 2 });
    for (const version of ['1', '2', '1', '3']) quality.record({ version, arm: 'a' }, 0.5, true);
    expect(quality.lines().map(({ version, count }) => [version, count])).toEqual([
      ['1', 2],
      ['3', 1],
    ]);
    expect(quality.figures({ version: '2', arm: 'a' })).toMatchObject({ count: 0, auc: null, logLoss: null });
  });
});

describe('poisoned training data', () => {
  const sources = (count: number) => new Map(Array.from({ length: count }, (_, index) => [`s${index}`, 10]));
  /** Gaps of 1 to 7 s. */
  const period = (clicks: number, changes: Partial<TrainingPeriod> = {}): TrainingPeriod => ({
    impressions: 10_000,
    clickTimesMs: Array.from({ length: clicks }, (_, index) => index * 4000 + ((index * 7919) % 3000)),
    clicksBySource: sources(20),
    ...changes,
  });
  const checkWithHistory = (): PoisoningCheck => {
    const check = new PoisoningCheck();
    for (let index = 0; index < 10; index++) expect(check.judge('g', period(95 + index))).toEqual([]);
    return check;
  };

  it('a rate of three deviations above its history', () => {
    const check = checkWithHistory();
    expect(check.judge('g', period(115))).toEqual([]);
    expect(check.judge('g', period(200))).toEqual(['rate']);
    // It has not become the history.
    expect(check.judge('g', period(200))).toEqual(['rate']);
    expect(check.judge('new', period(200))).toEqual([]);
  });

  it('more clicks than impressions', () => {
    expect(new PoisoningCheck().judge('g', period(30, { impressions: 20 }))).toEqual(['rate']);
    expect(new PoisoningCheck().judge('g', period(30, { impressions: 0 }))).toEqual(['rate']);
  });

  it('clicks from too few sources', () => {
    expect(checkWithHistory().judge('g', period(100, { clicksBySource: sources(3) }))).toEqual(['source-entropy']);
    expect(entropyBits(sources(4))).toBeCloseTo(2, 12);
    expect(entropyBits(new Map())).toBe(0);
  });

  it('clicks by the clock', () => {
    const clickTimesMs = Array.from({ length: 100 }, (_, index) => index * 1000);
    expect(checkWithHistory().judge('g', period(100, { clickTimesMs }))).toEqual(['uniform-intervals']);
    expect(gapVariation([5, 5, 5])).toBe(0);
    expect(gapVariation([0, 1, 3])).toBeCloseTo(1 / 3, 12);
  });

  it('says nothing on a handful of clicks', () => {
    expect(new PoisoningCheck().judge('g', period(5, { clicksBySource: sources(1) }))).toEqual([]);
    const clickTimesMs = Array.from({ length: 19 }, (_, index) => index * 1000);
    expect(new PoisoningCheck().judge('g', period(19, { clickTimesMs }))).toEqual([]);
  });

  it('says nothing on sources where none are known', () => {
    expect(new PoisoningCheck().judge('g', period(100, { clicksBySource: new Map() }))).toEqual([]);
  });

  it.each([
    [2, 4, 'expected one, and chance makes four of it often enough'],
    [2, 5, 'and five'],
  ])('knows what chance does to small numbers', (history, clicks) => {
    const check = new PoisoningCheck();
    for (let index = 0; index < 10; index++) check.judge('g', period(index % history, { impressions: 50 }));
    expect(check.judge('g', period(clicks, { impressions: 50 }))).toEqual([]);
    expect(check.judge('g', period(12, { impressions: 50 }))).toEqual(['rate']);
  });
});

describe('the monitor of fallback periods', () => {
  it('compares fill and revenue with those of the model', () => {
    const monitor = new FallbackMonitor(1000);
    expect(monitor.shift()).toMatchObject({ fillShift: null, revenueShift: null });
    for (let index = 0; index < 1000; index++) {
      monitor.auctionDecided({ isFallback: false, isFilled: index % 2 === 0, revenueMicros: 100 });
      monitor.auctionDecided({ isFallback: true, isFilled: index % 4 === 0, revenueMicros: 99 });
    }
    const { fillShift, revenueShift } = monitor.shift();
    expect(fillShift).toBeCloseTo(-0.5, 2);
    expect(revenueShift).toBeCloseTo(-0.01, 12);
  });

  it('and the calibration of both', () => {
    const monitor = new FallbackMonitor(1_000_000);
    for (let index = 0; index < 100; index++) {
      monitor.outcomeKnown(false, 0.1, index % 10 === 0);
      monitor.outcomeKnown(true, 0.2, index % 10 === 0);
    }
    expect(monitor.shift().model.calibrationRatio).toBeCloseTo(1, 2);
    expect(monitor.shift().fallback.calibrationRatio).toBeCloseTo(2, 2);
  });
});
