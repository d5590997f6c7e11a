import { describe, expect, it } from 'vitest';
import { clearAuction } from '../../auction/clear.ts';
import { buildInput, type InputParts } from '../../auction/testing/build-input.ts';
import type { AuctionInput, BidCandidate } from '../../auction/types.ts';
import type { OutcomeType } from './awaited-outcomes.ts';
import { EstimateQuality, type EstimateQualityOptions } from './estimate-quality.ts';

const WINDOW_MS = 1000;
const ALERTS = { calibrationMin: 0.85, calibrationMax: 1.15, aucMin: 0.6, clicksMin: 10, fallbackShareMax: 0.5 };

function operation(options: Partial<EstimateQualityOptions> = {}) {
  let overflows = 0;
  let auctions = 0;
  let nowMs = 0;
  const quality = new EstimateQuality({
    attributionWindowMs: WINDOW_MS,
    awaitedMax: 1000,
    windowCount: 1000,
    alerts: ALERTS,
    onOverflow: () => {
      overflows += 1;
    },
    ...options,
  });
  const decide = (parts: InputParts, rate: number | null = 1) => {
    const input: AuctionInput = buildInput({ auctionId: `auction-${auctions++}`, ...parts });
    return quality.auctionDecided({ input, outcome: clearAuction(input), atMs: 0, rate }, nowMs);
  };
  const happened = (auctionId: string, type: OutcomeType) =>
    quality.report([{ auctionId, impId: '1', type, atMs: null }], nowMs);
  return {
    quality,
    decide,
    happened,
    overflows: () => overflows,
    /** Sells so many impressions with an estimate, one in `every` clicked. */
    sell: (count: number, every: number, bid: Partial<BidCandidate>) => {
      for (let index = 0; index < count; index++) {
        const [win] = decide({ bids: [{ ...BY_MODEL, ...bid }] });
        happened(win!.impression.auctionId, index % every === 0 ? 'click' : 'impression');
      }
      nowMs += WINDOW_MS;
      return quality.figures(nowMs);
    },
    figures: () => quality.figures(nowMs),
  };
}

const BY_MODEL = { pricing: 'cpc', ctr: 0.1, ctrSource: 'model', ctrModel: 3 } as const;
const BY_FALLBACK = { pricing: 'cpc', ctr: 0.1, ctrSource: 'fallback', ctrModel: null } as const;

describe('awaited are', () => {
  it('wins by click, with the version that estimated them', () => {
    const { decide } = operation();
    expect(decide({ bids: [BY_MODEL] })).toMatchObject([
      {
        bid: { index: 0 },
        impression: { auctionId: 'auction-0', impId: '1', version: '3', estimate: 0.1, shadow: null },
      },
    ]);
    expect(decide({ bids: [{ ...BY_MODEL, ctrModel: null }] })).toMatchObject([{ impression: { version: 'unnamed' } }]);
    expect(decide({ bids: [BY_FALLBACK] })).toMatchObject([{ impression: { version: 'fallback' } }]);
    expect(decide({ bids: [{ pricing: 'cpc' }] })).toMatchObject([{ impression: { version: 'prior' } }]);
  });

  it.each(['fallback', 'prior', 'unnamed'])('wins by a model of version %s as those of a model', (ctrModel) => {
    const { decide } = operation();
    const awaited = decide({ bids: [{ ...BY_MODEL, ctrModel }] });
    expect(awaited).toMatchObject([{ impression: { version: `model ${ctrModel}` } }]);
  });

  it('no wins per mille, no losers, and no positions of one imp', () => {
    const { decide, figures } = operation();
    expect(decide({ bids: [{ priceMicros: 500_000_000, pricing: 'cpm' }, BY_MODEL] })).toEqual([]);
    expect(decide({ imps: [{ slotWeights: [1, 0.5] }], bids: [BY_MODEL, { ...BY_MODEL, ctr: 0.2 }] })).toEqual([]);
    expect(decide({ bids: [] })).toEqual([]);
    expect(figures().awaited).toBe(0);
  });

  it('one bid that won an imp of two positions alone', () => {
    expect(operation().decide({ imps: [{ slotWeights: [1, 0.5] }], bids: [BY_MODEL] })).toHaveLength(1);
  });

  it('not more than there is room for, and it is said', () => {
    const { decide, overflows } = operation({ awaitedMax: 1 });
    expect(decide({ bids: [BY_MODEL] })).toHaveLength(1);
    expect(decide({ bids: [BY_MODEL] })).toEqual([]);
    expect(overflows()).toBe(1);
  });
});

