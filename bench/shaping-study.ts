/** Traffic shaping on a simulated quarter of an hour, in virtual time: the same numbers on every machine (docs/shaping.md). */
import { runShapingStudy, SHAPING_STUDY } from '../simulator/study/shaping-study.ts';
import type { BenchContext, Measurement } from './measurement.ts';

export async function measureShaping({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  // Virtual time costs next to nothing: only a run in tiny size makes it shorter.
  const part = Math.min(1, scale.seconds);
  const { seconds, upheavalAtSecond } = SHAPING_STUDY;
  const { callsSaved, revenueRatio, recoverySeconds, bidRate } = runShapingStudy({
    ...SHAPING_STUDY,
    seed,
    seconds: seconds * part,
    upheavalAtSecond: upheavalAtSecond * part,
  });
  progress(
    `shaping: ${(bidRate * 100).toFixed(1)}% of calls bring a bid; appetites recovered after ${recoverySeconds} s`,
  );
  return [
    { name: 'shaping.calls_saved', value: callsSaved, unit: 'ratio' },
    { name: 'shaping.revenue_ratio', value: revenueRatio, unit: 'ratio' },
    { name: 'shaping.recovery_s', value: recoverySeconds ?? Number.NaN, unit: 's' },
  ];
}
