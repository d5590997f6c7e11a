import type { NoticeCounts } from '../dsp/server.ts';
import type { LatencySummary } from '../traffic/latency-histogram.ts';
import type { OpenLoopResult } from '../traffic/open-loop.ts';

/** What makes a run repeatable. */
export interface RunIdentity {
  readonly version: string;
  readonly scenario: string;
  readonly seed: number;
}

/** What became of requests, as who sent them saw it; plain JSON. */
export interface TrafficReport {
  readonly requests: {
    /** Due by the schedule, sent or not. */
    readonly due: number;
    /** Due while too many were unanswered. */
    readonly notSent: number;
    readonly answered: number;
    /** Answered with at least one bid. */
    readonly filled: number;
    /** Status 200 without being a bid response. */
    readonly unreadable: number;
  };
  /** Filled requests of all that were due, 0..1. */
  readonly fillRatio: number;
  /** Bids in the answers, by currency. */
  readonly impressions: Readonly<Record<string, number>>;
  /** By currency, billionths. */
  readonly revenueNanos: Readonly<Record<string, number>>;
  /** Revenue per thousand impressions by currency, millionths. */
  readonly ecpmMicros: Readonly<Record<string, number>>;
  /** From the intended send time. */
  readonly latency: LatencySummary;
  /** How late the traffic generator itself sent. */
  readonly sendLateness: LatencySummary;
  readonly statuses: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
}

/** Outcome of one simulated run; plain JSON, printed by `--json`. */
export interface SimulationReport extends RunIdentity, TrafficReport {
  readonly ratePerSec: number;
  readonly seconds: number;
  /** Calls to DSPs per answered request. */
  readonly callsPerAuction: number;
  /** Of the engine alone, per answered request. */
  readonly cpuUsPerAuction: number;
  readonly dsps: Readonly<Record<string, DspReport>>;
}

export interface DspReport {
  /** As counted by the engine: `bid`, `no-bid`, `timeout`, `invalid` and what else it tells apart. */
  readonly results: Readonly<Record<string, number>>;
  /** As received by the DSP. */
  readonly notices: NoticeCounts;
}

/** Puts the parts of a run together. */
export function buildReport(
  identity: RunIdentity,
  plan: { readonly ratePerSec: number; readonly seconds: number },
  traffic: OpenLoopResult,
  engineCpuMs: number,
  dsps: Readonly<Record<string, DspReport>>,
): SimulationReport {
  const answered = Math.max(1, traffic.answered);
  return {
    ...identity,
    ...plan,
    ...trafficReport(traffic),
    callsPerAuction: callCount(dsps) / answered,
    cpuUsPerAuction: (engineCpuMs * 1000) / answered,
    dsps,
  };
}

export function trafficReport(traffic: OpenLoopResult): TrafficReport {
  const { due, notSent, answered, answers, errors, latency, sendLateness } = traffic;
  return {
    requests: { due, notSent, answered, filled: answers.filled, unreadable: answers.unreadable },
    fillRatio: due === 0 ? 0 : answers.filled / due,
    impressions: answers.impressions,
    revenueNanos: answers.revenueNanos,
    ecpmMicros: Object.fromEntries(
      // Nanos per impression are micros per thousand of them.
      Object.entries(answers.revenueNanos).map(([currency, nanos]) => [
        currency,
        Math.round(nanos / answers.impressions[currency]!),
      ]),
    ),
    latency,
    sendLateness,
    statuses: answers.statuses,
    errors,
  };
}

/** Results of DSPs that were not called. */
const UNCALLED: ReadonlySet<string> = new Set(['skipped', 'not-sent']);

function callCount(dsps: Readonly<Record<string, DspReport>>): number {
  let count = 0;
  for (const { results } of Object.values(dsps)) {
    for (const [result, times] of Object.entries(results)) if (!UNCALLED.has(result)) count += times;
  }
  return count;
}
