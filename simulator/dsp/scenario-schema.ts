import type { PricingModel } from '../../engine/auction/types.ts';
import type { FaultTimes } from './fault-times.ts';
import { FAULTS, type FaultShares } from './faults.ts';

/** A scenario file after its defaults were filled in. Probabilities are 0..1; see docs/simulator.md for every key. */
export interface Scenario {
  readonly name: string;
  /** Part of every random stream of the DSPs; `--seed` replaces it. */
  readonly seed: number;
  readonly groups: readonly DspGroup[];
}

/** Everything about one DSP that a scenario can say. */
export interface DspTraits {
  readonly version: '2.5' | '2.6';
  readonly latency: LatencyTraits;
  readonly bidRate: BidRateTraits;
  readonly price: PriceTraits;
  /** Size of the markup before JSON escaping; markup is never cut, so a small maximum may be exceeded. */
  readonly creative: { readonly minimumBytes: number; readonly maximumBytes: number };
  /** Seat ids on the wire are `<dsp id>-<name>`. */
  readonly seats: readonly string[];
  readonly advertisers: readonly Advertiser[];
  /** `probability` of bidding on each deal the DSP may buy. */
  readonly deals: { readonly probability: number };
  /** Probability of one more bid on the same imp: from another seat when there is one. */
  readonly secondBid: number;
  /** Compress answers over 1 KB for callers that accept gzip. */
  readonly gzip: boolean;
  readonly faults: FaultShares;
  readonly faultTimes: FaultTimes;
  /** How many times longer an answer with the fault `late` takes. */
  readonly lateMultiplier: number;
}

export interface DspGroup extends DspTraits {
  readonly id: string;
  readonly count: number;
  /** Log-normal deviation of each member's median latency and price around the group's, so that members differ. */
  readonly variation: number;
}

export interface LatencyTraits {
  readonly medianMs: number;
  readonly sigma: number;
  readonly tail: { readonly probability: number; readonly multiplier: number };
}

export type DeviceKind = 'phone' | 'tablet' | 'pc' | 'tv' | 'other';
export type MediaKind = 'banner' | 'video' | 'audio' | 'native';

/** The chance of bidding on an imp is `default` times the factor of each table that names the request's value, at most 1. */
export interface BidRateTraits {
  readonly default: number;
  readonly deviceType: Readonly<Partial<Record<DeviceKind, number>>>;
  /** By ISO 3166-1 alpha-3. */
  readonly country: Readonly<Record<string, number>>;
  /** By the size the DSP picked, `320x50`. */
  readonly size: Readonly<Record<string, number>>;
  readonly media: Readonly<Partial<Record<MediaKind, number>>>;
}

export interface PriceTraits {
  /** What a thousand impressions are worth to it, whatever it pays for. */
  readonly medianCpm: number;
  readonly sigma: number;
  /** What it pays for by agreement; its bids are prices of that. */
  readonly pricing: PricingModel;
  /** CPC, CPA: clicks or conversions that it expects a thousand impressions to bring. */
  readonly actionsPerMille: number;
  /** ISO 4217. A DSP does not bid when the request does not allow its currency. */
  readonly currency: string;
}

export interface Advertiser {
  readonly domain: string;
  /** IAB Content Taxonomy 1.0. */
  readonly categories: readonly string[];
}

const probability = { type: 'number', minimum: 0, maximum: 1 } as const;
const factor = { type: 'number', minimum: 0 } as const;
const duration = { type: 'number', exclusiveMinimum: 0, maximum: 86_400 } as const;
const name = { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9_-]*$', maxLength: 48 } as const;

function factors(keys: readonly string[]): object {
  return {
    type: 'object',
    additionalProperties: false,
    default: {},
    properties: Object.fromEntries(keys.map((key) => [key, factor])),
  };
}

function factorsMatching(pattern: string): object {
  return { type: 'object', additionalProperties: false, default: {}, patternProperties: { [pattern]: factor } };
}

