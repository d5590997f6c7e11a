/**
 * JSON Schemas of what is booked, as the admin API and import files carry it: the one source of their validation
 * (`booking-documents.ts`) and of the OpenAPI document. Money is text in the advertiser's currency, so that no reader
 * makes a float of it.
 */
import { BOOKING_ID } from './accounts.ts';

export type JsonSchema = { readonly [keyword: string]: unknown };

const ID = {
  type: 'string',
  pattern: BOOKING_ID.source,
  description: 'Chosen by the caller: letters, digits, `.`, `_`, `-`, at most 64.',
};
const NAME = { type: 'string', minLength: 1, maxLength: 200 };
const DOMAIN = { type: 'string', pattern: '^[a-z0-9-]+(\\.[a-z0-9-]+)+$', maxLength: 253 };
const MOMENT = { type: 'string', format: 'date-time', description: 'RFC 3339, e.g. `2026-12-01T00:00:00+01:00`.' };
const BUDGET = { type: 'string', pattern: '^\\d{1,12}(\\.\\d{1,9})?$' };
const LANGUAGE = { type: 'string', pattern: '^[a-z]{2}$', description: 'ISO 639-1.' };

export const PRICINGS = ['cpm', 'cpc', 'cpa'] as const;
export const MEDIA = ['banner', 'video', 'native'] as const;

const frequencyCap = {
  type: 'object',
  additionalProperties: false,
  required: ['count', 'per'],
  properties: {
    count: { type: 'integer', minimum: 1, maximum: 10_000 },
    per: { enum: ['minute', 'hour', 'day', 'lifetime'], description: 'Rolling, from the impression back.' },
    scope: {
      enum: ['campaign', 'advertiser'],
      default: 'campaign',
      description: 'Impressions of this campaign, or of all campaigns of its advertiser.',
    },
  },
};

export const advertiserSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'currency', 'timeZone'],
  properties: {
    id: ID,
    name: NAME,
    currency: {
      type: 'string',
      pattern: '^[A-Z]{3}$',
      description: 'ISO 4217. Fixed once the advertiser has a campaign.',
    },
    timeZone: {
      type: 'string',
      description:
        'IANA name, e.g. `Europe/Berlin`: its days and hours are of this zone. A change needs the role `money`.',
    },
    domains: {
      type: 'array',
      maxItems: 20,
      items: DOMAIN,
      default: [],
      description: 'For blocking lists of publishers.',
    },
    paused: { type: 'boolean', default: false },
  },
} as const satisfies JsonSchema;

export const campaignSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['advertiser', 'name', 'start', 'budget'],
  properties: {
    id: ID,
    advertiser: { ...ID, description: 'Id of its advertiser. Fixed.' },
    name: NAME,
    status: { enum: ['active', 'paused', 'ended'], default: 'active', description: '`ended` is final.' },
    start: MOMENT,
    end: {
      ...MOMENT,
      nullable: true,
      default: null,
      description: 'Serves until then; null: until its budget is spent.',
    },
    budget: {
      ...BUDGET,
      description: 'For its whole life, in the currency of its advertiser. Needs the role `money`.',
    },
    dailyBudget: {
      ...BUDGET,
      nullable: true,
      default: null,
      description: "Per day of the advertiser's time zone; null: no such bound. Needs the role `money`.",
    },
    delivery: {
      enum: ['even', 'asap'],
      default: 'even',
      description: '`even`: along the traffic until the end of the day or campaign; `asap`: as fast as it wins.',
    },
    frequencyCaps: { type: 'array', maxItems: 10, items: frequencyCap, default: [] },
  },
} as const satisfies JsonSchema;

const choiceOf = (items: JsonSchema, description: string, itemsMax = 10_000) => ({
  type: 'object',
  additionalProperties: false,
  description,
  properties: {
    include: { type: 'array', items, maxItems: itemsMax, default: [] },
    exclude: { type: 'array', items, maxItems: itemsMax, default: [] },
  },
});

const WORD = { type: 'string', minLength: 1, maxLength: 128 };
const LOWER = { type: 'string', pattern: '^[^A-Z]{1,253}$' };

