/**
 * Estimates of a remote model as far as they are known here: the synchronous side of the estimator. A candidate whose
 * exact prediction is fresh is done. Else it is a miss, and is given the best there is without waiting: the prediction
 * for what is like it, an exact one past its time, or the fallback.
 */
import { TokenBucket } from '../dsp/token-bucket.ts';
import type { Random } from '../ports/random.ts';
import type { Expectation } from '../ports/remote-model.ts';
import { expiryOf, type Horizon, type HorizonOptions, negativeExpiryOf } from './cache/horizons.ts';
import { type LocalPrediction, LocalPredictions } from './cache/local-predictions.ts';
import { type KeyColumn, PredictionKeys } from './cache/prediction-key.ts';
import type { EstimateBatch } from './estimate-batch.ts';
import type { Estimate, EstimateQuestion } from './estimate-question.ts';
import type { FallbackEstimator } from './fallback/fallback-estimator.ts';

export interface CachedEstimatesOptions {
  /** One for each feature. */
  readonly columns: readonly KeyColumn[];
  readonly schemaHash: string;
  readonly horizons: HorizonOptions;
  /** Keys held in this process; a prediction has two. */
  readonly entriesMax: number;
  readonly hotPerSecondMin: number;
  /**
   * Predictions asked for a second that nobody waits for: so many that will soon be past their time or are, and as many
   * again that something alike stands in for. 0: none.
   */
  readonly refreshesPerSecondMax: number;
  readonly random: Random;
}

/** How much may be made of what is known already. */
export interface CacheUse {
  /** The model is failing, or the process sheds load: a prediction past its time is as good as a fresh one, and no miss. */
  readonly mayUseStale: boolean;
  /** What is used and will soon be past its time, or is, is asked for again behind the request. */
  readonly mayRefresh: boolean;
}

const REFRESH_BURST_MS = 100;
/** A failing model is asked for the same prediction again no sooner than after this. */
const STALE_REFRESH_MS = 1000;
/** What the newest prediction counts in the mean of those that one coarse key stands for. */
const MEAN_SHARE = 0.2;

export class CachedEstimates {
  readonly #horizons: HorizonOptions;
  readonly #schemaHash: string;
  readonly #random: Random;
  readonly #local: LocalPredictions;
  readonly #keys: PredictionKeys;
  /** Two, so that new keys that look like known ones do not keep those in use from being refreshed; null: none of either. */
  readonly #refreshes: TokenBucket | null;
  readonly #completions: TokenBucket | null;
  readonly #fallback: FallbackEstimator;
  #version = '';

