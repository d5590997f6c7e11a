import type { Bid, BidRequest } from '../../openrtb/types.ts';
import type { SeededRandom } from '../random.ts';
import { generateRequest } from '../traffic/request-generator.ts';
import { singlePlacementRequest } from '../traffic/single-placement.ts';
import type { WorldScenario } from './scenario.ts';

/** What becomes of an ad on its user's device. */
export interface Reaction {
  /** From the answer to the impression, ms; null: it is never shown. */
  readonly impressionAfterMs: number | null;
  /** From the impression to the click, ms; null: it is not clicked. */
  readonly clickAfterMs: number | null;
  /** What showing it is truly worth to the advertiser, nanos; only the simulator knows. */
  readonly valueNanos: number;
}

/** The people behind the requests of a world. */
export interface Audience {
  /** The n-th request of a world; depends on nothing but `index` and when it is sent, ms of the world. */
  readonly request: (index: number, atMs: number) => BidRequest;
  /** To one bid of an answer that has reached its publisher at `atMs`; `buyer` is a DSP, or the house. */
  readonly react: (request: BidRequest, bid: Bid, buyer: string, atMs: number) => Reaction;
}

/** How devices go about ads that they were sent: whether and when they are shown, and when clicked if so. */
export const DEVICE_HABITS = { shown: 0.8, impressionMeanMs: 1_500, clickMeanMs: 8_000 } as const;
const CLICKED = 0.01;

type PlainTraffic = Pick<WorldScenario['traffic'], 'users' | 'inventory' | 'auctionType'>;

/** Generated requests of so many users, who look at four ads of five and click on one of a hundred. */
export class PlainAudience implements Audience {
  readonly #random: SeededRandom;
  readonly #traffic: PlainTraffic;

  constructor(random: SeededRandom, traffic: PlainTraffic) {
    this.#random = random;
    this.#traffic = traffic;
  }

  request(index: number): BidRequest {
    const { inventory, users, auctionType } = this.#traffic;
    const request = inventory === 'single' ? singlePlacementRequest(index) : generateRequest(this.#random, index);
    const user = this.#random.fork(`user-of-${index}`).integer(1, users);
    return {
      ...request,
      at: auctionType,
      user: { ...request.user, id: `user-${user}` },
      device: { ...request.device, ...(request.device?.ifa === undefined ? {} : { ifa: adIdOf(user) }) },
    };
  }

  react(request: BidRequest, bid: Bid): Reaction {
    const random = this.#random.fork(`reaction-${request.id}-${bid.impid}`);
    const isShown = random.chance(DEVICE_HABITS.shown);
    const isClicked = random.chance(CLICKED);
    return {
      impressionAfterMs: isShown ? random.exponential(DEVICE_HABITS.impressionMeanMs) : null,
      clickAfterMs: isShown && isClicked ? random.exponential(DEVICE_HABITS.clickMeanMs) : null,
      valueNanos: 0,
    };
  }
}

function adIdOf(user: number): string {
  return `00000000-0000-4000-a000-${String(user).padStart(12, '0')}`;
}