export const targetingSchema = {
  type: 'object',
  additionalProperties: false,
  description:
    'All that is named must hold. Empty `include`: any; `exclude` wins; what a request does not say matches neither.',
  properties: {
    countries: choiceOf({ type: 'string', pattern: '^[A-Z]{3}$' }, 'ISO 3166-1 alpha-3.', 300),
    regions: choiceOf({ type: 'string', pattern: '^[A-Z]{3}/[A-Za-z0-9-]{1,10}$' }, '`USA/CA`.'),
    deviceTypes: choiceOf(
      { type: 'integer', minimum: 1, maximum: 8 },
      'AdCOM device types: 1 mobile or tablet, 2 PC, 3 TV, 4 phone, 5 tablet.',
      8,
    ),
    operatingSystems: choiceOf(LOWER, '`ios`, `android`, `windows`, lower case.', 100),
    inventory: choiceOf(LOWER, 'App bundles or site domains; a domain includes its subdomains.'),
    categories: choiceOf(
      { type: 'string', pattern: '^IAB\\d{1,2}(-\\d{1,2})?$' },
      'IAB content taxonomy 1.0; a parent includes its children.',
      1000,
    ),
    publishers: choiceOf(WORD, 'Publisher ids.'),
    placements: choiceOf(WORD, '`imp.tagid`, alone or as `publisher/tagid`.'),
    media: choiceOf({ enum: ['banner', 'video', 'audio', 'native'] }, 'What the impression offers.', 4),
    sizes: choiceOf({ type: 'string', pattern: '^\\d{1,5}x\\d{1,5}$' }, '`300x250`.', 100),
    hoursOfWeek: choiceOf(
      { type: 'integer', minimum: 0, maximum: 167 },
      "In the advertiser's time zone: 0 is Monday 00:00 to 01:00.",
      168,
    ),
    segments: choiceOf(WORD, '`user.data[].segment[].id`.'),
    keyValues: {
      type: 'object',
      maxProperties: 50,
      propertyNames: { pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$' },
      additionalProperties: choiceOf(WORD, 'Of one key.', 1000),
      description: 'By key of `imp.ext.data`, `site.ext.data`, `app.ext.data`.',
    },
  },
} as const satisfies JsonSchema;

export const lineItemSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['campaign', 'name', 'pricing', 'bid', 'creatives'],
  properties: {
    id: ID,
    campaign: { ...ID, description: 'Id of its campaign. Fixed.' },
    name: NAME,
    paused: { type: 'boolean', default: false },
    pricing: { enum: PRICINGS, description: 'Pays by thousand impressions, click or conversion. Fixed.' },
    bid: {
      type: 'string',
      pattern: '^\\d{1,9}(\\.\\d{1,6})?$',
      description:
        'The most it pays: per thousand impressions (`cpm`), per click (`cpc`), per conversion (`cpa`); 9000000 at most per click or conversion.',
    },
    goalImpressions: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000_000_000,
      nullable: true,
      default: null,
      description:
        'Impressions sold: exactly so many are delivered. Null: competes by price alone; no line item turns from one into the other. Needs the role `money`.',
    },
    targeting: { ...targetingSchema, default: {} },
    creatives: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      uniqueItems: true,
      items: ID,
      description: 'Ids, of its advertiser.',
    },
  },
} as const satisfies JsonSchema;

export const creativeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['advertiser', 'name', 'media', 'markup'],
  properties: {
    id: ID,
    advertiser: { ...ID, description: 'Id of its advertiser. Fixed.' },
    name: NAME,
    media: { enum: MEDIA },
    markup: {
      type: 'string',
      minLength: 1,
      maxLength: 262_144,
      description: 'HTML, VAST, or the JSON of a native answer, with OpenRTB macros.',
    },
    width: { type: 'integer', minimum: 1, maximum: 20_000, nullable: true, default: null },
    height: { type: 'integer', minimum: 1, maximum: 20_000, nullable: true, default: null },
    durationSec: { type: 'integer', minimum: 1, maximum: 3600, nullable: true, default: null },
    protocol: {
      type: 'integer',
      minimum: 1,
      maximum: 20,
      nullable: true,
      default: null,
      description: 'AdCOM creative subtype: 3 VAST 3, 7 VAST 4.',
    },
    domains: {
      type: 'array',
      maxItems: 20,
      items: DOMAIN,
      default: [],
      description: "Where a click leads; empty: its advertiser's.",
    },
    categories: {
      type: 'array',
      maxItems: 20,
      items: { type: 'string', pattern: '^IAB\\d{1,2}(-\\d{1,2})?$' },
      default: [],
    },
    attributes: { type: 'array', maxItems: 20, items: { type: 'integer', minimum: 1, maximum: 100 }, default: [] },
    language: { ...LANGUAGE, nullable: true, default: null },
    approval: {
      enum: ['pending', 'approved', 'rejected'],
      default: 'pending',
      description: 'Only what is approved serves. Other markup under an old approval is pending again.',
    },
  },
} as const satisfies JsonSchema;