  constructor(options: CachedEstimatesOptions, fallback: FallbackEstimator, nowMs: number) {
    this.#horizons = options.horizons;
    this.#schemaHash = options.schemaHash;
    this.#random = options.random;
    this.#fallback = fallback;
    const { exact, coarse } = options.horizons;
    this.#local = new LocalPredictions({
      entriesMax: options.entriesMax,
      hotPerSecondMin: options.hotPerSecondMin,
      staleMsMax: Math.max(exact.staleMs, coarse.staleMs),
    });
    this.#keys = new PredictionKeys(options.columns, this.#version, options.schemaHash);
    this.#refreshes = refreshBucket(options, nowMs);
    this.#completions = refreshBucket(options, nowMs);
  }

  /** Keys held. */
  get size(): number {
    return this.#local.size;
  }

  /** Of the model that predictions are now found by. */
  get version(): string {
    return this.#version;
  }

  /** From here on keys are those of this version of the model. */
  useVersion(version: string): void {
    if (version === this.#version) return;
    this.#version = version;
    this.#keys.setVersion(version, this.#schemaHash);
  }

  /**
   * Fills in all values and sources, and the misses. Gives the predictions to be refreshed meanwhile, at a bounded rate;
   * almost always none.
   */
  estimateNow(batch: EstimateBatch, { mayUseStale, mayRefresh }: CacheUse, nowMs: number): readonly EstimateQuestion[] {
    let refreshes: EstimateQuestion[] = NONE;
    batch.missCount = 0;
    for (let index = 0; index < batch.count; index++) {
      this.#keys.read(batch.rows, index * batch.featureCount);
      const { exact, coarse } = this.#keys;
      const entry = this.#local.get(exact, nowMs);
      let bucket = this.#refreshes;
      if (entry === null || (nowMs >= entry.freshUntilMs && !mayUseStale)) {
        const isKnown = this.#setWithout(batch, index, entry, coarse, mayUseStale, nowMs);
        if (!isKnown) {
          batch.addMiss(index);
          continue;
        }
        bucket = this.#completions;
      } else if (Number.isNaN(entry.value)) {
        batch.set(index, this.#fallback.estimate(batch.facts[index]!, batch.priors[index]!), 'fallback');
        continue;
      } else {
        batch.set(index, entry.value, nowMs < entry.freshUntilMs ? 'l1' : 'stale');
        if (nowMs < entry.refreshAtMs) continue;
      }
      if (!mayRefresh || bucket === null || !bucket.take(nowMs)) continue;
      if (entry !== null) entry.refreshAtMs = Math.max(nowMs + STALE_REFRESH_MS, entry.freshUntilMs);
      if (refreshes === NONE) refreshes = [];
      refreshes.push(this.questionAt(batch, index, nowMs));
    }
    return refreshes;
  }

  /** The exact prediction is missing. True: the one for the coarse key stands in as well as may be. */
  #setWithout(
    batch: EstimateBatch,
    index: number,
    exact: LocalPrediction | null,
    coarseKey: number,
    mayUseStale: boolean,
    nowMs: number,
  ): boolean {
    const coarse = this.#local.get(coarseKey, nowMs);
    if (coarse !== null && nowMs < coarse.freshUntilMs) {
      batch.set(index, coarse.value, 'l1');
      return true;
    }
    const past = exact === null || Number.isNaN(exact.value) ? coarse : exact;
    if (past === null) {
      batch.set(index, this.#fallback.estimate(batch.facts[index]!, batch.priors[index]!), 'fallback');
      return false;
    }
    batch.set(index, past.value, 'stale');
    return mayUseStale;
  }

  /** Which candidates are alike but for volatile features. */
  coarseKeyAt(batch: EstimateBatch, index: number): number {
    this.#keys.read(batch.rows, index * batch.featureCount);
    return this.#keys.coarse;
  }

  /** A copy of what the model has to be asked for a candidate. */
  questionAt(batch: EstimateBatch, index: number, nowMs: number): EstimateQuestion {
    const at = index * batch.featureCount;
    this.#keys.read(batch.rows, at);
    return {
      index: batch.indexes[index]!,
      version: this.#version,
      exactKey: this.#keys.exact,
      coarseKey: this.#keys.coarse,
      row: batch.rows.slice(at, at + batch.featureCount),
      facts: batch.facts[index]!.slice(),
      prior: batch.priors[index]!,
      campaignTag: batch.campaignTags[index]!,
      userTag: batch.userTag,
      deviceTag: batch.deviceTag,
      bornAtMs: nowMs,
    };
  }

  /** The model has answered, here or in another process; `bornAtMs` is when that one's row was built. */
  keep(question: EstimateQuestion, value: number, bornAtMs: number, nowMs: number): void {
    this.#set(question.exactKey, this.#horizons.exact, question, value, bornAtMs, nowMs);
    this.keepCoarse(question, value, bornAtMs, nowMs);
  }

  /** It was the answer for a row that is alike: the stand-in becomes a running mean of what it stands for. */
  keepCoarse(question: EstimateQuestion, value: number, bornAtMs: number, nowMs: number): void {
    const known = this.#local.get(question.coarseKey, nowMs);
    const isFresh = known !== null && nowMs < known.freshUntilMs;
    const mean = isFresh ? known.value + (value - known.value) * MEAN_SHARE : value;
    this.#set(question.coarseKey, this.#horizons.coarse, question, mean, bornAtMs, nowMs);
  }

  /** What the model's answer can be compared with; null while too little was learned. */
  expectationOf({ facts, prior }: EstimateQuestion): Expectation | null {
    return this.#fallback.expectation(facts, prior);
  }

  /** This process's model has answered: the fallback learns from it. */
  learn({ facts, prior }: EstimateQuestion, value: number): void {
    this.#fallback.learn(facts, value, prior);
  }

  /** The model has no estimate for this row, and would have none if it was asked again. */
  keepNegative({ exactKey, campaignTag, userTag, deviceTag, bornAtMs }: EstimateQuestion, nowMs: number): void {
    const expiry = negativeExpiryOf(this.#horizons, nowMs, this.#random);
    this.#local.set(exactKey, { ...expiry, value: Number.NaN, bornAtMs, campaignTag, userTag, deviceTag }, nowMs);
  }

  /** What there is when the model is late: a prediction past its time, or the fallback. */
  withoutModel({ exactKey, coarseKey, version, facts, prior }: EstimateQuestion, nowMs: number): Estimate {
    for (const key of [exactKey, coarseKey]) {
      const entry = this.#local.get(key, nowMs);
      if (entry !== null && !Number.isNaN(entry.value)) {
        return { value: entry.value, source: nowMs < entry.freshUntilMs ? 'l1' : 'stale', model: version };
      }
    }
    return { value: this.#fallback.estimate(facts, prior), source: 'fallback', model: null };
  }

  /** See `tagOf`. Holds for predictions on their way, too. */
  invalidate(tag: number, nowMs: number): void {
    this.#local.invalidate(tag, nowMs);
  }

  #set(
    key: number,
    horizon: Horizon,
    { campaignTag, userTag, deviceTag }: EstimateQuestion,
    value: number,
    bornAtMs: number,
    nowMs: number,
  ): void {
    const expiry = expiryOf(horizon, this.#horizons, { bornAtMs, nowMs }, this.#random);
    this.#local.set(key, { ...expiry, value, bornAtMs, campaignTag, userTag, deviceTag }, nowMs);
  }
}

/** A bucket holds one token at least: none is not one of rate 0. */
function refreshBucket({ refreshesPerSecondMax }: CachedEstimatesOptions, nowMs: number): TokenBucket | null {
  if (refreshesPerSecondMax === 0) return null;
  return new TokenBucket({ ratePerSecond: refreshesPerSecondMax, burstMs: REFRESH_BURST_MS }, nowMs);
}

const NONE: EstimateQuestion[] = [];
