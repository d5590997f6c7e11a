/**
 * What is known of a user, a placement and an ad when a click is estimated: numbers, and hashes of categories. The one
 * form that features are built from, for training as for serving. It is filled anew for each imp and ad, never allocated.
 */
import { hashCode, MISSING } from './hash.ts';

const USER_CATEGORIES = [
  'country',
  'region',
  'city',
  'language',
  'os',
  'browser',
  'deviceType',
  'make',
  'model',
  'connectionType',
  'carrier',
  'gender',
  'ageBand',
] as const;

const CONTEXT_CATEGORIES = [
  'channel',
  'exchange',
  'publisher',
  'inventory',
  'placement',
  'slotSize',
  'position',
  'slotFormat',
  'hour',
] as const;

const AD_CATEGORIES = [
  'dsp',
  'seat',
  'advertiser',
  'creative',
  'category',
  'categoryGroup',
  'adSize',
  'media',
  'adLanguage',
] as const;

const USER_NUMBERS = [
  'utcOffsetHours',
  'osVersion',
  'browserVersion',
  'deviceType',
  'screenWidth',
  'screenHeight',
  'pixelRatio',
  'connectionType',
  'runsScript',
  'limitsTracking',
  'hasDeviceId',
  'hasUserId',
  'extendedIdCount',
  'isUnderGdpr',
  'hasConsent',
  'gender',
  'ageYears',
  'segmentCount',
] as const;

const CONTEXT_NUMBERS = [
  'hour',
  'isWeekend',
  'channel',
  'slotWidth',
  'slotHeight',
  'position',
  'slotFormat',
  'floorCpm',
  'maximumDurationSec',
] as const;

const AD_NUMBERS = [
  'categoryCount',
  'media',
  'adWidth',
  'adHeight',
  'durationSec',
  'hasDeal',
  'attributeCount',
  'playsSoundUnasked',
  'expands',
  'isInteractive',
  'promotesApp',
  'htmlKind',
  'domainCount',
] as const;

const CATEGORIES = [...USER_CATEGORIES, ...CONTEXT_CATEGORIES, ...AD_CATEGORIES] as const;
const NUMBERS = [...USER_NUMBERS, ...CONTEXT_NUMBERS, ...AD_NUMBERS] as const;

export type CategoryFact = (typeof CATEGORIES)[number];
export type NumberFact = (typeof NUMBERS)[number];
/** Facts that are a category (rates are kept by it) and a number at once. */
type CodeFact = CategoryFact & NumberFact;

/** Places in `FactSheet.categories`. */
export const CATEGORY = placesOf(CATEGORIES);
/** Places in `FactSheet.numbers`. */
export const NUMBER = placesOf(NUMBERS);

/** Segments of a user beyond this many are not looked at. */
export const SEGMENTS_MAX = 16;

export class FactSheet {
  /** Hashes, signed; `MISSING` when not known. */
  readonly categories = new Int32Array(CATEGORIES.length);
  /** NaN when not known. */
  readonly numbers = new Float64Array(NUMBERS.length).fill(Number.NaN);
  /** Hashes of the segments that the user is in, the first `segmentCount` of them. */
  readonly segments = new Int32Array(SEGMENTS_MAX);
  segmentCount = 0;

  setCategory(fact: CategoryFact, hash: number): void {
    this.categories[CATEGORY[fact]] = hash;
  }

  setNumber(fact: NumberFact, value: number | undefined): void {
    this.numbers[NUMBER[fact]] = value ?? Number.NaN;
  }

  /** A number of a code list. */
  setCode(fact: CodeFact, code: number | undefined): void {
    const value = code ?? Number.NaN;
    this.numbers[NUMBER[fact]] = value;
    this.categories[CATEGORY[fact]] = hashCode(value);
  }

  setFlag(fact: NumberFact, is: boolean): void {
    this.numbers[NUMBER[fact]] = is ? 1 : 0;
  }

  /** Beyond `SEGMENTS_MAX`: passed over. */
  addSegment(hash: number): void {
    if (hash === MISSING || this.segmentCount === SEGMENTS_MAX) return;
    this.segments[this.segmentCount++] = hash;
  }

  clear(): void {
    this.categories.fill(MISSING);
    this.numbers.fill(Number.NaN);
    this.segmentCount = 0;
  }
}

function placesOf<Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> {
  return Object.fromEntries(names.map((name, place) => [name, place])) as Record<Name, number>;
}
