/**
 * Click estimates in operation: takes each decided auction and each reported outcome, and says how good the estimates of
 * every model version were, what a period without the model changed, and what somebody should be told.
 */

import { adImpId } from '../../ads/ad-names.ts';
import type { AuctionInput, AuctionOutcome, BidCandidate, ModelVersion, Win } from '../../auction/types.ts';
import { type AwaitedImpression, AwaitedOutcomes, type Outcome, type OutcomeCounts } from './awaited-outcomes.ts';
import { FallbackMonitor, type FallbackShift } from './fallback-monitor.ts';
import { OutcomeQuality, type QualityFigures, type QualityLine } from './outcome-quality.ts';

export interface EstimateQualityOptions {
  /** From an auction to the end of waiting for its click, ms. */
  readonly attributionWindowMs: number;
  readonly awaitedMax: number;
  /** Outcomes that figures look back on. */
  readonly windowCount: number;
  readonly alerts: AlertBounds;
  /** A win whose outcome is not awaited, since too many are. */
  readonly onOverflow: () => void;
}

export interface AlertBounds {
  /** Predicted by actual clicks. */
  readonly calibrationMin: number;
  readonly calibrationMax: number;
  readonly aucMin: number;
  /** Clicks before calibration (predicted or actual) and AUC (actual) are judged. */
  readonly clicksMin: number;
  /** Of auctions that needed an estimate. */
  readonly fallbackShareMax: number;
}

export const QUALITY_ALERTS = ['calibration', 'auc', 'fallback-share'] as const;
export type QualityAlert = (typeof QUALITY_ALERTS)[number];

export interface DecidedEstimates {
  readonly input: AuctionInput;
  readonly outcome: AuctionOutcome;
  /** Arrival of the request, epoch ms. */
  readonly atMs: number;
  /** Units of the currency that revenue is compared in, per unit of the auction's; null: it cannot be converted. */
  readonly rate: number | null;
}

export interface QualityReport {
  /** Impressions whose outcome is awaited. */
  readonly awaited: number;
  /** By model version and arm; the one used last at the end. */
  readonly lines: readonly (QualityLine & QualityFigures)[];
  readonly alerts: Readonly<Record<QualityAlert, boolean>>;
  readonly fallback: FallbackShift;
}

/** Estimates that ranked bids; `shadow` ones only looked on. */
export const SERVED_ARM = 'served';
export const SHADOW_ARM = 'shadow';
/** The model that is served, the one before it, what stands in for them, and a candidate. */
export const QUALITY_LINES_MAX = 4;
/** Auctions after which an old one counts for 1/e when fallback and model are compared. */
const FALLBACK_MEMORY_AUCTIONS = 10_000;
const FALLBACK = 'fallback';
const PRIOR = 'prior';
/** A model that does not say which version it is. */
const UNNAMED_MODEL = 'unnamed';
/** What is no version of a model and yet has lines of its own. */
const PSEUDO_VERSIONS: readonly string[] = [FALLBACK, PRIOR, UNNAMED_MODEL];
const NOTHING_AWAITED: readonly AwaitedWin[] = [];

/** A win whose click estimate is to be compared with what happens. */
export interface AwaitedWin {
  readonly bid: BidCandidate;
  readonly impression: AwaitedImpression;
}

export class EstimateQuality {
  readonly #options: EstimateQualityOptions;
  readonly #awaited: AwaitedOutcomes;
  readonly #outcomes: OutcomeQuality;
  readonly #fallback = new FallbackMonitor(FALLBACK_MEMORY_AUCTIONS);
  /** Of the latest model estimate that won: what alerts are about. */
  #servedVersion: string | null = null;

