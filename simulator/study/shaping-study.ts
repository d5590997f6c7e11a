/** Traffic shaping against calling everybody, on the same requests and bids. */
import { seededRandom } from '../random.ts';
import { type MarketOptions, marketDsps, marketRequests } from './market.ts';
import { ShapedExchange } from './shaped-exchange.ts';
import { clearStudyAuction } from './study-auction.ts';

/** A quarter of an hour with half of the DSPs changing all their campaigns in the middle, and slower drift throughout. */
export const SHAPING_STUDY: MarketOptions = {
  seed: 1,
  dsps: 50,
  requestsPerSecond: 200,
  seconds: 900,
  driftEverySeconds: 30,
  upheavalAtSecond: 450,
};

/** Sums over a stretch of the run; `…OfAll` is calling everybody. */
export interface ShapingWindow {
  readonly startSecond: number;
  calls: number;
  callsOfAll: number;
  revenueMicros: number;
  revenueOfAllMicros: number;
}

export interface ShapingResult {
  /** Bids per called DSP when everybody is called. */
  readonly bidRate: number;
  /** Calls that were not made, as a share of calling everybody; the whole run, learning included. */
  readonly callsSaved: number;
  /** Revenue as a share of what calling everybody earns. */
  readonly revenueRatio: number;
  /**
   * From the upheaval to the end of the first window in which at least half of the calls are saved again for at most 1%
   * of the revenue; Infinity when it never comes, null without an upheaval.
   */
  readonly recoverySeconds: number | null;
  readonly windows: readonly ShapingWindow[];
}

const WINDOW_SECONDS = 30;
const CALLS_SAVED_TARGET = 0.5;
const REVENUE_RATIO_TARGET = 0.99;

export function runShapingStudy(options: MarketOptions = SHAPING_STUDY): ShapingResult {
  const dsps = marketDsps(options);
  const shaped = new ShapedExchange(
    dsps.map(({ id }) => id),
    seededRandom(options.seed).fork('exploration'),
  );
  const windows: ShapingWindow[] = [];
  let bidders = 0;
  for (const offered of marketRequests(options, dsps)) {
    const window = windowAt(windows, offered.atMs);
    const { calls, revenueMicros } = shaped.auction(offered);
    window.calls += calls;
    window.callsOfAll += dsps.length;
    window.revenueMicros += revenueMicros;
    window.revenueOfAllMicros += clearStudyAuction(
      offered.auctionId,
      offered.request,
      offered.bids.flat(),
    ).revenueMicros;
    for (const bids of offered.bids) if (bids.length > 0) bidders += 1;
  }
  const total = totalOf(windows);
  return {
    bidRate: bidders / total.callsOfAll,
    callsSaved: callsSaved(total),
    revenueRatio: revenueRatio(total),
    recoverySeconds: recoverySeconds(windows, options.upheavalAtSecond),
    windows,
  };
}

function callsSaved({ calls, callsOfAll }: ShapingWindow): number {
  return 1 - calls / callsOfAll;
}

function revenueRatio({ revenueMicros, revenueOfAllMicros }: ShapingWindow): number {
  return revenueMicros / revenueOfAllMicros;
}

function windowAt(windows: ShapingWindow[], atMs: number): ShapingWindow {
  const index = Math.floor(atMs / 1000 / WINDOW_SECONDS);
  windows[index] ??= emptyWindow(index * WINDOW_SECONDS);
  return windows[index];
}

function emptyWindow(startSecond: number): ShapingWindow {
  return { startSecond, calls: 0, callsOfAll: 0, revenueMicros: 0, revenueOfAllMicros: 0 };
}

/** Sum of the windows. */
function totalOf(windows: readonly ShapingWindow[]): ShapingWindow {
  const total = emptyWindow(windows[0]!.startSecond);
  for (const window of windows) {
    total.calls += window.calls;
    total.callsOfAll += window.callsOfAll;
    total.revenueMicros += window.revenueMicros;
    total.revenueOfAllMicros += window.revenueOfAllMicros;
  }
  return total;
}

function recoverySeconds(windows: readonly ShapingWindow[], upheavalAtSecond: number): number | null {
  if (upheavalAtSecond === Infinity) return null;
  for (const window of windows) {
    if (window.startSecond < upheavalAtSecond) continue;
    if (callsSaved(window) >= CALLS_SAVED_TARGET && revenueRatio(window) >= REVENUE_RATIO_TARGET) {
      return window.startSecond + WINDOW_SECONDS - upheavalAtSecond;
    }
  }
  return Infinity;
}
