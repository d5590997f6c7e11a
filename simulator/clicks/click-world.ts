/**
 * Who clicks in the simulated world, and who buys after a click: probabilities for each ad shown to a user, from facts that
 * a request and a bid tell. Effects add up in log-odds: ads, creatives and placements are good or bad by themselves, users
 * have interests by their segments, and some ads suit some devices, places and hours. All is drawn by the seed, by name, once.
 */

import { likelyMedia } from '../../engine/auction/likely-media.ts';
import type { BidCandidate, MediaType } from '../../engine/auction/types.ts';
import type { BidRequest, Imp } from '../../openrtb/types.ts';
import { seededRandom } from '../random.ts';
import { Effects, probabilityOf } from './effects.ts';

/** There is one simulated world; its logs are many. */
export const WORLD_SEED = 1;

/** Log-odds of a click on the average banner: 0.8%. */
const CLICK_BASE = { banner: -4.8, video: -4.0, audio: -5.5, native: -4.2 } as const;
/** Of a conversion after a click on the average banner: 3.2%. */
const CONVERSION_BASE = { banner: -3.4, video: -3.8, audio: -4.0, native: -3.2 } as const;

/** Deviations of the effects, in log-odds. */
const CLICK_DEVIATION = {
  advertiser: 0.45,
  creative: 0.3,
  placement: 0.4,
  inventory: 0.3,
  size: 0.2,
  os: 0.15,
  interest: 0.9,
  advertiserOs: 0.35,
  categoryInventory: 0.35,
  advertiserCountry: 0.25,
} as const;

/** What is sold and to whom says more than where: but some placements are clicked by accident, and nobody buys then. */
const CONVERSION_DEVIATION = {
  advertiser: 0.8,
  creative: 0.1,
  placement: 0.3,
  inventory: 0.3,
  size: 0.3,
  os: 0.35,
  interest: 0.4,
  advertiserOs: 0.3,
  advertiserCountry: 0.3,
} as const;

/** Segments name topics: this many, over the ids in turn. */
const TOPICS = 20;
/** What buyers know without a model: how often an ad of a media type is clicked. */
export const AVERAGE_CLICK_RATES = {
  banner: probabilityOf(CLICK_BASE.banner),
  video: probabilityOf(CLICK_BASE.video),
  audio: probabilityOf(CLICK_BASE.audio),
  native: probabilityOf(CLICK_BASE.native),
} as const;

const HOUR_AMPLITUDE = 0.35;
const EVENING_HOUR = 21;

/** What a click may hang on of an ad. */
export type ShownAd = Pick<
  BidCandidate,
  'dspId' | 'creativeId' | 'advertiserDomains' | 'categories' | 'width' | 'height' | 'declaredMedia' | 'sniffedMedia'
>;

export class ClickWorld {
  readonly #clicks: Effects<keyof typeof CLICK_DEVIATION>;
  readonly #conversions: Effects<keyof typeof CONVERSION_DEVIATION>;
  readonly #clickInterests: Interests;
  readonly #conversionInterests: Interests;

  constructor(seed: number) {
    this.#clicks = new Effects(seededRandom(seed).fork('clicks'), CLICK_DEVIATION);
    this.#conversions = new Effects(seededRandom(seed).fork('conversions'), CONVERSION_DEVIATION);
    this.#clickInterests = new Interests(this.#clicks);
    this.#conversionInterests = new Interests(this.#conversions);
  }

  /** Of a click on an impression, 0..1. `hour` is the user's own, 0..23. */
  clickProbability(request: BidRequest, imp: Imp, bid: ShownAd, hour: number): number {
    const facts = factsOf(request, bid);
    const { advertiser, category, inventory, country } = facts;
    const effects = this.#clicks;
    const logOdds =
      commonLogOdds(CLICK_BASE, effects, facts, imp, bid) +
      effects.of('categoryInventory', `${category} ${inventory}`) +
      effects.of('advertiserCountry', `${advertiser} ${country}`) +
      this.#clickInterests.greatest(request, category) +
      HOUR_AMPLITUDE * Math.cos(((hour - EVENING_HOUR) / 24) * 2 * Math.PI);
    return probabilityOf(logOdds);
  }

  /** How much more than usual a user cares for a category (`IAB18`), in log-odds of a click. */
  interest(request: Pick<BidRequest, 'user'>, category: string): number {
    return this.#clickInterests.greatest(request, category);
  }

  /** Of a conversion after a click, 0..1. */
  conversionProbability(request: BidRequest, imp: Imp, bid: ShownAd): number {
    const facts = factsOf(request, bid);
    const { advertiser, category, country } = facts;
    const effects = this.#conversions;
    const logOdds =
      commonLogOdds(CONVERSION_BASE, effects, facts, imp, bid) +
      effects.of('advertiserCountry', `${advertiser} ${country}`) +
      this.#conversionInterests.greatest(request, category);
    return probabilityOf(logOdds);
  }
}

/** What clicks and conversions both depend on. */
function commonLogOdds(
  base: Readonly<Record<MediaType, number>>,
  effects: Effects<keyof typeof CLICK_DEVIATION & keyof typeof CONVERSION_DEVIATION>,
  { advertiser, inventory, os }: ReturnType<typeof factsOf>,
  imp: Imp,
  bid: ShownAd,
): number {
  return (
    base[likelyMedia(bid.declaredMedia, bid.sniffedMedia)] +
    effects.of('advertiser', advertiser) +
    effects.of('creative', `${bid.dspId} ${bid.creativeId}`) +
    effects.of('placement', `${inventory} ${imp.tagid}`) +
    effects.of('inventory', inventory) +
    effects.of('size', `${bid.width}x${bid.height}`) +
    effects.of('os', os) +
    effects.of('advertiserOs', `${advertiser} ${os}`)
  );
}

/** What effects are named by. */
function factsOf({ device = {}, app, site }: BidRequest, bid: ShownAd) {
  return {
    advertiser: bid.advertiserDomains[0] ?? '',
    category: bid.categories[0]?.split('-', 1)[0] ?? '',
    inventory: app?.bundle ?? site?.domain ?? '',
    os: device.os ?? '',
    country: device.geo?.country,
  };
}

/** What users care for, by the topics of their segments. */
class Interests {
  readonly #effects: Effects<'interest'>;
  /** By category: of each topic, as soon as it was asked for. */
  readonly #known = new Map<string, Float64Array>();

  constructor(effects: Effects<'interest'>) {
    this.#effects = effects;
  }

  /** Of the segment that cares most. */
  greatest({ user }: Pick<BidRequest, 'user'>, category: string): number {
    let greatest: number | null = null;
    for (const { segment = [] } of user?.data ?? []) {
      for (const { id } of segment) {
        const effect = this.#of(Number(id) % TOPICS, category);
        greatest = greatest === null ? effect : Math.max(greatest, effect);
      }
    }
    return greatest ?? 0;
  }

  #of(topic: number, category: string): number {
    let effects = this.#known.get(category);
    if (effects === undefined) {
      effects = Float64Array.from({ length: TOPICS }, (_, of) => this.#effects.of('interest', `${of} ${category}`));
      this.#known.set(category, effects);
    }
    // A segment whose id is no number is a topic of its own.
    return effects[topic] ?? this.#effects.of('interest', `${topic} ${category}`);
  }
}

/** The user's own hour, 0..23. */
export function localHour({ device }: BidRequest, atMs: number): number {
  return Math.floor((atMs + (device?.geo?.utcoffset ?? 0) * 60_000) / 3_600_000) % 24;
}
