/** What the supervisor and its worker processes say to each other. Structured clones: plain data only. */

import type { OutcomesTaken } from '../../engine/desk/outcome-billing.ts';
import type { DspHealthSnapshot } from '../../engine/dsp/dsp-health.ts';
import type { DspShapingSnapshot } from '../../engine/dsp/shaping/dsp-shaping.ts';
import type { Outcome } from '../../engine/estimation/quality/awaited-outcomes.ts';
import type { QualityReport } from '../../engine/estimation/quality/estimate-quality.ts';
import type { MetricSnapshot } from '../metrics/exposition.ts';

/** How many workers there should be, and how many answer requests now. */
export interface WorkerCounts {
  readonly configured: number;
  readonly serving: number;
}

/** State of one DSP as one worker sees it. */
export type DspState = DspHealthSnapshot & {
  readonly id: string;
  readonly origin: string | undefined;
  /** Null: its calls are not shaped. */
  readonly shaping: DspShapingSnapshot | null;
};

/** What a worker can be asked for. */
export interface WorkerReports {
  readonly metrics: readonly MetricSnapshot[];
  readonly dsps: readonly DspState[];
  readonly estimates: QualityReport;
}

export type ReportKind = keyof WorkerReports;

/** Why a worker wants to be replaced: it was told to end, its heap is nearly full, or it threw where nobody catches. */
export type LeaveReason = 'signal' | 'heap' | 'crash';

/** Why a worker ended; `stop` is the end of all, `crash` everything that nobody asked for. */
export type WorkerEndReason = LeaveReason | 'stop';

export type ToWorker<Start> =
  | { readonly kind: 'start'; readonly start: Start }
  /** Comes with the socket. */
  | { readonly kind: 'connection'; readonly id: number }
  /** Answered by `all-taken`, behind `taken` for each connection up to this one that has arrived. */
  | { readonly kind: 'confirm'; readonly untilId: number }
  | { readonly kind: 'report'; readonly id: number; readonly what: ReportKind }
  /** Of predictions with this tag; answered by `invalidated`. */
  | { readonly kind: 'invalidate'; readonly id: number; readonly tag: number }
  /** Answered by a message of the same kind. Of all workers that are told, one bills them. */
  | {
      readonly kind: 'outcomes';
      readonly id: number;
      readonly outcomes: readonly Outcome[];
      readonly isBilling: boolean;
    }
  | { readonly kind: 'counts'; readonly counts: WorkerCounts }
  /** Answer to `sum-metrics`. */
  | { readonly kind: 'metrics-sum'; readonly id: number; readonly text: string }
  /** Finish what is under way and end; no connection comes behind this message. */
  | { readonly kind: 'drain' };

/** A worker could not start, and ends. The fields are the error's. */
export interface StartFailure {
  readonly kind: 'failed';
  readonly name: string;
  readonly code: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
}

/** Answer to `report`. */
export type WorkerReport = {
  readonly [What in ReportKind]: {
    readonly kind: 'report';
    readonly id: number;
    readonly what: What;
    readonly report: WorkerReports[What];
  };
}[ReportKind];

/** `failure`: why they are to be reported again. */
export type OutcomesAnswer = OutcomesTaken | { readonly failure: string };

export type FromWorker =
  /** The connection handed under this number is its own. */
  | { readonly kind: 'taken'; readonly id: number }
  | { readonly kind: 'all-taken'; readonly untilId: number }
  | { readonly kind: 'serving' }
  | StartFailure
  | WorkerReport
  /** `failure`: why other processes than this one may not know it; null: all do. */
  | { readonly kind: 'invalidated'; readonly id: number; readonly failure: string | null }
  | { readonly kind: 'outcomes'; readonly id: number; readonly taken: OutcomesAnswer }
  /** Its tracking URLs were told of auctions of others. */
  | { readonly kind: 'foreign-outcomes'; readonly outcomes: readonly Outcome[] }
  /** What it has counted in its life: the last message before it ends. */
  | { readonly kind: 'last-metrics'; readonly metrics: WorkerReports['metrics'] }
  | { readonly kind: 'sum-metrics'; readonly id: number }
  | { readonly kind: 'leaving'; readonly reason: LeaveReason };
