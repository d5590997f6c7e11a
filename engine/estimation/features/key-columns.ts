/**
 * How features fall together in the keys of predictions (docs/model-server.md, "Keys and horizons"). What follows from other features is
 * left out. Volatile is what says who just this user is, or what moment it is: the rest, ad, place and kind of device, is
 * the same for minutes and for many.
 */
import type { FeatureBucket, KeyColumn } from '../cache/prediction-key.ts';
import type { CategoryFact, NumberFact } from './facts.ts';
import type { Feature } from './feature.ts';
import { FEATURES } from './schema.ts';

type Fact = CategoryFact | NumberFact | 'segment' | 'segments';

const VOLATILE: ReadonlySet<Fact> = new Set<Fact>([
  'region',
  'city',
  'utcOffsetHours',
  'osVersion',
  'browserVersion',
  'screenWidth',
  'screenHeight',
  'pixelRatio',
  'make',
  'model',
  'connectionType',
  'carrier',
  'runsScript',
  'limitsTracking',
  'hasDeviceId',
  'hasUserId',
  'extendedIdCount',
  'isUnderGdpr',
  'hasConsent',
  'gender',
  'ageYears',
  'ageBand',
  'segmentCount',
  'segment',
  'segments',
  'hour',
  'isWeekend',
  'floorCpm',
]);

/** Log-odds and logarithms closer than this move a prediction by a few percent at most. */
const LIFT_STEP = 0.05;
const LOG_STEP = 0.5;
const AGE_STEP_YEARS = 5;

/** One for each feature, in the order of a row. */
export const KEY_COLUMNS: readonly KeyColumn[] = FEATURES.map((feature) => ({
  bucket: bucketOf(feature),
  isVolatile: factsOf(feature).some((fact) => VOLATILE.has(fact)),
}));

function bucketOf(feature: Feature): FeatureBucket {
  switch (feature.type) {
    case 'rate':
    case 'ratio':
      return { kind: 'step', step: LIFT_STEP };
    case 'evidence':
      return { kind: 'step', step: LOG_STEP };
    case 'cyclic':
    case 'area':
      return { kind: 'left-out' };
    case 'numeric':
      if (feature.source === 'ageYears') return { kind: 'step', step: AGE_STEP_YEARS };
      return feature.scale === 'ln1p' ? { kind: 'step', step: LOG_STEP } : { kind: 'exact' };
    default:
      return { kind: 'exact' };
  }
}

function factsOf({ source }: Feature): readonly Fact[] {
  return typeof source === 'string' ? [source] : source;
}
