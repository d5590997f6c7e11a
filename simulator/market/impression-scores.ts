/** How bidders score an impression (competition.ts): what they share, and what is their own. */
import type { BidRequest } from '../../openrtb/types.ts';
import type { ClickWorld } from '../clicks/click-world.ts';
import type { SeededRandom } from '../random.ts';

/** Weights of the parts, each about 1 in deviation: bidders agree on half of what an impression is worth. */
const COMMON = 0.7;
const INTEREST = 0.45;
const OWN = 0.55;

/** What a bidder is, as far as its scores go. */
export interface Scorer {
  /** Category of its advertiser, `IAB18`. */
  readonly category: string;
  /** How much better it takes impressions to be than others do. */
  readonly level: number;
  /** Share of impressions that it wants at all, 0..1. */
  readonly bidRate: number;
}

export class ImpressionScores {
  readonly world: ClickWorld;
  readonly #random: SeededRandom;
  #requestId: string | null = null;
  #common = 0;

  constructor(world: ClickWorld, random: SeededRandom) {
    this.world = world;
    this.#random = random;
  }

  /**
   * -Infinity: it does not want it. Takes its own part from `random`, always as much; the common part is of the
   * request's id, so everybody finds the same whenever asked.
   */
  score(request: Pick<BidRequest, 'id' | 'user'>, scorer: Scorer, random: SeededRandom): number {
    const wants = random.chance(scorer.bidRate);
    const own = random.normal();
    if (!wants) return Number.NEGATIVE_INFINITY;
    return (
      scorer.level +
      COMMON * this.#commonOf(request.id) +
      INTEREST * this.world.interest(request, scorer.category) +
      OWN * own
    );
  }

  /** All bidders ask about the same request in turn: the last one is remembered. */
  #commonOf(requestId: string): number {
    if (requestId !== this.#requestId) {
      this.#common = this.#random.fork(requestId).normal();
      this.#requestId = requestId;
    }
    return this.#common;
  }
}
