/**
 * What advertisers have booked with us, as the engine knows it: advertiser > campaign (money, schedule) > line item (bid,
 * targeting) > creatives. Stored by `adapters/ledger`, written over the admin API, compiled for matching by
 * `engine/campaign/targeting`.
 *
 * Money: `…Nanos` of the advertiser's currency, `bigint` where it may exceed 2^53. Prices: `bidMicros` is per thousand
 * impressions for `cpm`, per click for `cpc`, per conversion for `cpa`; N CPM-micros cost exactly N nanos an impression,
 * C micros a click cost C x 1000 nanos.
 */
import type { MediaType, PricingModel, Size } from '../auction/types.ts';

export interface Advertiser {
  readonly id: string;
  readonly name: string;
  /** Upper-case ISO 4217. Fixed once it has a campaign. */
  readonly currency: string;
  /** IANA name; days and hours of its campaigns are of this zone. */
  readonly timeZone: string;
  /** Bare lower-case hosts. */
  readonly domains: readonly string[];
  readonly isPaused: boolean;
}

/** `ended` is final. */
export type CampaignStatus = 'active' | 'paused' | 'ended';

export interface Campaign {
  readonly id: string;
  readonly advertiserId: string;
  readonly name: string;
  readonly status: CampaignStatus;
  /** Epoch ms; serves in [startAt, endAt). */
  readonly startAt: number;
  readonly endAt: number | null;
  /** For its whole life. */
  readonly budgetNanos: bigint;
  /** Per day of the advertiser's time zone; null: no such bound. */
  readonly dailyBudgetNanos: bigint | null;
  readonly delivery: 'even' | 'asap';
  readonly frequencyCaps: readonly FrequencyCap[];
}

export interface LineItem {
  readonly id: string;
  readonly campaignId: string;
  readonly name: string;
  readonly isPaused: boolean;
  readonly pricing: PricingModel;
  readonly bidMicros: number;
  /** Impressions sold, exactly so many are delivered; null: not guaranteed, competes by price alone. */
  readonly goalImpressions: number | null;
  readonly targeting: Targeting;
  readonly creativeIds: readonly string[];
}

export type Approval = 'pending' | 'approved' | 'rejected';

/** Only approved creatives serve. */
export interface Creative {
  readonly id: string;
  readonly advertiserId: string;
  readonly name: string;
  readonly media: Exclude<MediaType, 'audio'>;
  /** HTML, VAST or the native answer's JSON, with OpenRTB macros. */
  readonly markup: string;
  /** Null for native, and for video that scales. */
  readonly size: Size | null;
  readonly durationSec: number | null;
  /** AdCOM creative subtypes (VAST version) of video. */
  readonly protocol: number | null;
  readonly domains: readonly string[];
  /** IAB content taxonomy 1.0. */
  readonly categories: readonly string[];
  /** AdCOM creative attributes. */
  readonly attributes: readonly number[];
  /** ISO 639-1, lower case. */
  readonly language: string | null;
  readonly approval: Approval;
}

/** At most `count` impressions of a user in a rolling `per`. `scope`: of this campaign, or of all of its advertiser. */
export interface FrequencyCap {
  readonly count: number;
  readonly per: 'minute' | 'hour' | 'day' | 'lifetime';
  readonly scope: 'campaign' | 'advertiser';
}

/** Empty `include`: any, known or not. An `exclude` wins over an `include`. */
export interface Choice<Value> {
  readonly include: readonly Value[];
  readonly exclude: readonly Value[];
}

/** All that is named must hold. What a request does not say matches no `include`, and no `exclude`. */
export interface Targeting {
  /** ISO 3166-1 alpha-3, upper case. */
  readonly countries: Choice<string>;
  /** `USA/CA`: country and region as in `device.geo.region`. */
  readonly regions: Choice<string>;
  /** AdCOM device types. */
  readonly deviceTypes: Choice<number>;
  /** Lower case: `ios`, `android`, `windows`. */
  readonly operatingSystems: Choice<string>;
  /** App bundles or site domains, lower case; a domain includes its subdomains. */
  readonly inventory: Choice<string>;
  /** Content categories of app or site, IAB taxonomy 1.0; a parent includes its children. */
  readonly categories: Choice<string>;
  readonly publishers: Choice<string>;
  /** `imp.tagid`, alone or as `publisher/tagid`. */
  readonly placements: Choice<string>;
  readonly media: Choice<MediaType>;
  /** `300x250`. */
  readonly sizes: Choice<string>;
  /** Hours of the week in the advertiser's time zone, 0 = Monday 00:00 to 167. */
  readonly hoursOfWeek: Choice<number>;
  /** `user.data[].segment[].id`. */
  readonly segments: Choice<string>;
  /** By key (`imp.ext.data`, `site.ext.data`, `app.ext.data`); each key is a condition of its own. */
  readonly keyValues: Readonly<Record<string, Choice<string>>>;
}

const ANY: Choice<never> = { include: [], exclude: [] };

/** Nothing is asked of a request. */
export const EVERYWHERE: Targeting = {
  countries: ANY,
  regions: ANY,
  deviceTypes: ANY,
  operatingSystems: ANY,
  inventory: ANY,
  categories: ANY,
  publishers: ANY,
  placements: ANY,
  media: ANY,
  sizes: ANY,
  hoursOfWeek: ANY,
  segments: ANY,
  keyValues: {},
};
