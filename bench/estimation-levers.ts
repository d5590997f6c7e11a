/**
 * A model server with a p99 of 700 ms behind an endpoint, and what each lever makes of it: the same traffic, Zipf(1.0),
 * once asked straight and then with cache, refresh ahead, single flight, fallback and batching added in turn.
 *
 * The horizons are a tenth of the real ones, so that predictions expire and are refreshed within a run.
 */
import nact from 'nact';
import { type EstimatorActor, spawnEstimatorActor } from '../actors/estimator-actor.ts';
import { spawnParent } from '../actors/mailbox.ts';
import { stopOnFault } from '../actors/supervision.ts';
import { systemClock, systemTimers } from '../adapters/clock.ts';
import { createRemoteModel, REMOTE_MODEL_DEFAULTS } from '../adapters/model/remote-model.ts';
import { HORIZON_DEFAULTS, type Horizon, type HorizonOptions } from '../engine/estimation/cache/horizons.ts';
import { CachedEstimates } from '../engine/estimation/cached-estimates.ts';
import { EstimateBatch } from '../engine/estimation/estimate-batch.ts';
import { FallbackEstimator } from '../engine/estimation/fallback/fallback-estimator.ts';
import { KEY_COLUMNS } from '../engine/estimation/features/key-columns.ts';
import { FEATURE_COUNT, FEATURES } from '../engine/estimation/features/schema.ts';
import type { RemoteModel } from '../engine/ports/remote-model.ts';
import { seededRandom } from '../simulator/random.ts';
import { type BenchContext, type Measurement, percentile } from './measurement.ts';
import { type Child, startChild } from './processes/child.ts';
import type { StubModelHandlers } from './processes/stub-model.ts';
import { Zipf } from './zipf.ts';

const REQUESTS_PER_SECOND = 1000;
export const MODEL = { medianMs: 25, p99Ms: 700 };
const KEYS = 100_000;
/** Kinds of key that are alike but for volatile features. */
const COARSE_KEYS = 500;
/** Of the estimate of one request, once there is a fallback; without, a request waits as long as it takes. */
const BUDGET_MS = 20;
const PATIENCE_MS = 10_000;
const ONE_KEY_REQUESTS = 10_000;

/** Requests differ in one feature that is the same for many and one that tells users apart; keys are made of all. */
const STABLE_AT = FEATURES.findIndex(({ name }) => name === 'ad.advertiser');
const VOLATILE_AT = FEATURES.findIndex(({ name }) => name === 'user.city');

const tenthOf = ({ localMs, sharedMs, staleMs }: Horizon): Horizon => ({
  localMs: localMs / 10,
  sharedMs: sharedMs / 10,
  staleMs: staleMs / 10,
});

const HORIZONS: HorizonOptions = {
  ...HORIZON_DEFAULTS,
  exact: tenthOf(HORIZON_DEFAULTS.exact),
  coarse: tenthOf(HORIZON_DEFAULTS.coarse),
};

export interface Levers {
  readonly hasCache: boolean;
  readonly refreshesPerSecondMax: number;
  readonly flightWindowMs: number;
  readonly budgetMs: number;
  readonly batchRowsMax: number;
}

const NO_LEVERS: Levers = {
  hasCache: false,
  refreshesPerSecondMax: 0,
  flightWindowMs: 0,
  budgetMs: PATIENCE_MS,
  batchRowsMax: 1,
};

/** In the order in which they are added. */
const ADDED: Readonly<Record<string, Partial<Levers>>> = {
  none: {},
  cache: { hasCache: true },
  // So that model calls stay below a twentieth of the requests.
  refresh: { refreshesPerSecondMax: REQUESTS_PER_SECOND / 25 },
  singleflight: { flightWindowMs: PATIENCE_MS },
  fallback: { budgetMs: BUDGET_MS },
  batch: { batchRowsMax: REMOTE_MODEL_DEFAULTS.batchRowsMax },
};

export const LEVER_NAMES: readonly string[] = Object.keys(ADDED);
export const ALL_LEVERS: Levers = Object.assign({}, NO_LEVERS, ...Object.values(ADDED));

export async function measureEstimationLevers(context: BenchContext): Promise<Measurement[]> {
  const server = startChild<StubModelHandlers>('stub-model');
  const url = await server.ask('start', { seed: context.seed, featureCount: FEATURE_COUNT, ...MODEL });
  const measurements: Measurement[] = [];
  let levers = NO_LEVERS;
  try {
    for (const [name, added] of Object.entries(ADDED)) {
      levers = { ...levers, ...added };
      context.progress(`  ${name}`);
      measurements.push(...(await measureLevers(name, levers, url, server, context)));
    }
    measurements.push(await measureOneColdKey(levers, url, server));
  } finally {
    await server.close();
  }
  return measurements;
}

/** Percentiles are of all requests, the cold ones included; the shares are of the second half. */
async function measureLevers(
  name: string,
  levers: Levers,
  url: string,
  server: Child<StubModelHandlers>,
  { scale, seed }: BenchContext,
): Promise<Measurement[]> {
  const endpoint = await openEndpoint(levers, url);
  const random = seededRandom(seed);
  const zipf = new Zipf(KEYS);
  const half = (): Promise<number[]> =>
    atRate(Math.ceil(scale.seconds * REQUESTS_PER_SECOND), () =>
      endpoint.request(scattered(zipf.draw(() => random.next()))),
    );
  const cold = await half();
  await server.ask('takeCounts');
  const warm = await half();
  const { calls } = await server.ask('takeCounts');
  const latenciesMs = [...cold, ...warm];
  await endpoint.close();
  return [
    ...[50, 95, 99].map((percent) => ({
      name: `estimate.p${percent}_ms.${name}`,
      value: percentile(latenciesMs, percent),
      unit: 'ms',
    })),
    { name: `estimate.within_2ms.${name}`, value: share(warm, 2), unit: '' },
    { name: `estimate.calls_saved.${name}`, value: 1 - calls / warm.length, unit: '' },
  ];
}

