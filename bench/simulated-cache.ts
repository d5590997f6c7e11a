/**
 * What the cache finds of the simulator's own traffic, keyed as the engine keys it, and what its answers are worth beside
 * the model's own: one bid for each of 1,000 requests a second, default horizons, in virtual time. Users are drawn anew for
 * each request, which is the hard case. The same on every machine.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readScorer, scoreRows } from '../adapters/training-data/scorer.ts';
import { HORIZON_DEFAULTS } from '../engine/estimation/cache/horizons.ts';
import { HOT_PER_SECOND_MIN_DEFAULT, LOCAL_ENTRIES_MAX_DEFAULT } from '../engine/estimation/cache/local-predictions.ts';
import { PredictionKeys } from '../engine/estimation/cache/prediction-key.ts';
import { CachedEstimates } from '../engine/estimation/cached-estimates.ts';
import { EstimateBatch } from '../engine/estimation/estimate-batch.ts';
import type { EstimateQuestion } from '../engine/estimation/estimate-question.ts';
import { FallbackEstimator } from '../engine/estimation/fallback/fallback-estimator.ts';
import { KEY_COLUMNS } from '../engine/estimation/features/key-columns.ts';
import { readRateTables } from '../engine/estimation/features/rate-tables.ts';
import { FEATURE_COUNT, SCHEMA_HASH } from '../engine/estimation/features/schema.ts';
import { rowsWithRates } from '../engine/estimation/features/training-rows.ts';
import type { LoggedImpression } from '../engine/estimation/features/training-target.ts';
import { impressionsOf } from '../simulator/clicks/simulated-log.ts';
import { seededRandom } from '../simulator/random.ts';
import { auc } from './auc.ts';
import type { BenchContext, Measurement } from './measurement.ts';
import { rootFolder } from './model-quality.ts';

const SHIPPED = join(rootFolder(), 'config', 'models', 'ctr');
const BIDS_PER_SECOND = 1000;
/** Noon of the day after the last that the shipped model learnt from. */
const START_MS = Date.UTC(2026, 0, 11, 12);
/** Of the requests at full scale, by the scale's number of auctions. */
const REQUESTS_PER_AUCTION = 2;
/** From the question to the answer. */
const MODEL_MS = 25;
/** So that the refreshes of both kinds stay below a twentieth of the bids. */
const REFRESHES_PER_SECOND = BIDS_PER_SECOND / 50;

interface Traffic {
  readonly impressions: readonly LoggedImpression[];
  readonly rows: Float64Array;
  /** The model's own estimate of each row. */
  readonly direct: Float64Array;
}

/** Of the second half of the traffic: in the first the cache fills. */
interface Replay {
  exactHits: number;
  coarseHits: number;
  calls: number;
  readonly estimates: number[];
}

