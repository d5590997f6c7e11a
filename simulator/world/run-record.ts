/**
 * What one run of a world came to: plain JSON, the same for the same seed, scenario and commit. Reports and comparisons read
 * nothing else. Times are virtual milliseconds since the start of the run unless a name says otherwise; money is nanos of the
 * exchange currency.
 */
import type { RunIdentity } from './run-identity.ts';

export const RUN_RECORD_VERSION = 1;

export interface RunRecord {
  readonly kind: 'run';
  readonly version: typeof RUN_RECORD_VERSION;
  readonly identity: RunIdentity;
  /** Virtual length. */
  readonly durationMs: number;
  /** Wall clock at the start, epoch ms; virtual. */
  readonly startedAtMs: number;
  /** SHA-256 over everything that happened, in order; hexadecimal. */
  readonly traceHash: string;
  /** SHA-256 over what the books came to, whatever the order of the bookings was; hexadecimal. */
  readonly ledgerHash: string;
  readonly totals: IntervalFigures;
  /** Equal parts of the run, in order; the last may be shorter. */
  readonly intervalMs: number;
  readonly intervals: readonly IntervalFigures[];
  readonly dsps: readonly DspFigures[];
  readonly campaigns: readonly CampaignFigures[];
  readonly regions: readonly RegionFigures[];
  readonly faults: readonly FaultSpan[];
  readonly states: readonly StateSpan[];
  readonly checks: readonly CheckFigures[];
  /** Null: the run was compared with no data. */
  readonly calibration: CalibrationFigures | null;
}

/** Of an interval, or of the whole run. */
export interface IntervalFigures {
  readonly fromMs: number;
  readonly requests: number;
  readonly answered: number;
  /** Answered with at least one bid. */
  readonly filled: number;
  /** Refused because there was too much to do, by cause. */
  readonly shed: Readonly<Record<string, number>>;
  /** Requests that nobody answered in their time: processes that were down, lost connections. */
  readonly unanswered: number;
  readonly impressions: number;
  readonly clicks: number;
  /** Sold, at clearing prices. */
  readonly revenueNanos: number;
  /** True worth to the advertisers of what was shown to their users, by the truth that only the simulator knows. */
  readonly advertiserValueNanos: number;
  readonly dspCalls: number;
  /** Virtual processor time of all engines. */
  readonly cpuMs: number;
  /** Of answers, as the publisher sees them; null: there was none. */
  readonly latencyMs: Percentiles | null;
  /** Decisions whose click estimates came from a fallback. */
  readonly fallbacks: number;
}

export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface DspFigures {
  readonly id: string;
  readonly calls: number;
  /** By result (`bid`, `no-bid`, `timeout`, …). */
  readonly results: Readonly<Record<string, number>>;
  readonly wins: number;
  readonly spendNanos: number;
  readonly valueNanos: number;
  readonly latencyMs: Percentiles | null;
}

export interface CampaignFigures {
  readonly id: string;
  readonly budgetNanos: number;
  readonly spentNanos: number;
  /** At the end of each interval: what it was to have spent by then, and had. */
  readonly plannedNanos: readonly number[];
  readonly spentByNanos: readonly number[];
  /** At the end of each interval: the factor that its bids were held back by, 0..1. */
  readonly pace: readonly number[];
  /** At the end of each interval: in leases of engines, and of that in leases of engines that have died. */
  readonly leasedNanos: readonly number[];
  readonly strandedNanos: readonly number[];
}

export interface RegionFigures {
  readonly name: string;
  /** By interval. */
  readonly requests: readonly number[];
  readonly shed: readonly number[];
  /** Of its engines, 0..1, by interval. */
  readonly utilisation: readonly number[];
  readonly machines: readonly number[];
}

export interface FaultSpan {
  /** As in the catalogue of faults (docs/simulator.md). */
  readonly kind: string;
  /** A DSP, process, region or store. */
  readonly target: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Something was not as usual for a while. */
export interface StateSpan {
  readonly kind: 'breaker' | 'throttle' | 'shedding' | 'fallback' | 'process' | 'failover';
  /** A DSP, process or region. */
  readonly subject: string;
  /** `open`, `half-open`, `watch`, `shed`, `down` … */
  readonly state: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface CheckFigures {
  /** `O1` to `O8`. */
  readonly id: string;
  readonly name: string;
  /** How much was looked at. */
  readonly judged: number;
  /** First ones, for people; empty: it held. */
  readonly violations: readonly string[];
}

/** The simulated market beside the real one. */
export interface CalibrationFigures {
  /** Where the real figures are from. */
  readonly source: string;
  readonly rows: readonly CalibrationRow[];
}

export interface CalibrationRow {
  /** `price`, `floor`, `ctr by slot`, `hour`, `network`. */
  readonly group: string;
  readonly name: string;
  readonly real: number;
  readonly simulated: number;
  readonly unit: string;
}
