/**
 * A DSP that behaves: it knows what impressions are worth to it, bids so that it gains, keeps to a daily budget, and learns from
 * the notices of its wins and losses. It answers only for placements of its market.
 */
import type { Bid, BidRequest, BidResponse, Imp } from '../../openrtb/types.ts';
import { chooseAdvertiser } from '../dsp/advertiser-choice.ts';
import type { Decision } from '../dsp/behaviour.ts';
import { renderCreative } from '../dsp/creatives/creative.ts';
import { noticeUrls, readNoticeUrl } from '../dsp/notice-urls.ts';
import type { SeededRandom } from '../random.ts';
import { adOf, type Bidder, campaignOf, pickCreative } from './bidder.ts';
import type { BiddingStrategy } from './bidding-strategy.ts';
import type { CampaignAd, ClickTruth } from './click-truth.ts';
import type { PlacementValues } from './competition.ts';
import { type DspLatencyOptions, drawRoundTripMs, drawThinkMs } from './dsp-latency.ts';
import type { ImpressionScores } from './impression-scores.ts';
import { FEN_PER_UNIT } from './market-facts.ts';
import type { MarketRequests } from './market-requests.ts';
import { Spending, type SpendingOptions } from './spending.ts';

export interface MarketDspOptions {
  readonly bidder: Bidder;
  readonly strategy: BiddingStrategy;
  /** What a click is worth to it, fen per mille of clicks; null: it values impressions. */
  readonly clickValueFen: number | null;
  readonly spending: SpendingOptions;
  readonly latency: DspLatencyOptions;
  /** Calls that it answers in any second; more get no bid. Infinity: all. */
  readonly callsPerSecMax: number;
  /** Wall clock at 0 of the world, epoch ms. */
  readonly startAtMs: number;
  /** The same in the users' time, as if it were UTC. */
  readonly localStartMs: number;
  /** Where it hears of its bids. */
  readonly noticeOrigin: string;
  readonly currency: string;
  readonly random: SeededRandom;
  readonly scores: ImpressionScores;
  readonly requests: MarketRequests;
  /** Estimates of clicks are made from it, with errors. */
  readonly truth: ClickTruth;
  /** Hears of each way to the DSP and back, ms. */
  readonly onRoundTrip: (roundTripMs: number) => void;
}

/** A notice URL that was called. */
export interface MarketNotice {
  readonly kind: 'win' | 'loss' | 'bill';
  readonly url: string;
}

const BID_EXPIRY_SEC = 600;
/** Bills come later than the bid ends. */
const OPEN_MS = 2 * BID_EXPIRY_SEC * 1000;
const FIRST_PRICE = 1;
/** OpenRTB "Loss Reason Codes" where a higher bid would have won: below a floor, lost to a higher bid. */
const LOST_BY_PRICE: ReadonlySet<number> = new Set([100, 102]);

export class MarketDsp {
  readonly id: string;
  readonly version = '2.6';
  readonly pricing = 'cpm';
  readonly spending: Spending;
  readonly #options: MarketDspOptions;
  readonly #urls: ReturnType<typeof noticeUrls>;
  readonly #markup = new Map<string, string>();
  #second = Number.NaN;
  #callsInSecond = 0;

  constructor(options: MarketDspOptions) {
    this.id = options.bidder.id;
    this.spending = new Spending(options.spending);
    this.#options = options;
    this.#urls = noticeUrls(options.noticeOrigin);
  }

  /** About a request that arrives at `atMs` of the world: its answer, and when. */
  decide(request: BidRequest, atMs: number): Decision {
    const { bidder, latency, localStartMs, scores, random: streams, onRoundTrip } = this.#options;
    const random = streams.fork(request.id);
    const score = scores.score(request, bidder.scorer, random);
    const roundTripMs = drawRoundTripMs(latency, random);
    onRoundTrip(roundTripMs);
    const thinkMs = drawThinkMs(latency, localStartMs + atMs, random);
    const takesPart = random.chance(this.spending.rateAt(atMs));
    if (this.#isOverRate(atMs)) return { delayMs: roundTripMs, fault: null, reply: null };
    const bids = takesPart ? this.#bids(request, score, atMs, random) : [];
    const reply = bids.length === 0 ? null : this.#reply(request, bids);
    return { delayMs: roundTripMs + thinkMs, fault: null, reply };
  }

  /** What an impression is worth to it, fen per mille; 0: nothing. The same whenever asked. */
  valueFen(request: BidRequest, imp: Imp): number {
    const { bidder, scores, random, requests } = this.#options;
    const score = scores.score(request, bidder.scorer, random.fork(request.id));
    return score === Number.NEGATIVE_INFINITY ? 0 : (requests.valuesOf(imp.tagid)?.valueFen(score) ?? 0);
  }

  /** What one that was shown was truly worth, fen per mille. */
  worthFen(
    request: BidRequest,
    imp: Imp,
    truth: { readonly clickProbability: number; readonly tiredness: number },
  ): number {
    const { clickValueFen } = this.#options;
    return clickValueFen === null
      ? this.valueFen(request, imp) * truth.tiredness
      : clickValueFen * truth.clickProbability;
  }

  onNotice({ kind, url }: MarketNotice): void {
    const { bidId, price, minimumToWin, lossReason } = readNoticeUrl(url);
    const open = this.spending.openBid(bidId);
    if (open === undefined) return;
    const { strategy } = this.#options;
    const news = { ...open, minimumToWinFen: minimumToWin === null ? null : minimumToWin * FEN_PER_UNIT };
    switch (kind) {
      case 'win':
        this.spending.won(bidId, price === null ? open.bidFen : price * FEN_PER_UNIT);
        strategy.onWin(news);
        return;
      case 'loss':
        if (minimumToWin !== null || LOST_BY_PRICE.has(lossReason ?? 0)) strategy.onLoss(news);
        this.spending.lost(bidId);
        return;
      case 'bill': {
        const priceFen = price === null ? open.bidFen : price * FEN_PER_UNIT;
        this.spending.billed(bidId, priceFen);
        strategy.onBill(priceFen, open.isClicked);
        return;
      }
    }
  }

  /** An ad of its was shown, and what its user did: it is told with the bill. */
  onShown(request: BidRequest, imp: Imp, isClicked: boolean): void {
    const open = this.spending.openBid(bidIdOf(this.id, request, imp));
    if (open !== undefined) open.isClicked = isClicked;
  }

  #isOverRate(atMs: number): boolean {
    const second = Math.floor(atMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#callsInSecond = 0;
    }
    this.#callsInSecond += 1;
    return this.#callsInSecond > this.#options.callsPerSecMax;
  }

