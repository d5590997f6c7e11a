/**
 * Our own campaigns as they bid: the targeting index, and beside each of its slots what can be known about a bid before
 * there is an auction. Markup is read here, once per creative, never on the path of a request.
 */
import { type CurrencyTable, rateBetween } from '../../openrtb/currency.ts';
import type { Bid } from '../../openrtb/types.ts';
import type { MediaType, PricingModel } from '../auction/types.ts';
import { accountIdOf } from '../campaign/accounts.ts';
import { type BookedLineItem, servableCreatives } from '../campaign/booked-line-item.ts';
import type { Creative } from '../campaign/campaign.ts';
import { TargetingIndex } from '../campaign/targeting/targeting-index.ts';
import type { DraftCandidate } from '../estimation/click-estimates.ts';
import type { Priors } from '../estimation/priors.ts';
import { withoutCreativeMacros } from '../markup/creative-macros.ts';
import { type CreativeTemplates, creativeTemplates } from '../markup/creative-templates.ts';
import type { PlaybackPoint } from '../markup/tracked-codes.ts';
import { bidCandidate } from './bid-candidate.ts';

/** `dspId` of our own bids. No DSP may be configured under it. */
export const HOUSE = 'house';

export interface HouseRules {
  readonly currencies: CurrencyTable;
  /** In which line items of all currencies are compared before the auction, ISO 4217. */
  readonly currency: string;
  /** As for the bids of DSPs. */
  readonly priors: Priors;
  /** What is told of the playback of videos; null: markup is not tracked. */
  readonly playbackPoints: readonly PlaybackPoint[] | null;
}

/** One creative of a line item, as a bid for no imp yet. */
export interface HouseOffer {
  readonly bid: Bid;
  /** Null: markup is not tracked. */
  readonly templates: CreativeTemplates | null;
  readonly candidate: DraftCandidate;
}

export interface HouseLine {
  readonly booked: BookedLineItem;
  /** Of the creatives that may serve, in the order of the line item. Never empty. */
  readonly offers: readonly HouseOffer[];
  readonly isGuaranteed: boolean;
  /** That pays for it: the campaign's money, or the impressions of a guaranteed line item. */
  readonly accountId: string;
  /** Expected revenue per mille at the full bid, micros of `HouseRules.currency`; 0 when there is no rate. */
  readonly worthCpmMicros: number;
}

/** Above whatever a price may be worth; with all of its steps still a safe integer. */
export const GUARANTEED_WORTH = 2 ** 50;
export const URGENCY_STEPS = 2 ** 20;

export class HouseCatalogue {
  readonly index: TargetingIndex;
  /** What is read of every match, by slot: hence arrays. Of its full bid; of what is guaranteed `GUARANTEED_WORTH`. */
  readonly worth: number[] = [];
  readonly advertiserOf: number[] = [];
  /** By `accountNumber`. */
  readonly accountOf: number[] = [];
  readonly #rules: HouseRules;
  readonly #accountNumber: (accountId: string) => number;
  readonly #advertiserNumber = numbering();
  readonly #lines: (HouseLine | undefined)[] = [];

  /** `accountNumber`: gives an account the same small number always. */
  constructor(items: readonly BookedLineItem[], rules: HouseRules, accountNumber = numbering()) {
    this.index = new TargetingIndex(items.length);
    this.#rules = rules;
    this.#accountNumber = accountNumber;
    for (const item of items) this.put(item);
  }

  /** As `TargetingIndex.put`. */
  put(booked: BookedLineItem): void {
    const slot = this.index.put(booked);
    if (slot === null) return;
    const line = this.#lineOf(booked);
    this.#lines[slot] = line;
    this.worth[slot] = line.isGuaranteed ? GUARANTEED_WORTH : line.worthCpmMicros;
    this.advertiserOf[slot] = this.#advertiserNumber(booked.advertiser.id);
    this.accountOf[slot] = this.#accountNumber(line.accountId);
  }

  /** Of a slot that the index has given for the question asked last. */
  line(slot: number): HouseLine {
    return this.#lines[slot]!;
  }

  #lineOf(booked: BookedLineItem): HouseLine {
    const { lineItem, advertiser } = booked;
    const offers = servableCreatives(booked).map((creative) => houseOffer(booked, creative, this.#rules));
    const rate = rateBetween(this.#rules.currencies, advertiser.currency, this.#rules.currency) ?? 0;
    const { candidate } = offers[0]!;
    return {
      booked,
      offers,
      isGuaranteed: lineItem.goalImpressions !== null,
      accountId: accountIdOf(lineItem),
      worthCpmMicros: candidate.priceMicros * EXPECTED_PER_PRICE[candidate.pricing](candidate) * rate,
    };
  }
}

/** Of what is new, the next number. */
function numbering(): (id: string) => number {
  const numbers = new Map<string, number>();
  return (id) => {
    const known = numbers.get(id);
    if (known !== undefined) return known;
    numbers.set(id, numbers.size);
    return numbers.size - 1;
  };
}

/** Expected revenue per mille of a price of 1. */
const EXPECTED_PER_PRICE: Readonly<Record<PricingModel, (candidate: DraftCandidate) => number>> = {
  cpm: () => 1,
  cpc: ({ ctr }) => ctr * 1000,
  cpa: ({ ctr, cvr }) => ctr * cvr * 1000,
};

const MTYPE: Readonly<Record<Exclude<MediaType, 'audio'>, number>> = { banner: 1, video: 2, native: 4 };

function houseOffer(
  { lineItem, campaign, advertiser }: BookedLineItem,
  creative: Creative,
  rules: HouseRules,
): HouseOffer {
  const { size, durationSec, protocol, language } = creative;
  const bid: Bid = {
    id: lineItem.id,
    impid: '',
    price: lineItem.bidMicros / 1_000_000,
    adm: withoutCreativeMacros(creative.markup),
    adomain: creative.domains.length > 0 ? creative.domains : advertiser.domains,
    cid: campaign.id,
    crid: creative.id,
    cattax: 1,
    cat: creative.categories,
    attr: creative.attributes,
    mtype: MTYPE[creative.media],
    ...(size === null ? {} : size),
    ...(durationSec === null ? {} : { dur: durationSec }),
    ...(protocol === null ? {} : { protocol }),
    ...(language === null ? {} : { language }),
  };
  const origin = {
    dspId: HOUSE,
    seat: advertiser.id,
    groupKey: null,
    currency: advertiser.currency,
    pricing: lineItem.pricing,
    quality: 1,
  };
  const candidate = bidCandidate(0, bid, origin, rules.priors);
  const isGuaranteed = lineItem.goalImpressions !== null;
  const { playbackPoints } = rules;
  const kind = candidate.sniffedMedia;
  const templates =
    playbackPoints === null || kind === null ? null : creativeTemplates(creative.markup, kind, playbackPoints);
  return { bid, templates, candidate: { ...candidate, priceMicros: lineItem.bidMicros, isGuaranteed } };
}
