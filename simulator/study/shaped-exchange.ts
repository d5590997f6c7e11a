/** An exchange that shapes its traffic, as the engine does: judge, call, clear, learn. */
import { contributions, revenueOf } from '../../engine/dsp/shaping/contribution.ts';
import { DspShaping } from '../../engine/dsp/shaping/dsp-shaping.ts';
import { type RequestShaping, shapeRequest } from '../../engine/dsp/shaping/request-shaping.ts';
import { SHAPER_DEFAULTS } from '../../engine/dsp/shaping/shaper.ts';
import { type CallThreshold, createThreshold, recordAudit } from '../../engine/dsp/shaping/threshold.ts';
import { type AuctionRanking, rankingOf } from '../../engine/dsp/waiting/auction-ranking.ts';
import type { SeededRandom } from '../random.ts';
import type { MarketRequest } from './market.ts';
import { clearStudyAuction, type StudyBid } from './study-auction.ts';

export class ShapedExchange {
  readonly #threshold: CallThreshold = createThreshold();
  readonly #dspIds: readonly string[];
  readonly #dsps: readonly DspShaping[];
  readonly #random: SeededRandom;

  constructor(dspIds: readonly string[], random: SeededRandom) {
    this.#dspIds = dspIds;
    this.#dsps = dspIds.map((id) => new DspShaping(id, SHAPER_DEFAULTS, null, 0));
    this.#random = random;
  }

  auction(offered: MarketRequest): { readonly calls: number; readonly revenueMicros: number } {
    const { auctionId, atMs, request } = offered;
    const { thresholdMicros, options } = this.#threshold;
    const draw = this.#random.next();
    const shaping = shapeRequest(thresholdMicros, options.explorationShare, request.features, atMs, draw);
    const called = this.#choose(shaping, atMs);
    const bids: StudyBid[] = [];
    for (const dsp of called) for (const bid of offered.bids[dsp]!) bids.push(bid);
    const { input, outcome, revenueMicros } = clearStudyAuction(auctionId, request, bids);
    const ranking = rankingOf(input, outcome);
    this.#learn(called, shaping, offered, ranking);
    if (shaping.expectedMicros !== null) recordAudit(this.#threshold, ranking, shaping.expectedMicros, atMs);
    return { calls: called.length, revenueMicros };
  }

  #choose(shaping: RequestShaping, atMs: number): number[] {
    const called: number[] = [];
    for (let dsp = 0; dsp < this.#dsps.length; dsp++) {
      if (this.#dsps[dsp]!.judge(shaping, atMs) === null) called.push(dsp);
    }
    return called;
  }

  #learn(called: readonly number[], shaping: RequestShaping, offered: MarketRequest, ranking: AuctionRanking): void {
    const byDsp = contributions(ranking);
    const revenueMicros = revenueOf(ranking);
    for (const dsp of called) {
      const hasBid = offered.bids[dsp]!.length > 0;
      const contributionMicros = byDsp.get(this.#dspIds[dsp]!) ?? 0;
      this.#dsps[dsp]!.learn({ shaping, hasBid, contributionMicros, revenueMicros });
    }
  }
}
