/**
 * The click model fails for a while: the same requests and bids decided with the model and without it, by the product's
 * own decision and estimates. Every buyer bids by click, so every rank and every price hangs on an estimate.
 */
import { decisionRules, exchangeRules } from '../../config/engine-options.ts';
import { loadConfig } from '../../config/load.ts';
import type { DspReply } from '../../engine/dsp/reply.ts';
import type { EstimateSubject } from '../../engine/estimation/click-estimates.ts';
import { CLICKS } from '../../engine/estimation/estimate-target.ts';
import { FallbackEstimator } from '../../engine/estimation/fallback/fallback-estimator.ts';
import { ModelEstimates } from '../../engine/estimation/model-estimates.ts';
import type { ServedModel } from '../../engine/estimation/served-model.ts';
import { type AuctionTerms, auctionTerms } from '../../engine/exchange/auction-terms.ts';
import { bidCandidate } from '../../engine/exchange/bid-candidate.ts';
import { decideAuction } from '../../engine/exchange/decision.ts';
import { requestFeatures } from '../../engine/traffic/request-features.ts';
import type { Bid, BidRequest } from '../../openrtb/types.ts';
import { AVERAGE_CLICK_RATES, ClickWorld, localHour, WORLD_SEED } from '../clicks/click-world.ts';
import { decide } from '../dsp/behaviour.ts';
import { defaultScenarioPath, dspsOf, loadScenario, type SimulatedDsp } from '../dsp/scenario.ts';
import { type SeededRandom, seededRandom } from '../random.ts';
import { generateRequest } from '../traffic/request-generator.ts';

export interface OutageStudyOptions {
  readonly seed: number;
  readonly model: ServedModel;
  readonly requestsPerSecond: number;
  /** Before the outage: what the fallback learns from. */
  readonly warmUpSeconds: number;
  readonly outageSeconds: number;
}

/** What was sold during the outage. */
export interface OutageSales {
  /** Positions filled. */
  filled: number;
  /** Sum of the clearing prices, CPM micros, by the clicks that were expected when they were made. */
  estimatedMicros: number;
  /** The same by the true click probabilities: what publishers are paid in the end. */
  trueMicros: number;
}

export interface OutageResult {
  readonly imps: number;
  readonly withModel: OutageSales;
  readonly withFallback: OutageSales;
}

/** The day after the last that the shipped model learnt from. */
const START_MS = Date.UTC(2026, 0, 11, 12);
const EURO = { currencies: { rates: { EUR: 0.9 } } };

export function runOutageStudy(options: OutageStudyOptions): OutageResult {
  const { seed, model, requestsPerSecond, warmUpSeconds, outageSeconds } = options;
  const market = new ClickMarket(seed);
  let isDown = false;
  const steady = new Exchange(market, () => model);
  const failing = new Exchange(market, () => (isDown ? null : model));
  const warmUps = warmUpSeconds * requestsPerSecond;
  let imps = 0;
  for (let index = 0; index < warmUps + outageSeconds * requestsPerSecond; index++) {
    isDown = index >= warmUps;
    const offered = market.offer(index, START_MS + (index * 1000) / requestsPerSecond);
    failing.decide(offered, isDown);
    if (!isDown) continue;
    steady.decide(offered, true);
    imps += offered.subject.request.imp.length;
  }
  return { imps, withModel: steady.sales, withFallback: failing.sales };
}

/** One request and what all DSPs answer. */
interface Offer {
  readonly subject: EstimateSubject;
  readonly terms: AuctionTerms;
  readonly replies: readonly DspReply[];
}

class ClickMarket {
  readonly dsps: readonly SimulatedDsp[] = dspsOf(loadScenario(defaultScenarioPath()));
  readonly config = loadConfig({ file: null, environment: {}, overrides: EURO });
  readonly world = new ClickWorld(WORLD_SEED);
  readonly #rules = exchangeRules(this.config);
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = seededRandom(seed).fork('outage');
  }

  offer(index: number, atMs: number): Offer {
    const request = generateRequest(this.#random, index);
    const random = this.#random.fork(`bids-${index}`);
    const features = requestFeatures(request);
    return {
      subject: { request, features, atMs },
      terms: auctionTerms(request.id, request, features, this.#rules, () => 0),
      replies: this.dsps.map((dsp) => replyOf(dsp, request, random.fork(dsp.id))),
    };
  }
}

function replyOf(dsp: SimulatedDsp, request: BidRequest, random: SeededRandom): DspReply {
  const { reply } = decide(dsp, request, random, 'https://dsp.example.com');
  const seatbids = (reply?.seatbid ?? []).map(({ seat, bid }) => ({
    seat: seat ?? null,
    group: false,
    bids: bid.map((of) => pricedByClick(of, dsp)),
  }));
  return {
    dspId: dsp.id,
    result: reply === null ? 'no-bid' : 'bid',
    detail: '',
    latencyMs: 0,
    nbr: null,
    response: reply === null ? null : { id: request.id, bidid: null, cur: dsp.price.currency, seatbids },
    dropped: [],
    diagnostics: [],
  };
}

const KNOWN_RATES = {
  clicks: AVERAGE_CLICK_RATES,
  conversions: { banner: 0, video: 0, audio: 0, native: 0 },
};

/** Buyers know what a thousand impressions are worth to them and how often an ad of this media type is clicked. */
function pricedByClick(bid: Bid, { id, price }: SimulatedDsp): Bid {
  const origin = {
    dspId: id,
    seat: null,
    groupKey: null,
    currency: price.currency,
    pricing: 'cpc',
    quality: 1,
  } as const;
  const { ctr } = bidCandidate(0, bid, origin, KNOWN_RATES);
  return { ...bid, price: bid.price / 1000 / ctr };
}

class Exchange {
  readonly sales: OutageSales = { filled: 0, estimatedMicros: 0, trueMicros: 0 };
  readonly #market: ClickMarket;
  readonly #rules: ReturnType<typeof decisionRules>;

  constructor(market: ClickMarket, current: () => ServedModel | null) {
    this.#market = market;
    const estimates = new ModelEstimates({
      target: CLICKS,
      model: { current },
      fallback: new FallbackEstimator(),
      observer: { onEstimate: () => {}, onFallback: () => {} },
    });
    this.#rules = {
      ...decisionRules(market.config, estimates),
      bidding: new Map(market.dsps.map(({ id }) => [id, { pricing: 'cpc', quality: 1 }])),
    };
  }

  decide({ subject, terms, replies }: Offer, isCounted: boolean): void {
    const { input, outcome } = decideAuction(terms, replies, this.#rules, subject);
    if (!isCounted) return;
    const { request, atMs } = subject;
    for (const { bidIndex, impId, clearingCpmMicros, clearingUnitMicros } of outcome.wins) {
      const imp = request.imp.find(({ id }) => id === impId)!;
      const clicks = this.#market.world.clickProbability(request, imp, input.bids[bidIndex]!, localHour(request, atMs));
      this.sales.filled += 1;
      this.sales.estimatedMicros += clearingCpmMicros;
      this.sales.trueMicros += clearingUnitMicros * clicks * 1000;
    }
  }
}
