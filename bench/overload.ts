/**
 * What becomes of answers when 2, 5 and 10 times more is asked than can be done, and afterwards. Everything is held against
 * the same run: goodput against the peak of a ramp, p99 against that at half of the peak just before.
 */
import type { PhaseTally, SecondTally } from './load/phase-tally.ts';
import type { SurgeClient } from './load/surge-client.ts';
import type { BenchContext, Measurement } from './measurement.ts';
import { startOverloadRig } from './overload-rig.ts';

export const OVERLOAD_FACTORS = [2, 5, 10] as const;

const DSP_COUNT = 20;
const RAMP = { fromPerSec: 200, factor: 1.25, stepsMax: 20 };
/** A step answers less than this of what it is asked: the peak is behind. */
const PAST_PEAK_BELOW = 0.85;
/** Calm before and after a surge; recovery is to take five seconds at most. */
const CALM_SECONDS_MAX = 10;

export async function measureOverload(context: BenchContext): Promise<Measurement[]> {
  const { scale, seed, progress } = context;
  const rig = await startOverloadRig({ dspCount: DSP_COUNT, seed });
  try {
    const { client } = rig;
    const peak = await findPeak(client, Math.min(2, scale.seconds));
    progress(`peak ${peak.toFixed(0)} answers/s in time`);
    const measurements: Measurement[] = [{ name: 'overload.peak', value: peak, unit: '1/s' }];
    const calm = { ratePerSec: peak / 2, seconds: Math.min(CALM_SECONDS_MAX, scale.surgeSeconds) };
    let before = await client.run(calm);
    for (const factor of OVERLOAD_FACTORS) {
      const surge = await client.run({ ratePerSec: factor * peak, seconds: scale.surgeSeconds });
      const after = await client.run(calm);
      progress(`${factor}x: ${shown(surge)}; half load before: ${shown(before)}; after: ${shown(after)}`);
      measurements.push(...resultsOf(`${factor}x`, peak, before, surge, after));
      before = after;
    }
    return measurements;
  } finally {
    await rig.close();
  }
}

/** The most answers in time per second, found by asking more and more. */
export async function findPeak(client: SurgeClient, secondsPerStep: number): Promise<number> {
  let peak = 0;
  let ratePerSec = RAMP.fromPerSec;
  await client.run({ ratePerSec, seconds: secondsPerStep });
  for (let step = 0; step < RAMP.stepsMax; step++, ratePerSec *= RAMP.factor) {
    const { goodPerSec } = await client.run({ ratePerSec, seconds: secondsPerStep });
    peak = Math.max(peak, goodPerSec);
    if (goodPerSec < PAST_PEAK_BELOW * ratePerSec) break;
  }
  return peak;
}

function resultsOf(
  label: string,
  peak: number,
  before: PhaseTally,
  surge: PhaseTally,
  after: PhaseTally,
): Measurement[] {
  const p99Ratio = surge.admitted.percentileMs(99) / before.admitted.percentileMs(99);
  return [
    { name: `overload.goodput.${label}`, value: surge.goodPerSec / peak, unit: 'ratio' },
    { name: `overload.p99_ratio.${label}`, value: p99Ratio, unit: 'ratio' },
    { name: `overload.refusal_p50_ms.${label}`, value: surge.refused.percentileMs(50), unit: 'ms' },
    { name: `overload.refusal_p99_ms.${label}`, value: surge.refused.percentileMs(99), unit: 'ms' },
    { name: `overload.recovery_s.${label}`, value: recoverySec(before, after), unit: 's' },
  ];
}

/** Full seconds until two in a row look like those before; the length of the phase when none do. */
export function recoverySec(before: PhaseTally, after: PhaseTally): number {
  const latencyMsMax = LATENCY_RATIO_MAX * before.admitted.percentileMs(95);
  const isCalm = (second: SecondTally | undefined): boolean =>
    second === undefined || isLikeBefore(second, latencyMsMax);
  const index = after.seconds.findIndex((second, at) => isCalm(second) && isCalm(after.seconds[at + 1]));
  return index === -1 ? after.seconds.length : index;
}

/** Of a second's P95: its P99 is one or two requests. */
const LATENCY_RATIO_MAX = 1.3;
const NOT_GOOD_SHARE_MAX = 0.01;

function isLikeBefore({ good, refused, failed, latency }: SecondTally, latencyMsMax: number): boolean {
  return refused + failed <= NOT_GOOD_SHARE_MAX * (good + refused + failed) && latency.percentileMs(95) <= latencyMsMax;
}

function shown({ goodPerSec, refusedCount, failedCount, admitted, sendLateness }: PhaseTally): string {
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  return (
    `${goodPerSec.toFixed(0)}/s in time, ${refusedCount} refused, ${failedCount} late or lost, p50 ${ms(admitted.percentileMs(50))}, ` +
    `p99 ${ms(admitted.percentileMs(99))} (sent ${ms(sendLateness.percentileMs(99))} late)`
  );
}