describe('figures', () => {
  it('stand apart for each version, and for what a candidate says of the same', () => {
    const { quality, decide, happened, sell } = operation();
    const [win] = decide({ bids: [BY_MODEL] });
    win!.impression.shadow = { version: '4', estimate: 0.5 };
    happened(win!.impression.auctionId, 'click');
    const { lines } = sell(10, 5, { ctrModel: 5, ctr: 0.2 });
    expect(lines).toMatchObject([
      { version: '3', arm: 'served', count: 1, positives: 1, calibrationRatio: 0.1 },
      { version: '4', arm: 'shadow', count: 1, positives: 1, calibrationRatio: 0.5 },
      { version: '5', arm: 'served', count: 10, positives: 2, calibrationRatio: expect.closeTo(1, 9) },
    ]);
    expect(quality.report([], 0)).toEqual({ counted: 0, duplicate: 0, 'out-of-window': 0, unknown: 0 });
  });

  it('compare what the fallback did with what the model did, in one currency', () => {
    const { decide, figures } = operation();
    for (let index = 0; index < 10; index++) {
      decide({ bids: [BY_MODEL, { ...BY_MODEL, priceMicros: 500_000 }] }, 1);
      decide({ bids: [BY_FALLBACK, { ...BY_FALLBACK, priceMicros: 500_000 }] }, 0.5);
      decide({ bids: [{ ...BY_FALLBACK, impId: 'unknown' }] });
    }
    // Neither of them needed an estimate, or can be compared.
    decide({ bids: [{ pricing: 'cpm' }] });
    decide({ bids: [{ pricing: 'cpc' }] });
    decide({ bids: [BY_MODEL] }, null);
    const { fallback } = figures();
    expect(fallback.model).toMatchObject({
      auctions: 10,
      fillRate: 1,
      revenueMicrosPerAuction: expect.closeTo(50_000, 6),
    });
    expect(fallback.fallback.auctions).toBe(20);
    expect(fallback.fillShift).toBeCloseTo(-0.5, 2);
    expect(fallback.revenueShift).toBeCloseTo(-0.75, 2);
    expect(fallback.fallbackShare).toBeCloseTo(2 / 3, 2);
  });
});

describe('alerts', () => {
  it('are silent on a model that is right, and before anything happened', () => {
    expect(operation().figures().alerts).toEqual({ calibration: false, auc: false, 'fallback-share': false });
    expect(operation().sell(200, 10, { ctr: 0.1 }).alerts).toMatchObject({ calibration: false });
  });

  it.each([
    [0.3, true],
    [0.03, true],
    [0.11, false],
  ])('tell a calibration outside its bounds: %d where 0.1 is true', (ctr, isRaised) => {
    expect(operation().sell(200, 10, { ctr }).alerts.calibration).toBe(isRaised);
  });

  it('wait for enough clicks, predicted or actual', () => {
    expect(operation().sell(30, 10, { ctr: 0.3 }).alerts.calibration).toBe(false);
    expect(operation().sell(90, 10, { ctr: 0.02 }).alerts.calibration).toBe(false);
    expect(operation().sell(40, 1000, { ctr: 0.3 }).alerts).toMatchObject({ calibration: true, auc: false });
  });

  it('tell a model that does not tell clicks apart', () => {
    const { alerts, lines } = operation().sell(200, 10, { ctr: 0.1 });
    expect(lines[0]!.auc).toBe(0.5);
    expect(alerts.auc).toBe(true);
  });

  it('are about the model that serves now, not the one before', () => {
    const { sell } = operation();
    expect(sell(200, 10, { ctr: 0.3, ctrModel: 3 }).alerts.calibration).toBe(true);
    expect(sell(200, 10, { ctr: 0.1, ctrModel: 2 }).alerts.calibration).toBe(false);
  });

  it('tell when too many auctions go without the model', () => {
    const { sell } = operation();
    expect(sell(100, 10, BY_MODEL).alerts['fallback-share']).toBe(false);
    expect(sell(150, 10, BY_FALLBACK).alerts['fallback-share']).toBe(true);
  });
});
