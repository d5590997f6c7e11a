/** The users of a market as a world meets them: when they come, what they ask for, and what they do about ads. */
import type { Bid, BidRequest } from '../../openrtb/types.ts';
import { type SeededRandom, seededRandom } from '../random.ts';
import { type Audience, DEVICE_HABITS, type Reaction } from '../world/audience.ts';
import type { BookedWorth } from './booked-worth.ts';
import type { Market, MarketArrival } from './market.ts';

/** A price per mille is so many nanos for each of the thousand. */
const NANOS_PER_CPM = 1_000_000;

export class MarketAudience implements Audience {
  readonly #market: Market;
  readonly #booked: BookedWorth;
  readonly #random: SeededRandom;
  #coming: MarketArrival | null = null;

  constructor(market: Market, booked: BookedWorth, seed: number) {
    this.#market = market;
    this.#booked = booked;
    this.#random = seededRandom(seed).fork('market-audience');
  }

  /** Ms since the beginning of the next request. */
  nextAfter(): number {
    this.#coming = this.#market.next();
    return this.#coming.atMs;
  }

  /** That one. */
  request(): BidRequest {
    if (this.#coming === null) throw new Error('no request is due');
    return this.#coming.request;
  }

  react(request: BidRequest, bid: Bid, seat: string, atMs: number): Reaction {
    const random = this.#random.fork(`${request.id} ${bid.impid}`);
    if (!random.chance(DEVICE_HABITS.shown)) return NOT_SHOWN;
    const outcome = this.#market.show({ request, bid, dspId: seat, priceCpm: bid.price }, atMs);
    return {
      impressionAfterMs: random.exponential(DEVICE_HABITS.impressionMeanMs),
      clickAfterMs: outcome.isClicked ? random.exponential(DEVICE_HABITS.clickMeanMs) : null,
      valueNanos: Math.round((outcome.worthCpm ?? this.#booked.cpm(bid.crid ?? '', outcome)) * NANOS_PER_CPM),
    };
  }
}

const NOT_SHOWN: Reaction = { impressionAfterMs: null, clickAfterMs: null, valueNanos: 0 };
