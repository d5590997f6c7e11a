/** When to close: hard timeout, adaptive timeout and progressive auction on the same requests, latencies and bids. */
import { ADAPTIVE_TIMEOUT_DEFAULTS, AdaptiveTimeout } from '../../engine/dsp/adaptive-timeout.ts';
import { rankingOf } from '../../engine/dsp/waiting/auction-ranking.ts';
import { bestOtherMicros, standingPrice } from '../../engine/dsp/waiting/standing-price.ts';
import {
  createWaitingModel,
  learnBid,
  learnLatency,
  type WaitingModel,
} from '../../engine/dsp/waiting/waiting-model.ts';
import {
  type OutstandingCall,
  WAITING_DEFAULTS,
  type WaitingOptions,
  waitingValue,
} from '../../engine/dsp/waiting/waiting-value.ts';
import { type SeededRandom, seededRandom } from '../random.ts';
import { LatencyHistogram } from '../traffic/latency-histogram.ts';
import { type MarketOptions, type MarketRequest, marketDsps, marketRequests } from './market.ts';
import { clearStudyAuction, type StudyAuction, type StudyBid } from './study-auction.ts';

export const CLOSING_RULES = ['hard-timeout', 'adaptive-timeout', 'progressive', 'adaptive-and-progressive'] as const;

export type ClosingRule = (typeof CLOSING_RULES)[number];

export interface WaitingStudyOptions extends MarketOptions {
  /** Configured timeout of every DSP and deadline of every request, ms after the calls went out. */
  readonly timeoutMs: number;
  readonly waiting: WaitingOptions;
  /**
   * Share of closed requests whose calls run on to their own timeout, unwaited for, so that the time after the close stays
   * known. Everything else learned about it would be what was believed before. The engine lets all calls run on.
   */
  readonly measuredShare: number;
  /** Start of the run that is left out of the result: everybody is still learning. */
  readonly warmUpSeconds: number;
}

export const WAITING_STUDY: WaitingStudyOptions = {
  seed: 1,
  dsps: 50,
  requestsPerSecond: 200,
  seconds: 180,
  driftEverySeconds: 30,
  upheavalAtSecond: Infinity,
  timeoutMs: 30,
  waiting: WAITING_DEFAULTS,
  measuredShare: 0.05,
  warmUpSeconds: 30,
};

export interface ClosingResult {
  readonly rule: ClosingRule;
  readonly auctions: number;
  readonly revenueMicros: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Calls without an answer when they were given up, as a share of all calls. */
  readonly unansweredShare: number;
  /** Times that the request looked whether to close before the last answer or the deadline, per auction. */
  readonly looksPerAuction: number;
}

export function runWaitingStudy(options: WaitingStudyOptions = WAITING_STUDY): ClosingResult[] {
  const dsps = marketDsps(options);
  const dspIds = dsps.map(({ id }) => id);
  const exchanges = CLOSING_RULES.map((rule) => new ClosingExchange(rule, dspIds, options));
  for (const offered of marketRequests(options, dsps)) {
    const isCounted = offered.atMs >= options.warmUpSeconds * 1000;
    for (const exchange of exchanges) exchange.auction(offered, isCounted);
  }
  return exchanges.map((exchange) => exchange.result());
}

/** How one request ended. */
interface Closing {
  readonly atMs: number;
  readonly auction: StudyAuction;
}

/** One closing rule with what it has learned. */
class ClosingExchange {
  readonly #rule: ClosingRule;
  readonly #dspIds: readonly string[];
  readonly #options: WaitingStudyOptions;
  readonly #random: SeededRandom;
  readonly #timeouts: readonly AdaptiveTimeout[];
  readonly #models: readonly WaitingModel[];
  /** Of the request at hand, by DSP index, ms after the call. */
  readonly #waitsMs: Float64Array;
  readonly #latencies = new LatencyHistogram();
  #revenueMicros = 0;
  #unanswered = 0;
  #looks = 0;

  constructor(rule: ClosingRule, dspIds: readonly string[], options: WaitingStudyOptions) {
    const bounds = { timeoutMs: options.timeoutMs, timeoutMsMin: 5 };
    this.#rule = rule;
    this.#dspIds = dspIds;
    this.#options = options;
    this.#random = seededRandom(options.seed).fork('timeouts');
    this.#timeouts = dspIds.map(() => new AdaptiveTimeout(ADAPTIVE_TIMEOUT_DEFAULTS, bounds, 0));
    this.#models = dspIds.map(() => createWaitingModel());
    this.#waitsMs = new Float64Array(dspIds.length);
  }

  auction(offered: MarketRequest, isCounted: boolean): void {
    this.#setWaits(offered.atMs);
    const looksBefore = this.#looks;
    const { atMs, auction } = this.#isProgressive ? this.#closeInTime(offered) : this.#closeAtLast(offered);
    const unanswered = this.#learn(offered, atMs, auction);
    if (!isCounted) {
      this.#looks = looksBefore;
      return;
    }
    this.#latencies.record(atMs);
    this.#revenueMicros += auction.revenueMicros;
    this.#unanswered += unanswered;
  }

