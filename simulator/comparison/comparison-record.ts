/** Worlds that differ in one thing, run on the same seeds: plain JSON. */
import type { RunRecord } from '../world/run-record.ts';

export interface ComparisonRecord {
  readonly kind: 'comparison';
  readonly version: 1;
  readonly name: string;
  readonly commit: string;
  readonly command: string;
  readonly seeds: readonly number[];
  /** The first one is what the others are compared with. */
  readonly arms: readonly ComparisonArm[];
  readonly metrics: readonly MetricComparison[];
}

export interface ComparisonArm {
  readonly name: string;
  readonly scenarioHash: string;
  /** One run of it, the first seed's, to look at. */
  readonly example: RunRecord;
}

export interface MetricComparison {
  /** `revenue`, `fill`, `latency-p95`, `advertiser-value`, `calls`, `cpu` … */
  readonly metric: string;
  readonly unit: string;
  readonly higherIsBetter: boolean;
  /** By arm, then by seed. */
  readonly values: readonly (readonly number[])[];
  /** By arm but the first: arm minus first, paired by seed. */
  readonly differences: readonly PairedDifference[];
}

export interface PairedDifference {
  readonly arm: string;
  readonly mean: number;
  /** 95% confidence interval of the mean difference. */
  readonly lower: number;
  readonly upper: number;
  /** Of the first arm's mean; null: that is 0. */
  readonly relative: number | null;
}