  #bids(request: BidRequest, score: number, atMs: number, random: SeededRandom): readonly Bid[] {
    if (score === Number.NEGATIVE_INFINITY || !(request.cur ?? ['USD']).includes(this.#options.currency)) return [];
    if (chooseAdvertiser([this.#options.bidder.advertiser], request, random) === null) return [];
    const bids: Bid[] = [];
    for (const imp of request.imp) {
      const values = this.#options.requests.valuesOf(imp.tagid);
      const bid = values === undefined ? null : this.#bid(request, imp, values, score, atMs, random);
      if (bid !== null) bids.push(bid);
    }
    return bids;
  }

  #bid(
    request: BidRequest,
    imp: Imp,
    values: PlacementValues,
    score: number,
    atMs: number,
    random: SeededRandom,
  ): Bid | null {
    const { strategy, bidder } = this.#options;
    const { exchange, width, height } = values.placement;
    const creativeId = pickCreative(bidder, random);
    const valueFen = values.valueFen(score);
    const ad = strategy.needsClickRate ? adOf(bidder, creativeId, width, height) : null;
    const clickRate = ad === null ? Number.NaN : this.#estimateClickRate(request, imp, ad, values, atMs, random);
    const isFirstPrice = request.at === FIRST_PRICE;
    const wantedFen = strategy.bidFen({ valueFen, clickRate, exchange, isFirstPrice });
    const floorFen = (imp.bidfloor ?? 0) * FEN_PER_UNIT;
    // Who bids less than its value meets the floor if that is worth it.
    const readyFen = strategy.needsClickRate ? wantedFen : valueFen;
    // Four decimals of the currency: hundredths of a fen.
    const bidFen = Math.round(Math.max(wantedFen, floorFen) * 100) / 100;
    if (readyFen < floorFen || bidFen <= 0 || bidFen > this.spending.leftFen(atMs)) return null;
    const id = bidIdOf(this.id, request, imp);
    this.spending.opened(id, { exchange, valueFen, bidFen, untilMs: atMs + OPEN_MS, isClicked: false, isWon: false });
    return this.#toBid(id, imp, bidFen, creativeId);
  }

  #toBid(id: string, imp: Imp, bidFen: number, crid: string): Bid {
    const { bidder } = this.#options;
    const { width, height } = this.#options.requests.valuesOf(imp.tagid)!.placement;
    return {
      id,
      impid: imp.id,
      price: Math.round(bidFen * 100) / (100 * FEN_PER_UNIT),
      adid: crid,
      ...this.#urls,
      adm: this.#markupOf(crid, width, height),
      adomain: [bidder.advertiser.domain],
      cat: bidder.advertiser.categories,
      cid: campaignOf(bidder),
      crid,
      w: width,
      h: height,
      mtype: 1,
      exp: BID_EXPIRY_SEC,
    };
  }

  #markupOf(creativeId: string, w: number, h: number): string {
    const key = `${creativeId} ${w}x${h}`;
    let markup = this.#markup.get(key);
    if (markup === undefined) {
      const advertiserDomain = this.#options.bidder.advertiser.domain;
      markup = renderCreative(
        { media: 'banner', w, h },
        { dspId: this.id, advertiserDomain, creativeId, targetBytes: 0 },
      );
      this.#markup.set(key, markup);
    }
    return markup;
  }

  #reply(request: BidRequest, bid: readonly Bid[]): BidResponse {
    return { id: request.id, bidid: bid[0]!.id, cur: this.#options.currency, seatbid: [{ seat: this.id, bid }] };
  }

  #estimateClickRate(
    request: BidRequest,
    imp: Imp,
    ad: CampaignAd,
    { placement }: PlacementValues,
    atMs: number,
    random: SeededRandom,
  ): number {
    const { truth, startAtMs } = this.#options;
    const shown = { request, imp, ad, visibility: placement.visibility, atMs: startAtMs + atMs };
    return Math.min(1, truth.freshClickOdds(shown) * random.logNormal(1, ESTIMATE_SIGMA));
  }
}

/** How far estimates are off, in the deviation of their logarithm. */
const ESTIMATE_SIGMA = 0.3;

function bidIdOf(dspId: string, request: BidRequest, imp: Imp): string {
  return `${request.id}-${imp.id}-${dspId}`;
}