export async function measureSimulatedCache({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  const traffic = trafficOf(scale.auctions * REQUESTS_PER_AUCTION, seed);
  const first = Math.floor(traffic.impressions.length / 2);
  const { exactHits, coarseHits, calls, estimates } = replay(traffic, first, seed);
  const late = traffic.impressions.slice(first);
  progress(`  ${traffic.impressions.length} bids, ${late.length} of them counted`);
  const quality = (name: string, values: ArrayLike<number>): Measurement[] => [
    {
      name: `cache.auc.simulated.${name}`,
      value: auc(
        values,
        late.map(({ isClicked }) => isClicked),
      ),
      unit: '',
    },
    ...lossesOf(values, late).map(({ kind, value }) => ({ name: `cache.${kind}.simulated.${name}`, value, unit: '' })),
  ];
  return [
    { name: 'cache.hit_rate.simulated', value: (exactHits + coarseHits) / late.length, unit: '' },
    { name: 'cache.hit_rate.simulated_exact', value: exactHits / late.length, unit: '' },
    { name: 'cache.calls_saved.simulated', value: 1 - calls / late.length, unit: '' },
    ...quality('model', traffic.direct.subarray(first)),
    ...quality('cached', estimates),
  ];
}

function trafficOf(requests: number, seed: number): Traffic {
  const draw = impressionsOf(seed);
  const impressions: LoggedImpression[] = [];
  for (let index = 0; index < requests; index++) {
    const shown = draw(index, START_MS + (index * 1000) / BIDS_PER_SECOND);
    if (shown !== null) impressions.push(shown);
  }
  const rows = rowsWithRates(impressions, readRateTables(readFileSync(join(SHIPPED, 'rates.json'), 'utf8')));
  const scored = scoreRows(readScorer(SHIPPED), rows);
  // Score and probability of each row take turns.
  return { impressions, rows, direct: scored.filter((_, index) => index % 2 === 1) };
}

function replay({ impressions, rows, direct }: Traffic, first: number, seed: number): Replay {
  const cached = openCache(seed);
  const batch = new EstimateBatch(FEATURE_COUNT);
  const asked: { readonly question: EstimateQuestion; readonly row: number; readonly atMs: number }[] = [];
  const result: Replay = { exactHits: 0, coarseHits: 0, calls: 0, estimates: [] };
  const keys = new PredictionKeys(KEY_COLUMNS, '1', SCHEMA_HASH);
  const freshUntilMs = new Map<number, number>();
  let landed = 0;
  for (const [row, { atMs }] of impressions.entries()) {
    const nowMs = atMs - START_MS;
    for (; landed < asked.length && asked[landed]!.atMs <= nowMs; landed++) {
      const { question, row: of } = asked[landed]!;
      cached.keep(question, direct[of]!, question.bornAtMs, nowMs);
      freshUntilMs.set(question.exactKey, nowMs + HORIZON_DEFAULTS.exact.localMs);
    }
    batch.begin(1, 0);
    batch.rows.set(rows.subarray(row * FEATURE_COUNT, (row + 1) * FEATURE_COUNT));
    const questions = [...cached.estimateNow(batch, { mayUseStale: false, mayRefresh: true }, nowMs)];
    const isMiss = batch.missCount > 0;
    if (isMiss) questions.push(cached.questionAt(batch, 0, nowMs));
    for (const question of questions) asked.push({ question, row, atMs: nowMs + MODEL_MS });
    if (row < first) continue;
    keys.read(rows, row * FEATURE_COUNT);
    const isExact = nowMs < (freshUntilMs.get(keys.exact) ?? 0);
    if (!isMiss && isExact) result.exactHits += 1;
    if (!isMiss && !isExact) result.coarseHits += 1;
    result.calls += questions.length;
    // A miss waits for the model.
    result.estimates.push(isMiss ? direct[row]! : batch.values[0]!);
  }
  return result;
}

function openCache(seed: number): CachedEstimates {
  const random = seededRandom(seed);
  const cached = new CachedEstimates(
    {
      columns: KEY_COLUMNS,
      schemaHash: SCHEMA_HASH,
      horizons: HORIZON_DEFAULTS,
      entriesMax: LOCAL_ENTRIES_MAX_DEFAULT,
      hotPerSecondMin: HOT_PER_SECOND_MIN_DEFAULT,
      refreshesPerSecondMax: REFRESHES_PER_SECOND,
      random: () => random.next(),
    },
    new FallbackEstimator(),
    0,
  );
  cached.useVersion('1');
  return cached;
}

/** By the true click probabilities, which say the same as clicks with less noise. */
function lossesOf(values: ArrayLike<number>, impressions: readonly LoggedImpression[]) {
  let loss = 0;
  let clicks = 0;
  let predicted = 0;
  for (const [index, { clickProbability }] of impressions.entries()) {
    const value = values[index]!;
    const truth = clickProbability!;
    loss -= truth * Math.log(value) + (1 - truth) * Math.log(1 - value);
    clicks += truth;
    predicted += value;
  }
  const rate = clicks / impressions.length;
  const logLoss = loss / impressions.length;
  const entropy = -(rate * Math.log(rate) + (1 - rate) * Math.log(1 - rate));
  return [
    { kind: 'log_loss', value: logLoss },
    { kind: 'normalised_entropy', value: logLoss / entropy },
    { kind: 'calibration', value: predicted / clicks },
  ];
}
