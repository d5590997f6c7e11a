/** Estimates by a model server: its client, the caches in front of it, and the actor that asks. */
import { spawnEstimatorActor } from '../actors/estimator-actor.ts';
import type { ActorParent } from '../actors/mailbox.ts';
import { createEmbeddedPredictionCache } from '../adapters/cache/prediction-cache.embedded.ts';
import { openRedisPredictionCache } from '../adapters/cache/prediction-cache.redis.ts';
import type { RemoteModelMetrics } from '../adapters/metrics/remote-model-metrics.ts';
import { createRemoteModel, REMOTE_MODEL_DEFAULTS } from '../adapters/model/remote-model.ts';
import { horizonOptions } from '../config/engine-options.ts';
import { ConfigError } from '../config/load.ts';
import { RATES_FILE_PATH, RatesFileError, readRates } from '../config/rates-file.ts';
import { HOT_PER_SECOND_MIN_DEFAULT } from '../engine/estimation/cache/local-predictions.ts';
import { CachedEstimates } from '../engine/estimation/cached-estimates.ts';
import { FallbackEstimator } from '../engine/estimation/fallback/fallback-estimator.ts';
import { KEY_COLUMNS } from '../engine/estimation/features/key-columns.ts';
import type { RateTables } from '../engine/estimation/features/rate-tables.ts';
import { FEATURE_COUNT, SCHEMA_HASH } from '../engine/estimation/features/schema.ts';
import { RemoteEstimates } from '../engine/estimation/remote-estimates.ts';
import type { PredictionCache } from '../engine/ports/prediction-cache.ts';
import type { RemoteModel } from '../engine/ports/remote-model.ts';
import type { DegradeLevel } from '../engine/traffic/admission/zones.ts';
import { openWarmUp } from './estimate-warm-up.ts';
import type { Estimator } from './estimation.ts';
import { type Parts, supervisorOf } from './parts.ts';

/** Before all keys and channels in Redis. */
const KEY_PREFIX = 'gavel:';
/** A command that takes longer is given up, an invalidation too; for a prediction nobody waits so long (`SharedTier`). */
const REDIS_MS_MAX = 50;
/** After how long a process first looks for an answer that another one has asked for, ms. */
const LOCK_POLL_MS = 5;
/** Keys asked at a time, and auctions that wait for them. */
const FLIGHTS_MAX = 10_000;
const WAITERS_MAX = 50_000;

/** Rejects when the rates cannot be read. A model server or a Redis that is away is no reason not to serve. */
export async function openRemoteEstimation(
  parts: Parts,
  parent: ActorParent,
  degradeLevel: () => DegradeLevel,
): Promise<Estimator<RemoteEstimates>> {
  const { config, clock, timers, random, closing } = parts;
  const { remote, cache } = config.estimation.model;
  const rates = ratesOf(remote.ratesFile);
  const metrics = parts.metrics.remoteModel();
  const horizons = horizonOptions(config);
  const { model, isFound } = openModel(parts, metrics);
  const shared = await openSharedCache(parts);
  const cached = new CachedEstimates(
    {
      columns: KEY_COLUMNS,
      schemaHash: SCHEMA_HASH,
      horizons,
      entriesMax: cache.entriesMax,
      hotPerSecondMin: HOT_PER_SECOND_MIN_DEFAULT,
      refreshesPerSecondMax: cache.refreshesPerSecondMax,
      random,
    },
    new FallbackEstimator(),
    clock.monotonicMs(),
  );
  const estimator = spawnEstimatorActor(parent, {
    cached,
    model,
    shared,
    horizons,
    flights: { windowMs: remote.callTimeoutMs, flightsMax: FLIGHTS_MAX, waitersMax: WAITERS_MAX },
    inferenceMsMax: remote.callTimeoutMs,
    lockPollMs: LOCK_POLL_MS,
    degradeLevel,
    clock,
    timers,
    supervisor: supervisorOf(parts),
    observer: { ...parts.metrics.estimation.clicks.observer, ...metrics.questions },
  });
  closing(async () => estimator.stop());
  metrics.readFrom({
    breakerState: model.breakerState,
    entryCount: () => cached.size,
    flightCount: estimator.flightCount,
    isCacheBypassed: estimator.isCacheBypassed,
  });
  return {
    estimates: new RemoteEstimates({ rates, estimateNow: estimator.estimateNow, version: () => cached.version }),
    estimating: { estimator, budgetMs: remote.budgetMs },
    status: () => ({ version: model.version(), isFailing: model.isFailing() }),
    warmUp: openWarmUp(parts, { rates, model, isFound, cached, estimator, onWarmedUp: metrics.onWarmedUp }),
    invalidate: estimator.invalidate,
  };
}

/** The file was there when the configuration was checked; by now it may be gone. */
function ratesOf(file: string): RateTables {
  try {
    return readRates(file);
  } catch (error) {
    if (!(error instanceof RatesFileError)) throw error;
    throw new ConfigError(`configuration: ${RATES_FILE_PATH}: ${error.message}`);
  }
}

interface OpenedModel {
  readonly model: RemoteModel;
  /** Whether it could be used when it was first looked for. */
  readonly isFound: Promise<boolean>;
}

function openModel(parts: Parts, metrics: RemoteModelMetrics): OpenedModel {
  const { config, clock, timers, random, log, closing, onProcessFault } = parts;
  const { url, model: name, headers, gatherMs, batchRowsMax, callsMax } = config.estimation.model.remote;
  let isReported = false;
  let onLookedFor: (isFound: boolean) => void;
  const isFound = new Promise<boolean>((resolve) => {
    onLookedFor = resolve;
  });
  const model = createRemoteModel({
    ...REMOTE_MODEL_DEFAULTS,
    url,
    model: name,
    headers,
    gatherMs,
    batchRowsMax,
    callsMax,
    featureCount: FEATURE_COUNT,
    schemaHash: SCHEMA_HASH,
    clock,
    timers,
    random,
    observer: {
      onReady: ({ version }) => {
        log.info({ model: name, version }, 'model server found, of the right schema');
        isReported = false;
        onLookedFor(true);
      },
      // It is looked for every second: the first time says it.
      onNotReady: (err) => {
        if (!isReported) log.error({ model: name, err }, 'model server cannot be used');
        isReported = true;
        onLookedFor(false);
      },
      onFinding: (version, finding) => {
        if (finding === null) log.info({ model: name, version }, 'estimates of the model server are plausible again');
        else
          log.error({ model: name, version, finding }, 'estimates of the model server are not plausible and not used');
      },
      onCall: metrics.onCall,
      onFault: (error) => onProcessFault('deadline', error),
    },
  });
  closing(model.close);
  return { model, isFound };
}

async function openSharedCache({ config, clock, log, closing }: Parts): Promise<PredictionCache> {
  const { redisUrl, entriesMax, exact, coarse } = config.estimation.model.cache;
  const keptMsMax = Math.max(exact.staleMs, coarse.staleMs);
  const cache =
    redisUrl === ''
      ? createEmbeddedPredictionCache({ entriesMax, keptMsMax, clock })
      : await openRedisPredictionCache({
          url: redisUrl,
          keyPrefix: KEY_PREFIX,
          commandTimeoutMs: REDIS_MS_MAX,
          keptMsMax,
          onError: (err) => log.warn({ err }, 'shared cache of predictions'),
        });
  closing(cache.close);
  return cache;
}
