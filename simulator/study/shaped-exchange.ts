/** An exchange that shapes its traffic, as the engine does: decide, call, clear, learn. */
import { type AuctionRanking, rankingOf } from '../../engine/dsp/waiting/auction-ranking.ts';
import { contributions } from '../../engine/dsp/shaping/contribution.ts';
import { type RequestShaping, shapeRequest, worthCalling } from '../../engine/dsp/shaping/request-shaping.ts';
import { createShaper, expectedValueMicros, learnAnswer, type Shaper } from '../../engine/dsp/shaping/shaper.ts';
import { type CallThreshold, createThreshold, recordAudit } from '../../engine/dsp/shaping/threshold.ts';
import type { SeededRandom } from '../random.ts';
import type { MarketRequest } from './market.ts';
import { clearStudyAuction, type StudyBid } from './study-auction.ts';

interface Call {
  readonly dsp: number;
  readonly isExploration: boolean;
}

export class ShapedExchange {
  readonly #threshold: CallThreshold = createThreshold();
  readonly #dspIds: readonly string[];
  readonly #shapers: readonly Shaper[];
  readonly #random: SeededRandom;

  constructor(dspIds: readonly string[], random: SeededRandom) {
    this.#dspIds = dspIds;
    this.#shapers = dspIds.map(() => createShaper());
    this.#random = random;
  }

  auction(offered: MarketRequest): { readonly calls: number; readonly revenueMicros: number } {
    const { auctionId, atMs, request } = offered;
    const hourOfWeek = Math.floor(atMs / 3_600_000) % 168;
    const shaping = shapeRequest(this.#threshold, request.features, hourOfWeek, this.#random.next());
    const expectedMicros = new Map<string, number>();
    const calls = this.#choose(shaping, expectedMicros);
    const bids: StudyBid[] = [];
    for (const { dsp } of calls) for (const bid of offered.bids[dsp]!) bids.push(bid);
    const { input, outcome, revenueMicros } = clearStudyAuction(auctionId, request, bids);
    const ranking = rankingOf(input, outcome);
    this.#learn(calls, shaping, offered, ranking, revenueMicros);
    if (shaping.isAudit) recordAudit(this.#threshold, ranking, expectedMicros, atMs);
    return { calls: calls.length, revenueMicros };
  }

  #choose(shaping: RequestShaping, expectedMicros: Map<string, number>): Call[] {
    const calls: Call[] = [];
    for (let dsp = 0; dsp < this.#shapers.length; dsp++) {
      const expected = expectedValueMicros(this.#shapers[dsp]!, shaping.keys);
      const decision = worthCalling(shaping, expected);
      if (decision.kind === 'skip') continue;
      calls.push({ dsp, isExploration: decision.isExploration });
      expectedMicros.set(this.#dspIds[dsp]!, expected);
    }
    return calls;
  }

  #learn(
    calls: readonly Call[],
    shaping: RequestShaping,
    offered: MarketRequest,
    ranking: AuctionRanking,
    revenueMicros: number,
  ): void {
    const byDsp = contributions(ranking);
    for (const { dsp, isExploration } of calls) {
      learnAnswer(this.#shapers[dsp]!, shaping.keys, {
        hasBid: offered.bids[dsp]!.length > 0,
        contributionMicros: byDsp.get(this.#dspIds[dsp]!) ?? 0,
        revenueMicros,
        isExploration,
      });
    }
  }
}
