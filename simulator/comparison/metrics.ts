/** What worlds are compared by. */
import type { CampaignFigures, IntervalFigures, RunRecord } from '../world/run-record.ts';

export interface Metric {
  readonly metric: string;
  /** `nanos` (of the exchange currency) and `share` (0..1) are written for people; any other stands behind the number. */
  readonly unit: string;
  readonly higherIsBetter: boolean;
  readonly of: (record: RunRecord) => number;
}

export const METRICS: readonly Metric[] = [
  {
    metric: 'revenue',
    unit: 'nanos',
    higherIsBetter: true,
    of: ({ totals }) => totals.revenueNanos,
  },
  { metric: 'fill', unit: 'share', higherIsBetter: true, of: ({ totals }) => perRequest(totals, totals.filled) },
  {
    metric: 'advertiser-value',
    unit: 'nanos',
    higherIsBetter: true,
    of: ({ totals }) => totals.advertiserValueNanos,
  },
  { metric: 'latency-p50', unit: 'ms', higherIsBetter: false, of: ({ totals }) => totals.latencyMs?.p50 ?? 0 },
  { metric: 'latency-p95', unit: 'ms', higherIsBetter: false, of: ({ totals }) => totals.latencyMs?.p95 ?? 0 },
  { metric: 'latency-p99', unit: 'ms', higherIsBetter: false, of: ({ totals }) => totals.latencyMs?.p99 ?? 0 },
  {
    metric: 'calls',
    unit: 'per request',
    higherIsBetter: false,
    of: ({ totals }) => perRequest(totals, totals.dspCalls),
  },
  {
    metric: 'cpu',
    unit: 'ms per request',
    higherIsBetter: false,
    of: ({ totals }) => perRequest(totals, totals.cpuMs),
  },
  {
    metric: 'shed',
    unit: 'share',
    higherIsBetter: false,
    of: ({ totals }) => perRequest(totals, shedIn(totals)),
  },
  {
    metric: 'unanswered',
    unit: 'share',
    higherIsBetter: false,
    of: ({ totals }) => perRequest(totals, totals.unanswered),
  },
  {
    metric: 'plan-deviation',
    unit: 'share',
    higherIsBetter: false,
    of: ({ campaigns }) => meanOf(campaigns.map(planDeviation)),
  },
];

/** Between what a campaign of our own was to have spent and had, averaged over the ends of all intervals: as a share of the plan of the run. */
function planDeviation({ plannedNanos, spentByNanos }: CampaignFigures): number {
  const whole = plannedNanos.at(-1) ?? 0;
  return whole === 0 ? 0 : meanOf(plannedNanos.map((planned, at) => Math.abs(spentByNanos[at]! - planned))) / whole;
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function perRequest({ requests }: IntervalFigures, count: number): number {
  return requests === 0 ? 0 : count / requests;
}

function shedIn({ shed }: IntervalFigures): number {
  return Object.values(shed).reduce((sum, count) => sum + count, 0);
}
