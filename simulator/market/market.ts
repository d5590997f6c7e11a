/** A market: users who come, DSPs that want them, and the truth about what they click. */
import type { Bid, BidRequest } from '../../openrtb/types.ts';
import { ClickWorld, localHour } from '../clicks/click-world.ts';
import { DEFAULT_ADVERTISERS } from '../dsp/scenario-schema.ts';
import { type SeededRandom, seededRandom } from '../random.ts';
import type { CalibrationFigures } from '../world/run-record.ts';
import type { Bidder } from './bidder.ts';
import { ValueStrategy } from './bidding-strategy.ts';
import { ClickTruth, type ShownImpression } from './click-truth.ts';
import { PlacementValues } from './competition.ts';
import { ImpressionScores } from './impression-scores.ts';
import { MarketDsp } from './market-dsp.ts';
import { FEN_PER_UNIT, type MarketFacts, pricesOf } from './market-facts.ts';
import { MarketFigures } from './market-figures.ts';
import { MarketRequests } from './market-requests.ts';
import type { MarketDspGroup, MarketOptions } from './market-schema.ts';
import { ownMarket } from './own-market.ts';
import { clickValueOf, PolicyStrategy } from './policy-strategy.ts';
import type { PriceTable } from './price-table.ts';
import { realMarket } from './real-market.ts';
import { type Rehearsal, rehearseClicks, rehearseScores, rehearseSpending } from './rehearsal.ts';
import { hourOfWeekAt, Sessions } from './sessions.ts';
import { Users } from './users.ts';

/** What a market has of the world it is in. */
export interface MarketSetting {
  readonly seed: number;
  /** Wall clock at the start, epoch ms. */
  readonly startAtMs: number;
  /** Averaged over a week. */
  readonly requestsPerSec: number;
  /** `week`: by hour of the week; `flat`: always the same. */
  readonly shape: 'flat' | 'week';
  /** How many there are. */
  readonly users: number;
  /** OpenRTB `at`: 1 first price, 2 second price. */
  readonly auctionType: 1 | 2;
  /** Of floors and bids. */
  readonly currency: string;
  /** Where a DSP hears of its bids. */
  readonly noticeOriginOf: (dspId: string) => string;
}

export interface MarketArrival {
  /** Since the start. */
  readonly atMs: number;
  readonly request: BidRequest;
}

/** An ad that a user sees. */
export interface MarketAd {
  /** As the publisher sent it. */
  readonly request: BidRequest;
  /** As the exchange answered. */
  readonly bid: Bid;
  /** Who bought it; any other id: none of this market. */
  readonly dspId: string;
  /** What was paid, currency per mille. */
  readonly priceCpm: number;
}

export interface MarketOutcome {
  /** By the truth, as tired as the user is. */
  readonly clickProbability: number;
  /** After a click. */
  readonly conversionProbability: number;
  /** What odds of a click were multiplied by because of what the user had seen, 0..1. */
  readonly tiredness: number;
  readonly isClicked: boolean;
  /** What it was truly worth to the DSP that bought it, currency per mille; null: bought by none of this market. */
  readonly worthCpm: number | null;
}

const MINUTE_MS = 60_000;
const SECONDS_OF_DAY = 86_400;

export class Market {
  readonly dsps: readonly MarketDsp[];
  readonly truth: ClickTruth;
  readonly facts: MarketFacts;
  readonly figures = new MarketFigures();
  readonly #options: MarketOptions;
  readonly #setting: MarketSetting;
  readonly #random: SeededRandom;
  readonly #requests: MarketRequests;
  readonly #users: Users;
  /** Of all placements together. */
  readonly #prices: PriceTable;
  readonly #arrivals: Sessions;
  #arrivalCount = 0;

