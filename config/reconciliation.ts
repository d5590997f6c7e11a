/** What the configuration says about reconciling (docs/reconciliation.md). */
import type { CampaignsConfig, Config } from './types.ts';

/** Whether those who bill reconcile each hour. */
export function isReconciling({ archive }: Pick<Config, 'archive'>): boolean {
  return archive.enabled && archive.reconcile;
}

/** Between the clocks of those who tell of an event and of those who sold the ad: docs/billing.md, "Late". */
const GRACE_MS = 60_000;

/** How long after its sale an ad is paid, ms: by what it is paid by, and for impressions by media. */
export function paidWithinMs({ clickMs, conversionMs, bannerMs, videoMs, nativeMs }: CampaignsConfig['held']) {
  return {
    click: clickMs + GRACE_MS,
    conversion: conversionMs + GRACE_MS,
    banner: bannerMs + GRACE_MS,
    audio: bannerMs + GRACE_MS,
    video: videoMs + GRACE_MS,
    native: nativeMs + GRACE_MS,
  };
}
