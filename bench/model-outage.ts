/**
 * What ten minutes without the click model cost, on the simulated market (docs/estimation.md, "Fallback"): no clock, so the
 * same numbers on every machine. Shifts are shares of what is sold with the model up; revenue is by the true click
 * probabilities, what publishers are paid for in the end. Of several seeds: the mean, and the one farthest off.
 */
import { readBundle } from '../adapters/model/bundle.ts';
import { readPublicKey } from '../adapters/model/public-key.ts';
import { SHIPPED_MODEL_KEY, shippedModelFolder } from '../config/shipped-model.ts';
import { FEATURE_COUNT, SCHEMA_HASH } from '../engine/estimation/features/schema.ts';
import { type OutageResult, type OutageSales, runOutageStudy } from '../simulator/study/outage-study.ts';
import type { BenchContext, Measurement } from './measurement.ts';

const SEEDS = 5;
const REQUESTS_PER_SECOND = 10;
/** Enough to have seen each placement of the simulated inventory some hundred times. */
const WARM_UP_SECONDS = 600;
const OUTAGE_SECONDS = 600;

export const OUTAGE_NAMES = ['fallback.fill_shift', 'fallback.revenue_shift'] as const;

export async function measureModelOutage({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  const model = await readBundle(
    shippedModelFolder('ctr'),
    {
      publicKeys: [readPublicKey(SHIPPED_MODEL_KEY)],
      schemaHash: SCHEMA_HASH,
      featureCount: FEATURE_COUNT,
      target: 'click',
    },
    { versionMin: 0, nowMs: Date.now() },
  );
  // Virtual time: only a run in tiny size makes it shorter.
  const part = Math.min(1, scale.seconds);
  const results: OutageResult[] = [];
  for (let run = 0; run < SEEDS; run++) {
    const result = runOutageStudy({
      seed: seed + run,
      model,
      requestsPerSecond: REQUESTS_PER_SECOND,
      warmUpSeconds: WARM_UP_SECONDS * part,
      outageSeconds: OUTAGE_SECONDS * part,
    });
    results.push(result);
    const percents = (['filled', 'trueMicros', 'estimatedMicros'] as const).map(
      (sum) => `${sum} ${(shiftOf(result, sum) * 100).toFixed(2)}%`,
    );
    progress(`  seed ${seed + run}: ${result.imps} imps, ${percents.join(', ')}`);
  }
  return [
    ...measurements('fallback.fill_shift', results, 'filled'),
    ...measurements('fallback.revenue_shift', results, 'trueMicros'),
    ...measurements('fallback.estimated_revenue_shift', results, 'estimatedMicros'),
  ];
}

function measurements(name: string, results: readonly OutageResult[], sum: keyof OutageSales): Measurement[] {
  const shifts = results.map((result) => shiftOf(result, sum));
  const farthest = shifts.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
  const mean = shifts.reduce((a, b) => a + b, 0) / shifts.length;
  return [
    { name, value: mean, unit: '' },
    { name: `${name}.farthest`, value: farthest, unit: '' },
  ];
}

function shiftOf({ withModel, withFallback }: OutageResult, sum: keyof OutageSales): number {
  return withFallback[sum] / withModel[sum] - 1;
}
