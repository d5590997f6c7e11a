/** The people of a market: what they care about, what they browse with, and how often they come. */
import type { Device, User } from '../../openrtb/types.ts';
import type { SeededRandom } from '../random.ts';
import { COMPUTERS, PHONES } from '../traffic/inventory.ts';
import type { Place } from './market-facts.ts';

export interface MarketUser {
  readonly index: number;
  /** As a request tells it, with the segments that data providers know of. */
  readonly user: User;
  readonly device: Device;
  /** What the user sees again: each time one exposure more. For the truth alone. */
  readonly exposures: Exposure[];
}

export interface Exposure {
  readonly atMs: number;
  readonly advertiser: string;
  readonly campaign: string;
  readonly creative: string;
}

/** Spread of how often users come: of its logarithm. A tenth of them makes about half of the traffic. */
const ACTIVITY_SIGMA = 1.2;
const SEGMENTS = 400;
const ID_PREFIX = 'user-';
const PHONE_SHARE = 0.35;

/** Users are made when they first come: the same for the same seed, in whatever order they come. */
export class Users {
  readonly #random: SeededRandom;
  readonly #place: Place;
  /** By index: activity of this one and all before. */
  readonly #activity: Float64Array;
  readonly #known = new Map<number, MarketUser>();

  constructor(count: number, place: Place, random: SeededRandom) {
    this.#random = random;
    this.#place = place;
    const activity = random.fork('activity');
    let sum = 0;
    this.#activity = Float64Array.from({ length: count }, () => {
      sum += activity.logNormal(1, ACTIVITY_SIGMA);
      return sum;
    });
  }

  /** Who comes next: active ones more often. */
  pick(random: SeededRandom): MarketUser {
    const activity = this.#activity;
    const wanted = random.next() * activity[activity.length - 1]!;
    let low = 0;
    let high = activity.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (activity[middle]! <= wanted) low = middle + 1;
      else high = middle;
    }
    return this.#at(low);
  }

  /** By the id in a request's `user`. Undefined: it has never come. */
  byId(id: string | undefined): MarketUser | undefined {
    return this.#known.get(Number(id?.slice(ID_PREFIX.length)));
  }

  forgetExposures(): void {
    for (const { exposures } of this.#known.values()) exposures.length = 0;
  }

  #at(index: number): MarketUser {
    let user = this.#known.get(index);
    if (user === undefined) {
      user = makeUser(index, this.#place, this.#random.fork(`user-${index}`));
      this.#known.set(index, user);
    }
    return user;
  }
}

function makeUser(index: number, place: Place, random: SeededRandom): MarketUser {
  const hardware = random.pickWeighted(random.chance(PHONE_SHARE) ? PHONES : COMPUTERS).value;
  const segment = Array.from({ length: random.integer(1, 3) }, () => ({ id: String(random.integer(1, SEGMENTS)) }));
  return {
    index,
    user: { id: `${ID_PREFIX}${index}`, data: [{ id: 'segments.example.com', segment }] },
    device: {
      ...hardware,
      // Addresses reserved for documentation (RFC 5737).
      ip: `198.51.100.${1 + (index % 254)}`,
      geo: { country: place.country, type: 2, utcoffset: place.utcOffsetMin },
      language: 'en',
      lmt: 0,
    },
    exposures: [],
  };
}
