/**
 * The 150 features of a click estimate, in the order of a row. A model is trained for exactly one schema: change
 * anything in here, in how features are built or in `from-openrtb.ts`, and raise `SCHEMA_VERSION`.
 */
import { FeatureGroupDeclaration, rateKeyName } from './declare.ts';
import type { Feature, RateKey } from './feature.ts';

export const SCHEMA_VERSION = 1;

const USER = new FeatureGroupDeclaration('user')
  .hashed('country', 'country', 64)
  .hashed('region', 'region', 128)
  .hashed('city', 'city', 512)
  .numeric('utc_offset_hours', 'utcOffsetHours', -12, 14)
  .hashed('language', 'language', 64)
  .code('device_type', 'deviceType', 8)
  .hashed('os', 'os', 32)
  .numeric('os_version', 'osVersion', 0, 1000)
  .hashed('browser', 'browser', 32)
  .numeric('browser_version', 'browserVersion', 0, 1000)
  .hashed('make', 'make', 128)
  .hashed('model', 'model', 512)
  .numeric('screen_width', 'screenWidth', 0, 10_000)
  .numeric('screen_height', 'screenHeight', 0, 10_000)
  .numeric('pixel_ratio', 'pixelRatio', 0, 10)
  .area('screen_area', 'screenWidth', 'screenHeight')
  .ratio('screen_aspect', 'screenWidth', 'screenHeight')
  .code('connection_type', 'connectionType', 7)
  .hashed('carrier', 'carrier', 128)
  .flag('runs_script', 'runsScript')
  .flag('limits_tracking', 'limitsTracking')
  .flag('has_device_id', 'hasDeviceId')
  .flag('has_user_id', 'hasUserId')
  .numeric('extended_ids', 'extendedIdCount', 0, 50)
  .flag('under_gdpr', 'isUnderGdpr')
  .flag('has_consent', 'hasConsent')
  .code('gender', 'gender', 3)
  .numeric('age_years', 'ageYears', 0, 120)
  .numeric('segments', 'segmentCount', 0, 16)
  .members('segment', 12)
  .rates(['country'], ['region'], ['city'], ['os'], ['browser'], ['deviceType'], ['make', 'model'])
  .segmentRates().features;

const AD = new FeatureGroupDeclaration('ad')
  .hashed('advertiser', 'advertiser', 256)
  .hashed('creative', 'creative', 1024)
  .hashed('dsp', 'dsp', 128)
  .hashed('seat', 'seat', 256)
  .hashed('category', 'category', 256)
  .hashed('category_group', 'categoryGroup', 64)
  .numeric('categories', 'categoryCount', 0, 20)
  .code('media', 'media', 4)
  .numeric('width', 'adWidth', 0, 4000)
  .numeric('height', 'adHeight', 0, 4000)
  .area('area', 'adWidth', 'adHeight')
  .ratio('aspect', 'adWidth', 'adHeight')
  .numeric('duration_sec', 'durationSec', 0, 600)
  .hashed('language', 'adLanguage', 64)
  .flag('has_deal', 'hasDeal')
  .numeric('attributes', 'attributeCount', 0, 20)
  .flag('plays_sound_unasked', 'playsSoundUnasked')
  .flag('expands', 'expands')
  .flag('is_interactive', 'isInteractive')
  .flag('promotes_app', 'promotesApp')
  .code('html_kind', 'htmlKind', 3)
  .numeric('domains', 'domainCount', 0, 10)
  .rates(['advertiser'], ['creative'], ['dsp'], ['category'], ['adSize'], ['media'])
  .evidence(['advertiser'], ['creative']).features;

const CONTEXT = new FeatureGroupDeclaration('context')
  .cycle('hour', 'hour', 24)
  .numeric('hour', 'hour', 0, 23)
  .flag('is_weekend', 'isWeekend')
  .code('channel', 'channel', 3)
  .hashed('exchange', 'exchange', 64)
  .hashed('publisher', 'publisher', 512)
  .hashed('inventory', 'inventory', 1024)
  .hashed('placement', 'placement', 1024)
  .numeric('slot_width', 'slotWidth', 0, 4000)
  .numeric('slot_height', 'slotHeight', 0, 4000)
  .code('position', 'position', 7)
  .code('slot_format', 'slotFormat', 3)
  .logarithmic('floor_cpm', 'floorCpm', 8)
  .rates(
    ['inventory'],
    ['placement'],
    ['exchange', 'slotSize', 'position', 'slotFormat'],
    ['hour'],
    ['publisher', 'placement'],
  )
  .evidence(['placement']).features;

const CROSS = new FeatureGroupDeclaration('cross')
  .rates(
    ['advertiser', 'country'],
    ['advertiser', 'region'],
    ['advertiser', 'city'],
    ['advertiser', 'os'],
    ['advertiser', 'browser'],
    ['advertiser', 'deviceType'],
    ['advertiser', 'connectionType'],
    ['advertiser', 'language'],
    ['advertiser', 'gender'],
    ['advertiser', 'ageBand'],
    ['advertiser', 'hour'],
    ['advertiser', 'channel'],
    ['advertiser', 'exchange'],
    ['advertiser', 'publisher'],
    ['advertiser', 'inventory'],
    ['advertiser', 'placement'],
    ['advertiser', 'position'],
    ['advertiser', 'slotFormat'],
    ['advertiser', 'adSize'],
    ['creative', 'region'],
    ['creative', 'os'],
    ['creative', 'browser'],
    ['creative', 'deviceType'],
    ['creative', 'exchange'],
    ['creative', 'inventory'],
    ['creative', 'placement'],
    ['creative', 'position'],
    ['category', 'country'],
    ['category', 'os'],
    ['category', 'deviceType'],
    ['category', 'gender'],
    ['category', 'ageBand'],
    ['category', 'hour'],
    ['category', 'inventory'],
    ['category', 'position'],
    ['media', 'deviceType'],
    ['media', 'placement'],
    ['adSize', 'deviceType'],
    ['inventory', 'os'],
    ['inventory', 'hour'],
    ['placement', 'os'],
  )
  .segmentRates('advertiser')
  .segmentRates('category')
  .ratio('width_of_slot', 'adWidth', 'slotWidth')
  .ratio('height_of_slot', 'adHeight', 'slotHeight')
  .ratio('width_of_screen', 'adWidth', 'screenWidth')
  .ratio('duration_of_slot', 'durationSec', 'maximumDurationSec')
  .same('language', 'language', 'adLanguage').features;

export const GROUP_SIZES = { user: 50, ad: 30, context: 20, cross: 50 } as const;

/** In the order of a row. */
export const FEATURES: readonly Feature[] = [...USER, ...AD, ...CONTEXT, ...CROSS];
export const FEATURE_COUNT = 150;

/** What rates are kept by, each once. */
export const RATE_KEYS: readonly RateKey[] = [
  ...new Map(
    FEATURES.flatMap((feature) => (feature.type === 'rate' || feature.type === 'evidence' ? [feature.source] : [])).map(
      (key) => [rateKeyName(key), key],
    ),
  ).values(),
];

/** The text whose SHA-256 is `SCHEMA_HASH`: JSON, fields in alphabetical order, no blanks. */
export function canonicalSchema(): string {
  return JSON.stringify({ features: FEATURES, version: SCHEMA_VERSION }, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** Hex SHA-256 of `canonicalSchema()`, which a model's bundle must name. A test says the new one after a change. */
export const SCHEMA_HASH = '3fa669425aaba0f17c7dd8d01b0527a3baf10b7747759c59769b3bf5c5b80a2d';
