/**
 * Whoever has counted the outcomes of ads: the archive, the books, the counters, another system. Two that were fed with the same traffic
 * are compared thing by thing (`engine/reconciliation/count-comparison.ts`). Adapters: `adapters/reconciliation/count-source.*.ts`.
 */

/**
 * What is counted by. `day` and `hour`: in UTC, as `2026-11-21` and `2026-11-21T14`. `dsp`: of DSPs alone. `campaign`: of our own its
 * id, of a DSP `DSP/CAMPAIGN`. What has no publisher, or no campaign, counts in the other dimensions.
 */
export const COUNT_DIMENSIONS = ['day', 'hour', 'publisher', 'dsp', 'campaign'] as const;
export type CountDimension = (typeof COUNT_DIMENSIONS)[number];

export const COUNT_MEASURES = ['impressions', 'clicks', 'spend'] as const;
export type CountMeasure = (typeof COUNT_MEASURES)[number];

export interface ThingCounts {
  readonly impressions: number;
  readonly clicks: number;
  /** Events that are paid: those that `spend` is the sum of. Null: not counted. */
  readonly charges: number | null;
  /** Nanos by currency, refunds not taken off. */
  readonly spend: ReadonlyMap<string, bigint>;
}

export interface CountSource {
  /** For people. */
  readonly name: string;
  readonly measures: ReadonlySet<CountMeasure>;
  readonly dimensions: ReadonlySet<CountDimension>;
  /** By id, of the whole window that the source was opened for. Tests are never counted. */
  readonly read: (dimension: CountDimension) => Promise<ReadonlyMap<string, ThingCounts>>;
}
