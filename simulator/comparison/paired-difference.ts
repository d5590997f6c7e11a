/** The mean difference of pairs, and how sure it is. */
import type { PairedDifference } from './comparison-record.ts';

/**
 * `first` and `other` by seed: both of the same worlds, so what the seeds have in common falls out of the difference. The interval
 * is Student's, for differences that are about normal. Throws a RangeError for fewer than two pairs: one says nothing of how sure it is.
 */
export function pairedDifference(arm: string, first: readonly number[], other: readonly number[]): PairedDifference {
  if (first.length !== other.length || first.length < 2) {
    throw new RangeError(`${first.length} and ${other.length} values do not make two pairs or more`);
  }
  const differences = other.map((value, index) => value - first[index]!);
  const mean = meanOf(differences);
  const reach = studentReach95(differences.length - 1) * standardError(differences, mean);
  const base = meanOf(first);
  return { arm, mean, lower: mean - reach, upper: mean + reach, relative: base === 0 ? null : mean / base };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function standardError(values: readonly number[], mean: number): number {
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

/** 97.5% points of Student's t by degrees of freedom, from 1; beyond them, that of the last one is on the safe side. */
const STUDENT_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

function studentReach95(degreesOfFreedom: number): number {
  return STUDENT_975[Math.min(degreesOfFreedom, STUDENT_975.length) - 1]!;
}