  result(): ClosingResult {
    const { count, meanMs, p50Ms, p95Ms, p99Ms } = this.#latencies.summary();
    return {
      rule: this.#rule,
      auctions: count,
      revenueMicros: this.#revenueMicros,
      meanMs,
      p50Ms,
      p95Ms,
      p99Ms,
      unansweredShare: this.#unanswered / (count * this.#dspIds.length),
      looksPerAuction: this.#looks / count,
    };
  }

  get #isProgressive(): boolean {
    return this.#rule === 'progressive' || this.#rule === 'adaptive-and-progressive';
  }

  get #isAdaptive(): boolean {
    return this.#rule === 'adaptive-timeout' || this.#rule === 'adaptive-and-progressive';
  }

  #setWaits(nowMs: number): void {
    const draw = () => this.#random.next();
    for (let i = 0; i < this.#waitsMs.length; i++) {
      this.#waitsMs[i] = this.#isAdaptive ? this.#timeouts[i]!.waitForCallMs(nowMs, draw) : this.#options.timeoutMs;
    }
  }

  /** When every DSP has answered or used up its wait. */
  #closeAtLast(offered: MarketRequest): Closing {
    const atMs = this.#lastMs(offered);
    return { atMs, auction: this.#clear(offered, atMs) };
  }

  #closeInTime(offered: MarketRequest): Closing {
    const { timeoutMs, waiting } = this.#options;
    const lastMs = this.#lastMs(offered);
    let atMs = Math.min(lastMs, waiting.preliminaryMs);
    while (atMs < lastMs) {
      const auction = this.#clear(offered, atMs);
      this.#looks += 1;
      const standing = standingPrice(rankingOf(auction.input, auction.outcome));
      const decision = waitingValue(this.#outstanding(offered, atMs), standing, atMs, timeoutMs, waiting);
      if (decision.kind === 'close') return { atMs, auction };
      atMs = Math.min(lastMs, decision.untilMs);
    }
    return { atMs, auction: this.#clear(offered, atMs) };
  }

  #lastMs({ latenciesMs }: MarketRequest): number {
    let lastMs = 0;
    for (let i = 0; i < latenciesMs.length; i++) {
      lastMs = Math.max(lastMs, Math.min(latenciesMs[i]!, this.#waitsMs[i]!));
    }
    return lastMs;
  }

  #outstanding({ latenciesMs }: MarketRequest, atMs: number): OutstandingCall[] {
    const calls: OutstandingCall[] = [];
    for (let i = 0; i < latenciesMs.length; i++) {
      const untilMs = this.#waitsMs[i]!;
      if (latenciesMs[i]! > atMs && untilMs > atMs) calls.push({ model: this.#models[i]!, outMs: atMs, untilMs });
    }
    return calls;
  }

  #clear(offered: MarketRequest, atMs: number): StudyAuction {
    const bids: StudyBid[] = [];
    for (let i = 0; i < offered.bids.length; i++) {
      if (offered.latenciesMs[i]! <= Math.min(atMs, this.#waitsMs[i]!)) bids.push(...offered.bids[i]!);
    }
    return clearStudyAuction(offered.auctionId, offered.request, bids);
  }

  /** Returns the number of calls without an answer at the close. */
  #learn(offered: MarketRequest, closedAtMs: number, auction: StudyAuction): number {
    const ranking = rankingOf(auction.input, auction.outcome);
    const isMeasured = this.#random.chance(this.#options.measuredShare);
    const { preliminaryMs } = this.#options.waiting;
    const isEarly = (dspId: string) => offered.latenciesMs[this.#dspIds.indexOf(dspId)]! <= preliminaryMs;
    let unanswered = 0;
    for (let i = 0; i < this.#dspIds.length; i++) {
      const latencyMs = offered.latenciesMs[i]!;
      const runsMs = isMeasured ? this.#waitsMs[i]! : Math.min(closedAtMs, this.#waitsMs[i]!);
      const isAnswered = latencyMs <= runsMs;
      if (latencyMs > Math.min(closedAtMs, runsMs)) unanswered += 1;
      this.#learnTimeout(i, isAnswered ? latencyMs : runsMs, isAnswered, offered.atMs);
      if (!this.#isProgressive) continue;
      learnLatency(this.#models[i]!, isAnswered ? latencyMs : runsMs, isAnswered);
      if (isAnswered)
        learnBid(this.#models[i]!, sumMicros(offered.bids[i]!), bestOtherMicros(ranking, this.#dspIds[i]!, isEarly));
    }
    return unanswered;
  }

  #learnTimeout(i: number, waitedMs: number, isAnswered: boolean, nowMs: number): void {
    const timeout = this.#timeouts[i]!;
    if (isAnswered) timeout.answered(waitedMs, nowMs);
    else if (waitedMs < this.#waitsMs[i]!) timeout.abandoned(waitedMs, nowMs);
    else timeout.timedOut(waitedMs, nowMs);
  }
}

/** Late bids are in no ranking, but their prices are known. */
function sumMicros(bids: readonly StudyBid[]): number {
  let sum = 0;
  for (const { priceMicros } of bids) sum += priceMicros;
  return sum;
}
