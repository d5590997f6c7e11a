/**
 * Who clicks in the simulated world: a probability for each ad shown to a user, from facts that a request and a bid tell.
 * Effects add up in log-odds: ads, creatives and placements are good or bad by themselves, users have interests by their
 * segments, and some ads suit some devices, places and hours. All is drawn by the seed, by name, once.
 */

import { likelyMedia } from '../../engine/auction/likely-media.ts';
import type { BidCandidate } from '../../engine/auction/types.ts';
import type { BidRequest, Imp } from '../../openrtb/types.ts';
import { type SeededRandom, seededRandom } from '../random.ts';

/** There is one simulated world; its logs are many. */
export const WORLD_SEED = 1;

/** Log-odds of the average banner: 0.8%. */
const BASE = { banner: -4.8, video: -4.0, audio: -5.5, native: -4.2 } as const;

/** Deviations of the effects, in log-odds. */
const DEVIATION = {
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

/** Segments name topics: this many, over the ids in turn. */
const TOPICS = 20;
/** What buyers know without a model: how often an ad of a media type is clicked. */
export const AVERAGE_CLICK_RATES = {
  banner: sigmoid(BASE.banner),
  video: sigmoid(BASE.video),
  audio: sigmoid(BASE.audio),
  native: sigmoid(BASE.native),
} as const;

const HOUR_AMPLITUDE = 0.35;
const EVENING_HOUR = 21;

export class ClickWorld {
  readonly #random: SeededRandom;
  readonly #effects = new Map<string, number>();

  constructor(seed: number) {
    this.#random = seededRandom(seed).fork('clicks');
  }

  /** 0..1. `hour` is the user's own, 0..23. */
  clickProbability(request: BidRequest, imp: Imp, bid: BidCandidate, hour: number): number {
    const { device = {} } = request;
    const advertiser = bid.advertiserDomains[0] ?? '';
    const category = bid.categories[0]?.split('-', 1)[0] ?? '';
    const inventory = request.app?.bundle ?? request.site?.domain ?? '';
    const os = device.os ?? '';
    const logOdds =
      BASE[likelyMedia(bid.declaredMedia, bid.sniffedMedia)] +
      this.#effect('advertiser', advertiser) +
      this.#effect('creative', `${bid.dspId} ${bid.creativeId}`) +
      this.#effect('placement', `${inventory} ${imp.tagid}`) +
      this.#effect('inventory', inventory) +
      this.#effect('size', `${bid.width}x${bid.height}`) +
      this.#effect('os', os) +
      this.#effect('advertiserOs', `${advertiser} ${os}`) +
      this.#effect('categoryInventory', `${category} ${inventory}`) +
      this.#effect('advertiserCountry', `${advertiser} ${device.geo?.country}`) +
      this.#interest(request, category) +
      HOUR_AMPLITUDE * Math.cos(((hour - EVENING_HOUR) / 24) * 2 * Math.PI);
    return sigmoid(logOdds);
  }

  /** Of the segment that cares most. */
  #interest({ user }: BidRequest, category: string): number {
    let greatest: number | null = null;
    for (const { segment = [] } of user?.data ?? []) {
      for (const { id } of segment) {
        const effect = this.#effect('interest', `${Number(id) % TOPICS} ${category}`);
        greatest = greatest === null ? effect : Math.max(greatest, effect);
      }
    }
    return greatest ?? 0;
  }

  #effect(kind: keyof typeof DEVIATION, name: string): number {
    const label = `${kind} ${name}`;
    let effect = this.#effects.get(label);
    if (effect === undefined) {
      effect = this.#random.fork(label).normal() * DEVIATION[kind];
      this.#effects.set(label, effect);
    }
    return effect;
  }
}

/** The user's own hour, 0..23. */
export function localHour({ device }: BidRequest, atMs: number): number {
  return Math.floor((atMs + (device?.geo?.utcoffset ?? 0) * 60_000) / 3_600_000) % 24;
}

function sigmoid(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
