/**
 * How long a process that begins takes until nine of ten estimates come from its own cache: with what its past auctions
 * left in the event log, and without. The same traffic, model server and log for both.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nact from 'nact';
import { warmUpEstimates } from '../actors/estimate-warm-up.ts';
import { systemClock, systemTimers } from '../adapters/clock.ts';
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { readNewestEvents } from '../adapters/event-log/reader.ts';
import { REMOTE_MODEL_DEFAULTS } from '../adapters/model/remote-model.ts';
import type { EstimateSubject } from '../engine/estimation/click-estimates.ts';
import { estimateContext } from '../engine/estimation/estimate-context.ts';
import { emptyRateTables } from '../engine/estimation/features/rate-tables.ts';
import { FEATURE_COUNT } from '../engine/estimation/features/schema.ts';
import { RemoteEstimates } from '../engine/estimation/remote-estimates.ts';
import { encodeEvent } from '../engine/events/read-event.ts';
import { AUCTION_EVENT_VERSION, type AuctionEvent } from '../engine/exchange/auction-event.ts';
import { bidCandidate } from '../engine/exchange/bid-candidate.ts';
import { requestFeatures } from '../engine/traffic/request-features.ts';
import type { BidRequest } from '../openrtb/types.ts';
import { seededRandom } from '../simulator/random.ts';
import { ALL_LEVERS, MODEL, openCache, openModel, spawnEstimator } from './estimation-levers.ts';
import type { BenchContext, Measurement } from './measurement.ts';
import { adRequest } from './payloads/ad-request.ts';
import { startChild } from './processes/child.ts';
import type { StubModelHandlers } from './processes/stub-model.ts';
import { Zipf } from './zipf.ts';

const REQUESTS_PER_SECOND = 1000;
const KEYS = 100_000;
/** Ads that users see, each a coarse key. */
const CREATIVES = 1000;
const PAST_AUCTIONS = 5000;
/** Over so many requests in a row. */
const WINDOW = 100;
const HIT_RATE = 0.9;
const RATES = emptyRateTables();
const REQUEST_BYTES = 1500;

/** As by default. */
const WARM_UP = { timeMs: 2000, rowsMax: 1000 };

export async function measureEstimateWarmUp(context: BenchContext): Promise<Measurement[]> {
  const server = startChild<StubModelHandlers>('stub-model');
  const folder = await mkdtemp(join(tmpdir(), 'gavel-bench-'));
  try {
    const url = await server.ask('start', { seed: context.seed, featureCount: FEATURE_COUNT, ...MODEL });
    await writePast(folder, context.seed);
    const cold = await startProcess(folder, url, null, context);
    const warm = await startProcess(folder, url, WARM_UP, context);
    return [
      { name: 'estimate.warm_up_to_90_ms', value: warm.toHitRateMs, unit: 'ms' },
      { name: 'estimate.warm_up_to_90_ms.cold', value: cold.toHitRateMs, unit: 'ms' },
      { name: 'estimate.warm_up_ms', value: warm.warmUpMs, unit: 'ms' },
      { name: 'estimate.first_hit_rate.warm', value: warm.firstHitRate, unit: '' },
      { name: 'estimate.first_hit_rate.cold', value: cold.firstHitRate, unit: '' },
    ];
  } finally {
    await server.close();
    await rm(folder, { recursive: true });
  }
}

interface Beginning {
  /** How long the process was not ready because of it. */
  readonly warmUpMs: number;
  /** From the first request to the first `WINDOW` in a row with the hit rate; to the end if there are none. */
  readonly toHitRateMs: number;
  /** Of the first `WINDOW`. */
  readonly firstHitRate: number;
}