/** How many calls reach the model when all want the same at once. */
async function measureOneColdKey(levers: Levers, url: string, server: Child<StubModelHandlers>): Promise<Measurement> {
  const endpoint = await openEndpoint(levers, url);
  await server.ask('takeCounts');
  await Promise.all(Array.from({ length: ONE_KEY_REQUESTS }, () => endpoint.request(0)));
  const { rows } = await server.ask('takeCounts');
  await endpoint.close();
  return { name: 'estimate.calls_for_one_key', value: rows, unit: '' };
}

/** Starts requests on time, whatever becomes of those before; gives how long each took, in the order of their starts. */
async function atRate(count: number, request: () => Promise<number>): Promise<number[]> {
  const startedAtMs = performance.now();
  const answers: Promise<number>[] = [];
  while (answers.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - startedAtMs) / 1000) * REQUESTS_PER_SECOND));
    while (answers.length < due) answers.push(request());
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return Promise.all(answers);
}

interface Endpoint {
  /** Gives how long the estimate took, ms. */
  readonly request: (key: number) => Promise<number>;
  readonly close: () => Promise<void>;
}

async function openEndpoint(levers: Levers, url: string): Promise<Endpoint> {
  const model = await openModel(levers, url);
  if (!levers.hasCache) return { request: (key) => askStraight(model, key), close: model.close };
  const system = nact.start();
  const estimator = spawnEstimator(system, model, levers, openCache(levers));
  const batch = new EstimateBatch(FEATURE_COUNT);
  return {
    request: (key) => askEstimator(estimator, batch, key, levers.budgetMs),
    close: async () => {
      estimator.stop();
      nact.stop(system as never);
      await model.close();
    },
  };
}

export async function openModel({ batchRowsMax }: Levers, url: string): Promise<RemoteModel> {
  return new Promise((resolve, reject) => {
    const model = createRemoteModel({
      ...REMOTE_MODEL_DEFAULTS,
      url,
      model: 'clicks',
      headers: {},
      featureCount: FEATURE_COUNT,
      schemaHash: '',
      batchRowsMax,
      callsMax: 512,
      queueMax: 100_000,
      clock: systemClock,
      timers: systemTimers,
      random: Math.random,
      observer: {
        onReady: () => resolve(model),
        onNotReady: reject,
        onCall: () => {},
        onFinding: () => {},
        onFault: reject,
      },
    });
  });
}

export function openCache(levers: Levers): CachedEstimates {
  return new CachedEstimates(
    {
      columns: KEY_COLUMNS,
      schemaHash: '',
      horizons: HORIZONS,
      entriesMax: KEYS / 5,
      hotPerSecondMin: 100,
      refreshesPerSecondMax: levers.refreshesPerSecondMax,
      random: Math.random,
    },
    new FallbackEstimator(),
    systemClock.monotonicMs(),
  );
}

export function spawnEstimator(
  system: nact.ActorSystemRef,
  model: RemoteModel,
  levers: Levers,
  cached: CachedEstimates,
): EstimatorActor {
  return spawnEstimatorActor(spawnParent(system, 'residents'), {
    cached,
    model,
    shared: null,
    horizons: HORIZONS,
    flights: { windowMs: levers.flightWindowMs, flightsMax: KEYS, waitersMax: 100_000 },
    inferenceMsMax: PATIENCE_MS,
    lockPollMs: 5,
    degradeLevel: () => 0,
    clock: systemClock,
    timers: systemTimers,
    supervisor: stopOnFault(({ error }) => {
      throw error;
    }),
    observer: {
      onEstimate: () => {},
      onFallback: () => {},
      onLookup: () => {},
      onModelAsked: () => {},
      onModelFailed: () => {},
      onJoined: () => {},
      onSharedCacheFailed: () => {},
      onRefused: () => {},
    },
  });
}

function askStraight(model: RemoteModel, key: number): Promise<number> {
  const startedAtMs = performance.now();
  return new Promise((resolve) => {
    model.infer(rowOf(key), startedAtMs + PATIENCE_MS, () => resolve(performance.now() - startedAtMs));
  });
}

function askEstimator(estimator: EstimatorActor, batch: EstimateBatch, key: number, budgetMs: number): Promise<number> {
  const startedAtMs = performance.now();
  batch.begin(1, 0);
  batch.rows.set(rowOf(key));
  batch.priors[0] = 0.01;
  const questions = estimator.estimateNow(batch);
  if (questions.length === 0) return Promise.resolve(performance.now() - startedAtMs);
  return new Promise((resolve) => {
    estimator.ask(questions, startedAtMs + budgetMs, () => resolve(performance.now() - startedAtMs));
  });
}

function rowOf(key: number): Float64Array {
  const row = new Float64Array(FEATURE_COUNT);
  row[STABLE_AT] = key % COARSE_KEYS;
  row[VOLATILE_AT] = Math.floor(key / COARSE_KEYS);
  return row;
}

/** Frequent keys are not alike. */
function scattered(rank: number): number {
  return (rank * 61_803) % KEYS;
}

function share(values: readonly number[], atMost: number): number {
  return values.filter((value) => value <= atMost).length / values.length;
}
