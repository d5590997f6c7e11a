/** What tracking URLs cost: those put into the markup of a winner, and those that come back. */
import { createSignedTokens } from '../adapters/tracking/signed-tokens.ts';
import type { SoldAd } from '../engine/exchange/sale.ts';
import { AdTracker, EVENT_PATH } from '../engine/tracking/ad-tracker.ts';
import { claimBody, claimHead, codeOf } from '../engine/tracking/claim.ts';
import { seededRandom } from '../simulator/random.ts';
import type { LatencySummary } from '../simulator/traffic/latency-histogram.ts';
import { runOpenLoop } from '../simulator/traffic/open-loop.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import { creative } from './payloads/creative.ts';
import { startRig } from './rig.ts';
import { timeFunction } from './timed-function.ts';

export const TRACKING_NAMES = ['tracking.markup_us', 'events.track_p99_ms'];

const KEY = 'a-key-for-benchmarks';
const RATE_PER_SEC = 1000;
const CREATIVE_BYTES = 1024;
const INPUTS = 64;

const tokens = createSignedTokens({ current: KEY, previous: null });

/**
 * `tracking.markup_us`: finding the place in HTML, and one URL signed. `events.track_p99_ms`: from when a URL is to be
 * called, a thousand a second and each another one, to the answer that says its event is stored; the median of the
 * rounds.
 */
export async function measureTracking(context: BenchContext): Promise<Measurement[]> {
  const markup = timeFunction(
    {
      name: 'tracking.markup_us',
      inputs: Array.from({ length: INPUTS }, (_, index) => soldAd(index)),
      run: trackedCreative(),
      checksum: (tracked: string) => tracked.length,
    },
    context,
  );
  return [markup, ...(await measureAnswers(context))];
}

function trackedCreative(): (ad: SoldAd) => string {
  const tracker = new AdTracker({
    signer: tokens,
    baseUrl: () => 'https://events.example.com',
    lifetimeMs: () => 3_600_000,
    playbackPoints: [],
    observer: { onMarkup: () => {} },
  });
  const markup = creative(CREATIVE_BYTES);
  const html = { markup, kind: 'html', template: null, hasEventTrackers: false, values: {} } as const;
  return (ad) => tracker.track(ad, html);
}

async function measureAnswers({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  const overrides = { 'events.tracking.baseUrl': 'listening', 'events.tracking.key': KEY };
  const rig = await startRig({ dspCount: 1, seed, delayMs: () => 0, overrides });
  try {
    const url = new URL(EVENT_PATH, rig.url).href;
    let told = 0;
    const run = (seconds: number) =>
      runOpenLoop({
        url,
        ratePerSec: RATE_PER_SEC,
        seconds,
        arrivals: 'poisson',
        random: seededRandom(seed).fork('tracking'),
        body: () => JSON.stringify([tokenOf(soldAd(told++))]),
      });
    await run(scale.seconds / 2);
    const latencies: LatencySummary[] = [];
    for (let round = 0; round < scale.rounds; round++) {
      const { answered, sent, latency, sendLateness } = await run(scale.seconds);
      if (answered < sent) throw new Error(`${answered} answers to ${sent} calls`);
      progress(
        `p99 ${latency.p99Ms.toFixed(2)} ms; the generator's own lateness in it ${sendLateness.p99Ms.toFixed(2)} ms`,
      );
      latencies.push(latency);
    }
    return [
      { name: 'events.track_p99_ms', value: median(latencies.map(({ p99Ms }) => p99Ms)), unit: 'ms' },
      { name: 'events.track_p50_ms', value: median(latencies.map(({ p50Ms }) => p50Ms)), unit: 'ms' },
    ];
  } finally {
    await rig.close();
  }
}

function tokenOf(ad: SoldAd): string {
  const body = claimBody(claimHead(ad), null, null);
  return tokens.sign({ code: codeOf('impression'), body }, ad.sale.soldAtMs + 3_600_000);
}

function soldAd(number: number): SoldAd {
  return {
    auctionId: `auction-${String(number).padStart(9, '0')}`,
    impId: '1',
    userKey: 'k3J5bU9vT1m0hQe2fGZs7w',
    isTest: false,
    sale: {
      payer: { kind: 'dsp', dspId: 'dsp-1', seat: 'seat-1' },
      pricing: 'cpm',
      billedBy: 'impression',
      amount: 1_500_000,
      currency: 'USD',
      publisherId: 'publisher-1',
      placementId: 'placement-1',
      media: 'banner',
      advertiserId: 'shoes.example',
      campaignId: 'campaign-1',
      lineItemId: '',
      creativeId: 'creative-1',
      soldAtMs: Date.now(),
    },
    billingNotice: null,
  };
}