  /** Reads the real logs if it is to be like them, and rehearses. Throws a DatasetError. */
  constructor(options: MarketOptions, setting: MarketSetting) {
    const { datasets, fatigue } = options;
    const root = seededRandom(setting.seed).fork('market');
    const facts = datasets === undefined ? ownMarket() : realMarket(datasets);
    const bidders = biddersOf(options, root.fork('bidders'));
    const scores = new ImpressionScores(new ClickWorld(setting.seed), root.fork('scores'));
    this.facts = facts;
    this.#prices = pricesOf(facts.placements);
    this.truth = new ClickTruth(scores.world, fatigue);
    this.#options = options;
    this.#setting = setting;
    this.#random = root.fork('arrivals');
    this.#users = new Users(setting.users, facts.place, root.fork('users'));
    const rehearsal = {
      // Policies come on top: the market has its prices without them.
      bidders: bidders.filter(({ group }) => group.policy === undefined).map(({ bidder }) => bidder),
      scores,
      sessions: this.#sessions(root.fork('rehearsal')),
      random: root.fork('rehearsal'),
    };
    const placements = this.#rehearsePlacements(rehearsal, options.dsps);
    rehearseClicks({ ...rehearsal, facts, placements, truth: this.truth, startAtMs: setting.startAtMs });
    this.#users.forgetExposures();
    this.#requests = new MarketRequests(placements, setting);
    this.dsps = bidders.map(({ bidder, group }, index) =>
      this.#dspOf(bidder, group, (index + 0.5) / bidders.length, scores, root.fork('dsps').fork(bidder.id)),
    );
    this.#arrivals = this.#sessions(root.fork('sessions'));
  }

  /** The next request, in order of time. There is always one more. */
  next(): MarketArrival {
    const { atMs, user } = this.#arrivals.next();
    const index = this.#arrivalCount;
    this.#arrivalCount += 1;
    const random = this.#random.fork(String(index));
    return { atMs, request: this.#requests.request(`request-${this.#setting.seed}-${index}`, user, random) };
  }

  /** A user sees an ad: whether it is clicked, and what it was worth. `atMs`: since the start. */
  show({ request, bid, dspId, priceCpm }: MarketAd, atMs: number): MarketOutcome {
    const shown = this.#shown(request, bid, dspId, atMs);
    const dsp = this.dsps.find(({ id }) => id === dspId);
    const tiredness = this.truth.tirednessOdds(shown);
    const clickProbability = this.truth.clickProbability(shown);
    const random = this.#random.fork(`outcome ${request.id} ${bid.impid}`);
    const isClicked = random.chance(clickProbability);
    const conversionProbability = this.truth.conversionProbability(shown);
    const worthFen = dsp?.worthFen(request, shown.imp, { clickProbability, tiredness }) ?? null;
    dsp?.onShown(request, shown.imp, isClicked);
    const placement = this.#requests.valuesOf(shown.imp.tagid)?.placement;
    if (placement !== undefined) {
      const hour = localHour(request, shown.atMs);
      this.figures.noteImpression(placement, priceCpm * FEN_PER_UNIT, clickProbability, hour);
    }
    this.truth.expose(shown);
    const worthCpm = worthFen === null ? null : worthFen / FEN_PER_UNIT;
    return { clickProbability, conversionProbability, tiredness, isClicked, worthCpm };
  }

  /** Of a click on an ad that was not shown (yet), 0..1: for judges of estimates. */
  clickProbability(request: BidRequest, bid: Bid, dspId: string, atMs: number): number {
    return this.truth.clickProbability(this.#shown(request, bid, dspId, atMs));
  }

  /** What came out, beside the real market; null: this one is like none. */
  calibration(): CalibrationFigures | null {
    return this.figures.beside(this.facts, this.#options.network.nearestShare);
  }

  #shown(request: BidRequest, bid: Bid, dspId: string, atMs: number): ShownImpression {
    const imp = request.imp.find(({ id }) => id === bid.impid);
    const user = this.#users.byId(request.user?.id);
    if (imp === undefined || user === undefined) throw new RangeError(`request ${request.id} is none of this market`);
    return {
      request,
      imp,
      ad: {
        dspId,
        campaign: bid.cid ?? '',
        creativeId: bid.crid ?? null,
        advertiserDomains: bid.adomain ?? [],
        categories: bid.cat ?? [],
        width: bid.w ?? imp.banner?.format?.[0]?.w ?? null,
        height: bid.h ?? imp.banner?.format?.[0]?.h ?? null,
        declaredMedia: 'banner',
        sniffedMedia: 'html',
      },
      visibility: this.#requests.valuesOf(imp.tagid)?.placement.visibility ?? 'unknown',
      user,
      atMs: this.#setting.startAtMs + atMs,
    };
  }

  #sessions(random: SeededRandom): Sessions {
    const { requestsPerSec, shape, startAtMs } = this.#setting;
    const { place, hourOfWeek } = this.facts;
    return new Sessions(
      {
        ...this.#options.sessions,
        requestsPerSec,
        hourOfWeek: shape === 'flat' ? null : hourOfWeek,
        localStartMs: startAtMs + place.utcOffsetMin * MINUTE_MS,
      },
      this.#users,
      random,
    );
  }

  /** Prices come out as they are to when bidders take part as often as their budgets let them. */
  #rehearsePlacements(rehearsal: Rehearsal, groups: readonly MarketDspGroup[]): readonly PlacementValues[] {
    const placementsAmong = (bidders: readonly Bidder[]) => {
      const statistics = rehearseScores({ ...rehearsal, bidders });
      return this.facts.placements.map((placement) => new PlacementValues(placement, statistics));
    };
    const unbounded = placementsAmong(rehearsal.bidders);
    if (groups.every(({ dailyBudget }) => dailyBudget === undefined)) return unbounded;
    const spentFen = rehearseSpending(rehearsal, unbounded);
    const requestsPerDay = this.#setting.requestsPerSec * SECONDS_OF_DAY;
    return placementsAmong(
      rehearsal.bidders.map((bidder) => {
        const wantedFen = (spentFen.get(bidder.id) ?? 0) * requestsPerDay;
        const takesPart = wantedFen > bidder.dailyBudgetFen ? bidder.dailyBudgetFen / wantedFen : 1;
        return { ...bidder, scorer: { ...bidder.scorer, bidRate: bidder.scorer.bidRate * takesPart } };
      }),
    );
  }

