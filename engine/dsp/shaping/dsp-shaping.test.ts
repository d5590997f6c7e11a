import { describe, expect, it } from 'vitest';
import { buildRequest } from '../../exchange/testing/build-exchange.ts';
import { requestFeatures } from '../../traffic/request-features.ts';
import { DspShaping } from './dsp-shaping.ts';
import { type RequestShaping, shapeRequest } from './request-shaping.ts';
import { SHAPER_DEFAULTS } from './shaper.ts';
import { THRESHOLD_DEFAULTS } from './threshold.ts';

const THRESHOLD_MICROS = 10_000;
const { explorationShare } = THRESHOLD_DEFAULTS;
const ORDINARY_DRAW = 0.9;

function shaping(country: string, { draw = ORDINARY_DRAW, thresholdMicros = THRESHOLD_MICROS, deal = false } = {}) {
  const request = buildRequest({
    device: { geo: { country } },
    imp: [{ id: '1', banner: { w: 300, h: 250 }, ...(deal && { pmp: { deals: [{ id: 'deal' }] } }) }],
  });
  return shapeRequest(thresholdMicros, explorationShare, requestFeatures(request), 0, draw);
}

const answer = (dsp: DspShaping, request: RequestShaping, hasBid: boolean): void =>
  dsp.learn({ shaping: request, hasBid, contributionMicros: hasBid ? 500_000 : 0, revenueMicros: 1_000_000 });

/** Bids in Germany only. */
function learned(ratePerSecond: number | null = null, answers = 2000): DspShaping {
  const rate = ratePerSecond === null ? null : { ratePerSecond, burstMs: 100 };
  const dsp = new DspShaping('a', SHAPER_DEFAULTS, rate, 0);
  for (let round = 0; round < answers / 2; round++) {
    answer(dsp, shaping('DEU'), true);
    answer(dsp, shaping('FRA'), false);
  }
  return dsp;
}

describe('shaping of a request', () => {
  it('is an audit while nothing is known, then on the share it is told, never with a deal', () => {
    expect(shaping('DEU', { thresholdMicros: 0 }).isAudit).toBe(true);
    expect(shaping('DEU').isAudit).toBe(false);
    expect(shaping('DEU', { draw: explorationShare / 2 }).isAudit).toBe(true);
    expect(shaping('DEU', { draw: 0, deal: true })).toMatchObject({ isAudit: false, hasDeals: true });
  });

  it('knows the hour of the week', () => {
    const at = (time: string) => shapeRequest(0, 1, requestFeatures(buildRequest()), Date.parse(time), 0).keys[7];
    expect(at('2026-01-05T00:59:00Z')).toBe(at('2026-01-12T00:00:00Z'));
    expect(at('2026-01-05T01:00:00Z')).not.toBe(at('2026-01-05T00:59:00Z'));
  });
});

describe('one DSP', () => {
  it('is called for everything until it has answered often enough', () => {
    const dsp = learned(null, SHAPER_DEFAULTS.warmUpAnswers - 2);
    expect(dsp.judge(shaping('FRA'), 0)).toBeNull();
    expect(dsp.snapshot()).toMatchObject({ isLearning: true });
  });

  it('is then called for what it bids on', () => {
    const dsp = learned();
    expect(dsp.judge(shaping('DEU'), 0)).toBeNull();
    expect(dsp.judge(shaping('FRA'), 0)).toBe('low-value');
    expect(dsp.snapshot()).toMatchObject({ isLearning: false, thresholdMicros: THRESHOLD_MICROS, exploredCount: 0 });
  });

  it('is never skipped on a request with a deal', () => {
    expect(learned().judge(shaping('FRA', { deal: true }), 0)).toBeNull();
    const capped = learned(1);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 5) {
      expect(capped.judge(shaping('FRA', { deal: true }), nowMs)).toBeNull();
    }
  });

  it('is called for every audit, and says what it expected of it', () => {
    const dsp = learned();
    const audit = shaping('FRA', { draw: 0 });
    expect(dsp.judge(audit, 0)).toBeNull();
    expect(audit.expectedMicros!.get('a')).toBeLessThan(THRESHOLD_MICROS);
    expect(dsp.snapshot().exploredCount).toBe(1);
  });

  it('is found again by audits alone when its appetite changes', () => {
    const dsp = learned();
    let audits = 0;
    while (dsp.judge(shaping('FRA'), 0) !== null && audits < 1000) {
      answer(dsp, shaping('FRA', { draw: 0 }), true);
      audits += 1;
    }
    expect(audits).toBeLessThan(50);
  });

  it('learns from a late bid that it bids, not that its bids are worth nothing', () => {
    const dsp = learned();
    const late = { shaping: shaping('DEU'), hasBid: true, contributionMicros: null, revenueMicros: 1_000_000 };
    for (let round = 0; round < 500; round++) dsp.learn(late);
    expect(dsp.judge(shaping('DEU'), 0)).toBeNull();
  });

  it('with an agreed rate is called for the dearest, and skipped for the rest with that reason', () => {
    const dsp = learned(10);
    const cheap = shaping('FRA', { thresholdMicros: 1 });
    const dear = shaping('DEU', { thresholdMicros: 1 });
    expect(dsp.judge(cheap, 0)).toBeNull();
    for (let nowMs = 0; nowMs < 60_000; nowMs += 5) dsp.judge(dear, nowMs);
    expect(dsp.judge(cheap, 60_000)).toBe('low-value-for-qps');
    expect(dsp.snapshot().ratePriceMicros).toBeGreaterThan(10_000);
  });
});
