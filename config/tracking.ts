/** What the configuration says about tracking URLs. */
import type { MediaType } from '../engine/auction/types.ts';
import type { TrackedCode } from '../engine/markup/tracked-codes.ts';
import type { CampaignsConfig, Config } from './types.ts';

/** As `events.tracking.baseUrl`: where the engine listens. */
export const LISTENING = 'listening';

/** As long as money is held for it: later, nobody would pay. */
export function trackingLifetimeMs(code: TrackedCode, media: MediaType, held: CampaignsConfig['held']): number {
  if (code === 'click') return held.clickMs;
  if (code === 'conversion') return held.conversionMs;
  if (media === 'video') return held.videoMs;
  return media === 'native' ? held.nativeMs : held.bannerMs;
}

/** No URL is good for longer. */
export function longestTrackingLifetimeMs(held: CampaignsConfig['held']): number {
  return Math.max(held.bannerMs, held.videoMs, held.nativeMs, held.clickMs, held.conversionMs);
}

/** With the address of the listener where that is what URLs shall lead to. */
export function trackingAt(config: Config, url: string): Config {
  const { events } = config;
  if (events.tracking.baseUrl !== LISTENING) return config;
  return { ...config, events: { ...events, tracking: { ...events.tracking, baseUrl: url } } };
}