async function startProcess(
  folder: string,
  url: string,
  warmUp: typeof WARM_UP | null,
  { scale, seed }: BenchContext,
): Promise<Beginning> {
  const model = await openModel(ALL_LEVERS, url);
  const system = nact.start();
  const cached = openCache(ALL_LEVERS);
  const estimator = spawnEstimator(system, model, ALL_LEVERS, cached);
  const { batchRowsMax, callsMax } = REMOTE_MODEL_DEFAULTS;
  const startedAtMs = performance.now();
  if (warmUp !== null) {
    await warmUpEstimates({
      ...warmUp,
      events: readNewestEvents(folder),
      cached,
      estimator,
      model,
      isFound: Promise.resolve(true),
      rates: RATES,
      priors: PRIORS,
      batchRowsMax,
      callsMax,
      clock: systemClock,
      timers: systemTimers,
      onUnreadable: (error) => {
        throw error;
      },
    });
  }
  const readyAtMs = performance.now();
  const { estimateNow } = estimator;
  const estimates = new RemoteEstimates({ rates: RATES, estimateNow, version: () => cached.version });
  const hits = await atRate(scale.seconds, keysOf(seed + 1), (key) => {
    const { subject, candidate, campaignId } = auctionOf(key);
    const questions = estimates.estimate(subject, [candidate], [campaignId]);
    if (questions.length > 0) estimator.ask(questions, performance.now() + ALL_LEVERS.budgetMs, () => {});
    return candidate.ctrSource === 'l1';
  });
  estimator.stop();
  nact.stop(system as never);
  await model.close();
  return {
    warmUpMs: readyAtMs - startedAtMs,
    toHitRateMs: firstWindow(hits) * (1000 / REQUESTS_PER_SECOND),
    firstHitRate: hits.slice(0, WINDOW).filter((isHit) => isHit).length / WINDOW,
  };
}

/** Starts requests on time; gives which were hits. */
async function atRate(seconds: number, nextKey: () => number, isHit: (key: number) => boolean): Promise<boolean[]> {
  const startedAtMs = performance.now();
  const hits: boolean[] = [];
  while (hits.length < Math.ceil(seconds * REQUESTS_PER_SECOND)) {
    const due = Math.ceil(((performance.now() - startedAtMs) / 1000) * REQUESTS_PER_SECOND);
    while (hits.length < due) hits.push(isHit(nextKey()));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return hits;
}

/** How many requests come before the first window with the hit rate. */
function firstWindow(hits: readonly boolean[]): number {
  let count = 0;
  for (let index = 0; index < hits.length; index++) {
    if (hits[index]) count += 1;
    if (index >= WINDOW && hits[index - WINDOW]) count -= 1;
    if (index >= WINDOW - 1 && count >= WINDOW * HIT_RATE) return index - WINDOW + 1;
  }
  return hits.length;
}

async function writePast(folder: string, seed: number): Promise<void> {
  const nextKey = keysOf(seed);
  const log = await openEventLog({ folder, timers: systemTimers });
  for (let count = 0; count < PAST_AUCTIONS; count++) await log.append([encodeEvent(eventOf(nextKey()))]);
  await log.close();
}

function keysOf(seed: number): () => number {
  const random = seededRandom(seed);
  const zipf = new Zipf(KEYS);
  return () => zipf.draw(() => random.next());
}

const REQUEST = JSON.parse(adRequest('request', REQUEST_BYTES)) as BidRequest;
const RATE = { banner: 0.01, video: 0.01, audio: 0.01, native: 0.01 };
const PRIORS = { clicks: RATE, conversions: RATE };
const ORIGIN = { dspId: 'clicks', seat: null, groupKey: null, currency: 'USD', pricing: 'cpc', quality: 1 } as const;

/** One bid by click; which ad it shows is all that its coarse key hangs on, the city tells users apart. */
function auctionOf(key: number) {
  const request: BidRequest = {
    ...REQUEST,
    device: { ...REQUEST.device, geo: { country: 'USA', city: `city-${Math.floor(key / CREATIVES)}` } },
  };
  const subject: EstimateSubject = { request, features: requestFeatures(request), atMs: Date.now() };
  const campaignId = `campaign-${key % CREATIVES}`;
  const bid = { id: 'bid', impid: '1', price: 1, crid: `creative-${key % CREATIVES}`, cid: campaignId, w: 300, h: 250 };
  const candidate = bidCandidate(0, bid, ORIGIN, PRIORS);
  return { subject, candidate, campaignId };
}

/** As much of it as warming up reads. */
function eventOf(key: number): AuctionEvent {
  const { subject, candidate, campaignId } = auctionOf(key);
  const bids = [{ ...candidate, ctrSource: 'model' }];
  return {
    type: 'auction',
    version: AUCTION_EVENT_VERSION,
    auctionId: 'auction',
    requestId: 'request',
    atMs: subject.atMs,
    isTest: false,
    ending: 'won',
    closing: 'all-replied',
    features: subject.features,
    arms: {},
    input: { imps: [], bids },
    outcome: null,
    dsps: [],
    billingNotices: [],
    timings: {},
    estimateContext: estimateContext(subject.request, [campaignId]),
  } as unknown as AuctionEvent;
}
