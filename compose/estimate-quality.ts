/** Click estimates in operation: fed with what auctions decide and what is reported of them, read by metrics and people. */
import type { BundleLoader } from '../adapters/model/bundle-loader.ts';
import type { EstimateSubject } from '../engine/estimation/click-estimates.ts';
import { CLICKS } from '../engine/estimation/estimate-target.ts';
import type { Outcome, OutcomeCounts } from '../engine/estimation/quality/awaited-outcomes.ts';
import { type AwaitedWin, EstimateQuality, type QualityReport } from '../engine/estimation/quality/estimate-quality.ts';
import { ShadowScoring } from '../engine/estimation/quality/shadow-scoring.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import { rateBetween } from '../openrtb/currency.ts';
import { openBundles } from './estimation.ts';
import type { Parts } from './parts.ts';

/** Body of `GET /admin/estimates`. */
export interface EstimateQualityStatus extends QualityReport {
  /** Of the candidate; null: there is none, or none that can be used. */
  readonly shadowVersion: number | null;
}

export interface EstimateQualityParts {
  /** Behind the answer of each auction. */
  readonly auctionEnded: (event: AuctionEvent, subject: EstimateSubject) => void;
  readonly reportOutcomes: (outcomes: readonly Outcome[]) => OutcomeCounts;
  readonly status: () => EstimateQualityStatus;
}

export async function openEstimateQuality(parts: Parts): Promise<EstimateQualityParts> {
  const { config, clock, metrics } = parts;
  const { attributionWindowMs, awaitedMax, windowCount, ...alerts } = config.estimation.quality;
  const quality = new EstimateQuality({
    attributionWindowMs,
    awaitedMax,
    windowCount,
    alerts,
    onOverflow: () => metrics.queueRefused('awaited-outcomes'),
  });
  const shadow = await openShadow(parts);
  metrics.estimateQuality(() => quality.figures(clock.monotonicMs()));
  return {
    auctionEnded: ({ isTest, atMs, input, outcome }, subject) => {
      // A test is no traffic to judge by.
      if (isTest || input === null || outcome === null) return;
      const rate = rateBetween(config.currencies, input.currency, config.exchange.currency);
      const awaited = quality.auctionDecided({ input, outcome, atMs, rate }, clock.monotonicMs());
      if (awaited.length > 0) shadow?.sample(awaited, subject);
    },
    reportOutcomes: (outcomes) => quality.report(outcomes, clock.monotonicMs()),
    status: () => ({ ...quality.figures(clock.monotonicMs()), shadowVersion: shadow?.version() ?? null }),
  };
}

interface Shadow {
  readonly sample: (awaited: readonly AwaitedWin[], subject: EstimateSubject) => void;
  readonly version: () => number | null;
}

/** Null: no candidate is configured. */
async function openShadow(parts: Parts): Promise<Shadow | null> {
  const { config, random } = parts;
  const { directory, share } = config.estimation.model.shadow;
  if (directory === '') return null;
  const loader = await openCandidate(parts, directory);
  const scoring = new ShadowScoring(loader);
  let isScheduled = false;
  /** In a turn of its own: the answer of the auction that it is about has left by then. */
  const scheduleScoring = (): void => {
    if (isScheduled || scoring.waiting === 0) return;
    isScheduled = true;
    parts.timers.schedule(0, () => {
      isScheduled = false;
      scoring.scoreSome();
      scheduleScoring();
    });
  };
  return {
    sample: (awaited, subject) => {
      if (random() >= share) return;
      for (const win of awaited) if (!scoring.offer(win, subject)) parts.metrics.queueRefused('shadow-scores');
      scheduleScoring();
    },
    version: () => loader.current()?.version ?? null,
  };
}

function openCandidate(parts: Parts, folder: string): Promise<BundleLoader> {
  const { config, log } = parts;
  return openBundles(parts, config.estimation.model, folder, CLICKS, {
    onLoaded: ({ version, manifest }) =>
      log.info({ folder, version, metrics: manifest.metrics }, 'shadow model loaded'),
    onRefused: (err, serving) => log.error({ folder, err, serving: serving?.version ?? null }, 'shadow model refused'),
  });
}