  constructor(options: EstimateQualityOptions) {
    const { attributionWindowMs, awaitedMax, windowCount } = options;
    this.#options = options;
    this.#outcomes = new OutcomeQuality({ windowCount, linesMax: QUALITY_LINES_MAX });
    this.#awaited = new AwaitedOutcomes({
      windowMs: attributionWindowMs,
      impressionsMax: awaitedMax,
      onSettled: this.#settled,
    });
  }

  /**
   * Off the path of the answer. Gives the wins whose outcome is awaited from now on: those that ranked by a click
   * estimate, one of its imp. Of several positions an outcome does not say which. Times are monotonic here and below.
   */
  auctionDecided(decided: DecidedEstimates, nowMs: number): readonly AwaitedWin[] {
    this.#compareFallback(decided);
    const { wins } = decided.outcome;
    let awaited: AwaitedWin[] | null = null;
    for (const win of wins) {
      const bid = decided.input.bids[win.bidIndex]!;
      if (bid.pricing === 'cpm' || hasSeveralPositions(win, wins)) continue;
      const impression = impressionOf(bid, decided);
      if (isOfModel(bid)) this.#servedVersion = impression.version;
      if (this.#awaited.add(impression, nowMs)) {
        awaited ??= [];
        awaited.push({ bid, impression });
      } else {
        this.#options.onOverflow();
      }
    }
    return awaited ?? NOTHING_AWAITED;
  }

  /** What was reported of impressions, in any order and as often as it may be. */
  report(outcomes: readonly Outcome[], nowMs: number): OutcomeCounts {
    const counts = { counted: 0, duplicate: 0, 'out-of-window': 0, unknown: 0 };
    for (const outcome of outcomes) counts[this.#awaited.report(outcome, nowMs)] += 1;
    return counts;
  }

  figures(nowMs: number): QualityReport {
    this.#awaited.settle(nowMs);
    const fallback = this.#fallback.shift();
    return {
      awaited: this.#awaited.size,
      lines: this.#outcomes.lines(),
      alerts: this.#alerts(fallback),
      fallback,
    };
  }

  #alerts({ fallbackShare }: FallbackShift): QualityReport['alerts'] {
    const { calibrationMin, calibrationMax, aucMin, clicksMin, fallbackShareMax } = this.#options.alerts;
    const { predicted, positives, auc } = this.#outcomes.figures({
      version: this.#servedVersion ?? '',
      arm: SERVED_ARM,
    });
    const isOutside = predicted < calibrationMin * positives || predicted > calibrationMax * positives;
    return {
      // A model by which many click, and nobody does, never has enough clicks.
      calibration: isOutside && Math.max(predicted, positives) >= clicksMin,
      auc: auc !== null && auc < aucMin && positives >= clicksMin,
      'fallback-share': fallbackShare !== null && fallbackShare > fallbackShareMax,
    };
  }

  #compareFallback({ input, outcome, rate }: DecidedEstimates): void {
    let isEstimated = false;
    let isFallback = false;
    for (const { pricing, ctrSource } of input.bids) {
      if (pricing === 'cpm' || ctrSource === PRIOR) continue;
      isEstimated = true;
      if (ctrSource === FALLBACK) isFallback = true;
    }
    if (!isEstimated || rate === null) return;
    let cpmMicros = 0;
    for (const { clearingCpmMicros } of outcome.wins) cpmMicros += clearingCpmMicros;
    this.#fallback.auctionDecided({
      isFallback,
      isFilled: outcome.wins.length > 0,
      revenueMicros: (cpmMicros * rate) / IMPRESSIONS_PER_MILLE,
    });
  }

  readonly #settled = (impression: AwaitedImpression, isClicked: boolean): void => {
    const { version, estimate, shadow } = impression;
    this.#outcomes.record({ version, arm: SERVED_ARM }, estimate, isClicked);
    if (shadow !== null)
      this.#outcomes.record({ version: shadow.version, arm: SHADOW_ARM }, shadow.estimate, isClicked);
    if (version !== PRIOR) this.#fallback.outcomeKnown(version === FALLBACK, estimate, isClicked);
  };
}

const IMPRESSIONS_PER_MILLE = 1000;

function impressionOf(bid: BidCandidate, { input, atMs }: DecidedEstimates): AwaitedImpression {
  return {
    auctionId: input.auctionId,
    impId: adImpId({ impId: bid.impId, position: 0 }, input.imps),
    atMs,
    version: isOfModel(bid) ? nameOf(bid.ctrModel) : bid.ctrSource,
    estimate: bid.ctr,
    shadow: null,
  };
}

/** A model server may call its versions as it likes. */
function nameOf(version: ModelVersion | null): string {
  const name = String(version ?? '');
  if (name === '') return UNNAMED_MODEL;
  return PSEUDO_VERSIONS.includes(name) ? `model ${name}` : name;
}

function isOfModel({ ctrSource }: BidCandidate): boolean {
  return ctrSource !== FALLBACK && ctrSource !== PRIOR;
}

function hasSeveralPositions({ impId, bidIndex }: Win, wins: readonly Win[]): boolean {
  for (const other of wins) if (other.impId === impId && other.bidIndex !== bidIndex) return true;
  return false;
}
