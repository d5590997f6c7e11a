import { beforeEach, describe, expect, it } from 'vitest';
import { buildBid } from '../auction/testing/build-input.ts';
import type { EstimateSource, ModelVersion } from '../auction/types.ts';
import { buildRequest, buildSubject } from '../exchange/testing/build-exchange.ts';
import type { DraftCandidate } from './click-estimates.ts';
import { CLICKS, CONVERSIONS } from './estimate-target.ts';
import { FallbackEstimator } from './fallback/fallback-estimator.ts';
import { emptyRateTables } from './features/rate-tables.ts';
import { FEATURE_COUNT, FEATURES } from './features/schema.ts';
import { rowsWithRates } from './features/training-rows.ts';
import { ModelEstimates } from './model-estimates.ts';
import type { ServedModel } from './served-model.ts';

const AD_WIDTH = FEATURES.findIndex(({ name }) => name === 'ad.width');
const PRIOR = 0.003;

let asked: Float64Array[];
let told: string[];
let model: ServedModel | null;
/** What the model says of an ad of some width. */
let rateOf: (width: number) => number;

beforeEach(() => {
  asked = [];
  told = [];
  rateOf = (width) => width / 10_000;
  model = serving(7);
});

function serving(version: number): ServedModel {
  return {
    version,
    schemaHash: 'schema',
    featureCount: FEATURE_COUNT,
    rates: emptyRateTables(),
    score: (rows, count, out) => {
      asked.push(rows.slice(0, count * FEATURE_COUNT));
      for (let row = 0; row < count; row++) out[row] = rateOf(rows[row * FEATURE_COUNT + AD_WIDTH]!);
    },
  };
}

const REQUEST = buildRequest({
  imp: ['1', '2'].map((id) => ({ id, tagid: `tag-${id}`, banner: { format: [{ w: 300, h: 250 }] } })),
  device: { devicetype: 4, os: 'iOS' },
});

const create = (target = CLICKS) =>
  new ModelEstimates({
    target,
    model: { current: () => model },
    fallback: new FallbackEstimator(),
    observer: {
      onEstimate: (source) => {
        if (source !== 'fallback') told.push(source);
      },
      onFallback: (cause) => told.push(cause),
    },
  });

const draft = (width: number, impId = '1'): DraftCandidate => ({
  ...buildBid({ impId, width, height: 100, pricing: 'cpc', creativeId: `of-${width}` }, width),
  ctr: PRIOR,
});

function estimated(
  estimates: ModelEstimates,
  ...candidates: DraftCandidate[]
): [number, EstimateSource, ModelVersion | null][] {
  estimates.estimate(buildSubject(REQUEST), candidates);
  return candidates.map(({ ctr, ctrSource, ctrModel }) => [ctr, ctrSource, ctrModel]);
}

describe('with a model', () => {
  it('each candidate gets what the model says of its own row, in one batch', () => {
    const given = estimated(create(), draft(100), draft(300, '2'), draft(200));
    expect(given).toEqual([
      [0.01, 'model', 7],
      [0.03, 'model', 7],
      [0.02, 'model', 7],
    ]);
    expect(asked).toHaveLength(1);
    expect(told).toEqual(['model', 'model', 'model']);
  });

  it('rows are those of training', () => {
    const candidates = [draft(100), draft(300, '2')];
    estimated(create(), ...candidates);
    const { atMs } = buildSubject(REQUEST);
    const logged = candidates.map((bid, index) => ({
      id: `${index}`,
      day: '20260101',
      atMs,
      request: REQUEST,
      imp: REQUEST.imp[index]!,
      bid,
      isClicked: false,
      clickedAtMs: null,
      clickProbability: null,
      conversion: null,
    }));
    expect(asked[0]).toEqual(rowsWithRates(logged, emptyRateTables()));
  });

  it.each([Number.NaN, -0.1, 0, 1, 1.5, Number.POSITIVE_INFINITY])(
    '%d is no estimate: the fallback says one',
    (rate) => {
      rateOf = () => rate;
      const [[ctr, source, version]] = estimated(create(), draft(100)) as [[number, EstimateSource, number | null]];
      expect(ctr).toBeGreaterThan(0);
      expect(ctr).toBeLessThan(1);
      expect([source, version]).toEqual(['fallback', null]);
      expect(told).toEqual(['unusable']);
    },
  );

  it('asks nothing where there is nothing to ask', () => {
    estimated(create());
    expect(asked).toEqual([]);
  });

  it('a bid for no imp of the request keeps its prior', () => {
    expect(estimated(create(), draft(100, 'elsewhere'))).toEqual([[PRIOR, 'prior', null]]);
  });

  it('another model is used from the next request on', () => {
    const estimates = create();
    estimated(estimates, draft(100));
    model = serving(8);
    expect(estimated(estimates, draft(100))).toEqual([[0.01, 'model', 8]]);
  });

  it('a small batch after a large one has nothing of it', () => {
    const estimates = create();
    estimated(estimates, ...Array.from({ length: 40 }, (_, index) => draft(index + 1)));
    expect(estimated(estimates, draft(500))).toEqual([[0.05, 'model', 7]]);
    expect(asked[1]).toHaveLength(FEATURE_COUNT);
  });
});

describe('without a model', () => {
  it('and before there was one, the prior is all that is known', () => {
    model = null;
    const [[ctr, source, version]] = estimated(create(), draft(100)) as [[number, EstimateSource, number | null]];
    expect(ctr).toBeCloseTo(PRIOR, 9);
    expect([source, version]).toEqual(['fallback', null]);
    expect(told).toEqual(['no-model']);
  });

  it('the fallback knows what the model said of the like', () => {
    const estimates = create();
    for (let times = 0; times < 2000; times++) estimated(estimates, draft(100), draft(400, '2'));
    model = null;
    const [ofSmall, ofLarge] = estimated(estimates, draft(100), draft(400, '2'));
    expect(ofSmall![0]).toBeCloseTo(0.01, 2);
    expect(ofLarge![0]).toBeCloseTo(0.04, 2);
    expect(ofLarge![0] / ofSmall![0]).toBeGreaterThan(3);
  });
});

describe('of conversions', () => {
  const bid = (): DraftCandidate => ({ ...draft(100), pricing: 'cpa', cvr: 0.2 });

  it('an estimate goes beside that of the click, which stays as it was', () => {
    const candidate = bid();
    create(CONVERSIONS).estimate(buildSubject(REQUEST), [candidate]);
    expect(candidate).toMatchObject({ cvr: 0.01, cvrSource: 'model', cvrModel: 7 });
    expect(candidate).toMatchObject({ ctr: PRIOR, ctrSource: 'prior', ctrModel: null });
  });

  it('without a model the fallback starts at their own prior', () => {
    model = null;
    const candidate = bid();
    create(CONVERSIONS).estimate(buildSubject(REQUEST), [candidate]);
    expect(candidate.cvr).toBeCloseTo(0.2, 9);
    expect(candidate).toMatchObject({ cvrSource: 'fallback', cvrModel: null });
  });

  it('and those of clicks learn nothing of each other', () => {
    const [clicks, conversions] = [create(), create(CONVERSIONS)];
    rateOf = () => 0.9;
    for (let times = 0; times < 200; times++) clicks.estimate(buildSubject(REQUEST), [bid()]);
    model = null;
    const candidate = bid();
    conversions.estimate(buildSubject(REQUEST), [candidate]);
    expect(candidate.cvr).toBeCloseTo(0.2, 9);
  });
});