/** Of DSPs that name none. */
export const DEFAULT_ADVERTISERS: readonly Advertiser[] = [
  { domain: 'shoes.example.com', categories: ['IAB18-3'] },
  { domain: 'travel.example.com', categories: ['IAB20'] },
  { domain: 'bank.example.com', categories: ['IAB13'] },
  { domain: 'games.example.com', categories: ['IAB9-30'] },
  { domain: 'groceries.example.com', categories: ['IAB8'] },
  { domain: 'cars.example.com', categories: ['IAB2'] },
  { domain: 'phones.example.com', categories: ['IAB19-6'] },
  { domain: 'furniture.example.com', categories: ['IAB10'] },
];

const groupProperties = {
  id: name,
  count: { type: 'integer', minimum: 1, maximum: 1_000 },
  variation: { type: 'number', minimum: 0, maximum: 2, default: 0 },
  version: { enum: ['2.5', '2.6'], default: '2.6' },
  latency: {
    type: 'object',
    additionalProperties: false,
    required: ['medianMs'],
    properties: {
      medianMs: { type: 'number', minimum: 0, maximum: 10_000 },
      sigma: { type: 'number', minimum: 0, maximum: 3, default: 0.3 },
      tail: {
        type: 'object',
        additionalProperties: false,
        required: ['probability', 'multiplier'],
        properties: { probability, multiplier: { type: 'number', minimum: 1, maximum: 1_000 } },
        default: { probability: 0, multiplier: 1 },
      },
    },
  },
  bidRate: {
    type: 'object',
    additionalProperties: false,
    required: ['default'],
    properties: {
      default: probability,
      deviceType: factors(['phone', 'tablet', 'pc', 'tv', 'other']),
      country: factorsMatching('^[A-Z]{3}$'),
      size: factorsMatching('^[1-9][0-9]*x[1-9][0-9]*$'),
      media: factors(['banner', 'video', 'audio', 'native']),
    },
  },
  price: {
    type: 'object',
    additionalProperties: false,
    required: ['medianCpm'],
    properties: {
      medianCpm: { type: 'number', exclusiveMinimum: 0, maximum: 10_000 },
      sigma: { type: 'number', minimum: 0, maximum: 3, default: 0.5 },
      pricing: { enum: ['cpm', 'cpc', 'cpa'], default: 'cpm' },
      actionsPerMille: { type: 'number', exclusiveMinimum: 0, maximum: 1_000, default: 1 },
      currency: { type: 'string', pattern: '^[A-Z]{3}$', default: 'USD' },
    },
  },
  creative: {
    type: 'object',
    additionalProperties: false,
    required: ['minimumBytes', 'maximumBytes'],
    properties: {
      minimumBytes: { type: 'integer', minimum: 0, maximum: 100_000 },
      maximumBytes: { type: 'integer', minimum: 0, maximum: 100_000 },
    },
    default: { minimumBytes: 300, maximumBytes: 2_500 },
  },
  seats: { type: 'array', minItems: 1, uniqueItems: true, items: name, default: ['main'] },
  advertisers: {
    type: 'array',
    minItems: 1,
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['domain'],
      properties: {
        domain: { type: 'string', format: 'hostname' },
        categories: { type: 'array', items: { type: 'string', minLength: 1 }, default: [] },
      },
    },
    default: DEFAULT_ADVERTISERS,
  },
  deals: {
    type: 'object',
    additionalProperties: false,
    required: ['probability'],
    properties: { probability },
    default: { probability: 0.5 },
  },
  secondBid: { ...probability, default: 0 },
  gzip: { type: 'boolean', default: false },
  faults: {
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(FAULTS.map((fault) => [fault, probability])),
    default: {},
  },
  faultTimes: {
    type: 'object',
    additionalProperties: false,
    properties: {
      fromSec: { type: 'number', minimum: 0, maximum: 86_400, default: 0 },
      untilSec: duration,
      flapping: {
        type: 'object',
        additionalProperties: false,
        required: ['sickSec', 'healthySec'],
        properties: { sickSec: duration, healthySec: duration },
      },
    },
    default: {},
  },
  lateMultiplier: { type: 'number', minimum: 1, maximum: 1_000, default: 10 },
} as const;

/** JSON Schema of a scenario file; its defaults are the only ones. */
export const scenarioSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'groups'],
  properties: {
    name,
    seed: { type: 'integer', default: 1 },
    groups: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['id', 'count', 'latency', 'bidRate', 'price'],
        properties: groupProperties,
      },
    },
  },
} as const;
