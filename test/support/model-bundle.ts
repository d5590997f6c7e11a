/** Signed bundles of models that are simple enough to know by heart. */
import { writeBundle } from '../../adapters/model/testing/build-bundle.ts';
import type { TargetName } from '../../engine/estimation/estimate-target.ts';
import { FEATURE_COUNT, FEATURES, SCHEMA_HASH } from '../../engine/estimation/features/schema.ts';

const AD_WIDTH = FEATURES.findIndex(({ name }) => name === 'ad.width');

export interface WidthModel {
  readonly version: number;
  /** Log-odds of an ad without any width. */
  readonly intercept: number;
  readonly weightOfWidth: number;
  /** Default: clicks. */
  readonly target?: TargetName;
}

/** A model by which only the width of an ad counts; signed by the trainer of the tests. */
export async function publishWidthModel(
  folder: string,
  { version, intercept, weightOfWidth, target = 'click' }: WidthModel,
): Promise<void> {
  const weights = Array.from({ length: FEATURE_COUNT }, (_, feature) => (feature === AD_WIDTH ? weightOfWidth : 0));
  const nothing = Array.from({ length: FEATURE_COUNT }, () => null);
  await writeBundle(folder, {
    version,
    files: {
      'model.txt': JSON.stringify({ kind: 'logistic', intercept, weights }),
      'golden.json': JSON.stringify({ rows: [nothing, nothing, nothing], labels: [0, 1, 0] }),
    },
    manifest: { schemaHash: SCHEMA_HASH, target, expiresAt: '2999-01-01T00:00:00Z' },
    goldenLogLoss: (2 * Math.log(1 + Math.exp(intercept)) + Math.log(1 + Math.exp(-intercept))) / 3,
  });
}

/** What the model says of an ad. */
export function rateOfWidth({ intercept, weightOfWidth }: WidthModel, width: number): number {
  return 1 / (1 + Math.exp(-intercept - weightOfWidth * width));
}