  #dspOf(
    bidder: Bidder,
    { callsPerSecMax, thinkMs, policy }: MarketDspGroup,
    position: number,
    scores: ImpressionScores,
    random: SeededRandom,
  ): MarketDsp {
    const { startAtMs, currency, noticeOriginOf } = this.#setting;
    const localStartMs = startAtMs + this.facts.place.utcOffsetMin * MINUTE_MS;
    const known = { clickRateAverage: this.facts.clickRateUsual, pricesFen: this.#prices };
    return new MarketDsp({
      bidder,
      strategy: policy === undefined ? new ValueStrategy() : new PolicyStrategy(policy, known),
      clickValueFen: policy === undefined ? null : clickValueOf(policy, known),
      truth: this.truth,
      startAtMs,
      spending: {
        dailyBudgetFen: bidder.dailyBudgetFen,
        dayProgress: this.#dayProgress(),
        localStartMs,
      },
      latency: {
        ...{ medianMs: thinkMs.median, sigma: thinkMs.sigma, diurnal: thinkMs.diurnal },
        rttMs: this.facts.rttMs,
        nearestShare: this.#options.network.nearestShare,
        position,
      },
      callsPerSecMax: callsPerSecMax ?? Number.POSITIVE_INFINITY,
      localStartMs,
      noticeOrigin: noticeOriginOf(bidder.id),
      currency,
      random,
      scores,
      requests: this.#requests,
      onRoundTrip: (roundTripMs) => this.figures.noteRoundTrip(roundTripMs),
    });
  }

  /** Share of a day's traffic that is over by the end of each hour, of the day that the world starts on. */
  #dayProgress(): readonly number[] {
    const { shape, startAtMs } = this.#setting;
    if (shape === 'flat') return Array.from({ length: 24 }, (_, hour) => (hour + 1) / 24);
    const hours = this.facts.hourOfWeek;
    const today = Math.floor(hourOfWeekAt(startAtMs + this.facts.place.utcOffsetMin * MINUTE_MS) / 24) * 24;
    const ofDay = hours.slice(today, today + 24);
    const total = ofDay.reduce((sum, traffic) => sum + traffic, 0);
    let sum = 0;
    return ofDay.map((traffic) => {
      sum += traffic;
      return sum / total;
    });
  }
}

function biddersOf(
  { dsps }: MarketOptions,
  random: SeededRandom,
): { readonly bidder: Bidder; readonly group: MarketDspGroup }[] {
  return dsps.flatMap((group) =>
    Array.from({ length: group.count }, (_, index) => {
      const id = `${group.id}-${String(index + 1).padStart(2, '0')}`;
      const ofBidder = random.fork(id);
      const advertiser = ofBidder.pick(DEFAULT_ADVERTISERS);
      const category = advertiser.categories[0]!.split('-', 1)[0]!;
      const level = group.level + group.variation * ofBidder.normal();
      const dailyBudgetFen = (group.dailyBudget ?? Number.POSITIVE_INFINITY) * FEN_PER_UNIT * 1000;
      return { bidder: { id, advertiser, scorer: { category, level, bidRate: group.bidRate }, dailyBudgetFen }, group };
    }),
  );
}
