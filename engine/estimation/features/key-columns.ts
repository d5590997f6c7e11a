/**
 * How features fall together in the keys of predictions (docs/model-server.md, "Keys and horizons"). In the exact key are all
 * features, but for those that follow from others. In the coarse one are the few below: with all that is not about the user
 * alone in it, nine bids of ten would find nothing that they have in common with an earlier one.
 */
import type { FeatureBucket, KeyColumn } from '../cache/prediction-key.ts';
import type { Feature } from './feature.ts';
import { FEATURES } from './schema.ts';

const EXACT: FeatureBucket = { kind: 'exact' };
const LEFT_OUT: FeatureBucket = { kind: 'left-out' };
/** Log-odds: estimates that share a key differ by an eighth to either side for this reason. */
const COARSE_RATE: FeatureBucket = { kind: 'step', step: 0.25 };

/** By name of the feature. Chosen by `npm run bench -- --only cache.hit_rate.simulated`: hits against what the stand-ins lose. */
export const COARSE_COLUMNS: Readonly<Record<string, FeatureBucket>> = {
  // Who advertises: the widest effect. Not the creative: there are too many, each is seen too seldom.
  'ad.advertiser': EXACT,
  // Video is clicked twice as often as banners.
  'ad.media': EXACT,
  // Where it is shown, also in which surroundings the advertiser's category is at home.
  'context.inventory': EXACT,
  // Some ads suit some systems. It says the kind of device, too.
  'user.os': EXACT,
  // Advertisers differ by country, and tags of size and position by little else than the placement below.
  'user.country': EXACT,
  // The user's own hour: evenings are not mornings. At any moment there are few.
  'context.hour': EXACT,
  // Good and bad placements, by their rate: those that are alike share.
  'context.rate.publisher*placement': COARSE_RATE,
  // What is known of the user's interest in this kind of ad, from the segments: the model's most used feature.
  'cross.rate.category*segment.greatest': COARSE_RATE,
};

/** Log-odds and logarithms closer than this move a prediction by a few percent at most. */
const LIFT_STEP = 0.05;
const LOG_STEP = 0.5;
const AGE_STEP_YEARS = 5;

/** One for each feature, in the order of a row. */
export const KEY_COLUMNS: readonly KeyColumn[] = FEATURES.map((feature) => ({
  bucket: bucketOf(feature),
  coarse: COARSE_COLUMNS[feature.name] ?? LEFT_OUT,
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
      return LEFT_OUT;
    case 'numeric':
      if (feature.source === 'ageYears') return { kind: 'step', step: AGE_STEP_YEARS };
      return feature.scale === 'ln1p' ? { kind: 'step', step: LOG_STEP } : EXACT;
    default:
      return EXACT;
  }
}
