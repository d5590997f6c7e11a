/** A world of a scenario, run and judged by the checks. */
import { judge } from './checks/judge.ts';
import type { HouseAd, WorldFacts } from './history.ts';
import { HistoryRecorder } from './history-recorder.ts';
import type { RunRecord } from './run-record.ts';
import { type RunOptions, runWorld } from './run-world.ts';
import { bookingsOf, engineConfig, type WorldScenario } from './scenario.ts';

/** Checks keep all that happens until the end: some kilobytes a request. */
const JUDGED_REQUESTS_MAX = 250_000;

/** False: it is too long for the checks, and its record has none. */
export function canBeJudged({ durationSec, traffic }: WorldScenario): boolean {
  return durationSec * traffic.requestsPerSec <= JUDGED_REQUESTS_MAX;
}

/** As `runWorld`, with what the checks say; for a world that can be judged. */
export async function runJudged(
  scenario: WorldScenario,
  options: Omit<RunOptions, 'watches' | 'prepare'>,
): Promise<RunRecord> {
  const recorder = new HistoryRecorder({ facts: factsOf(scenario, options.seed), healedAtMs: null });
  const record = await runWorld(scenario, { ...options, watches: [recorder.watch], prepare: recorder.prepare });
  return { ...record, checks: judge(await recorder.history(record.traceHash), null) };
}

/** From the last request until a lease whose holder has died is given back, beside what is held for impressions. */
const LEASES_RETURN_SEC = 230;
/** Of answers, where processors cost time (check O5). */
const LATE_SHARE_MAX = 0.001;

function factsOf(scenario: WorldScenario, seed: number): WorldFacts {
  const { auction, campaigns } = engineConfig(scenario, [], scenario.name);
  const { bannerMs, videoMs, nativeMs } = campaigns.held;
  const heldMs = [bannerMs, videoMs, nativeMs];
  return {
    seed,
    mode: 'safety',
    isMoneyHome: scenario.settleSec >= Math.max(...heldMs) / 1000 + LEASES_RETURN_SEC,
    isBilling: scenario.campaigns !== undefined,
    tmaxDefaultMs: auction.tmaxDefaultMs,
    tmaxMaxMs: auction.tmaxMaxMs,
    houseAds: houseAdsOf(bookingsOf(scenario)),
    billableMsMin: Math.min(...heldMs),
    overspendAllowance: 0,
    lateShareMax: scenario.cpuMsPerAuction === 0 ? 0 : LATE_SHARE_MAX,
  };
}

/** Documents that have been checked: they are booked before the run. */
interface Bookings {
  readonly advertisers?: readonly { readonly id: string; readonly currency: string }[];
  readonly campaigns?: readonly { readonly id: string; readonly advertiser: string }[];
  readonly 'line-items'?: readonly {
    readonly campaign: string;
    readonly pricing: HouseAd['pricing'];
    readonly bid: string;
    readonly creatives: readonly string[];
  }[];
}

/** A creative of several line items may cost the most that any of them bids. */
function houseAdsOf(documents: unknown): Map<string, HouseAd> {
  const { advertisers = [], campaigns = [], 'line-items': lineItems = [] } = (documents ?? {}) as Bookings;
  const ads = new Map<string, HouseAd>();
  for (const { campaign: accountId, pricing, bid, creatives } of lineItems) {
    const advertiser = campaigns.find(({ id }) => id === accountId)?.advertiser;
    const currency = advertisers.find(({ id }) => id === advertiser)?.currency ?? '';
    const bidMicros = Math.round(Number(bid) * 1_000_000);
    for (const creative of creatives) {
      const before = ads.get(creative);
      const isCpm = pricing === 'cpm' && (before?.pricing ?? 'cpm') === 'cpm';
      const bidMicrosMax = Math.max(bidMicros, before?.bidMicrosMax ?? 0);
      ads.set(creative, { accountId, bidMicrosMax, pricing: isCpm ? 'cpm' : 'cpc', currency });
    }
  }
  return ads;
}
