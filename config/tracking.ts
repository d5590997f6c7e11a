/** What the configuration says about tracking URLs. */
import type { MediaType } from '../engine/auction/types.ts';
import type { OutcomeType } from '../engine/estimation/quality/awaited-outcomes.ts';
import type { Payer } from '../engine/exchange/sale.ts';
import type { TrackedCode } from '../engine/markup/tracked-codes.ts';
import type { CampaignsConfig, Config } from './types.ts';

export const MEDIA_TYPES: readonly MediaType[] = ['banner', 'video', 'audio', 'native'];

/** As `events.tracking.baseUrl`: where the engine listens. */
export const LISTENING = 'listening';

/** How long after the sale of an ad of our own money is held for its bill, ms. */
export function heldForMs(billedBy: OutcomeType, media: MediaType, held: CampaignsConfig['held']): number {
  if (billedBy === 'click') return held.clickMs;
  if (billedBy === 'conversion') return held.conversionMs;
  if (media === 'video') return held.videoMs;
  return media === 'native' ? held.nativeMs : held.bannerMs;
}

/**
 * For so long after the sale a URL counts, ms: at least as long as money is held for it. A click follows an impression, which has its
 * own time; so do points of the playback.
 */
export function trackingLifetimeMs(code: TrackedCode, media: MediaType, { campaigns, events }: TrackedConfig): number {
  const { held } = campaigns;
  const { clickAfterMs, conversionMs } = events.tracking;
  const shownMs = heldForMs('impression', media, held);
  if (code === 'click') return Math.max(held.clickMs, shownMs + clickAfterMs);
  return code === 'conversion' ? Math.max(held.conversionMs, conversionMs) : shownMs;
}

/** No URL is good for longer. */
export function longestTrackingLifetimeMs(config: TrackedConfig): number {
  const clicksMs = MEDIA_TYPES.map((media) => trackingLifetimeMs('click', media, config));
  return Math.max(...clicksMs, trackingLifetimeMs('conversion', 'banner', config));
}

/** Between the clocks of those who tell of an event and of those who sold the ad. */
const GRACE_MS = 60_000;

/**
 * How long after its sale an ad is paid, ms (docs/billing.md, "Late"). The only place that decides it: of our own as long as money is
 * held for its bill; of a DSP, for which nothing is held, as long as the URL counts.
 */
export function paidForMs(sale: PaidSale, config: TrackedConfig): number {
  const { payer, billedBy, media } = sale;
  const isOurs = payer.kind === 'house';
  const ms = isOurs ? heldForMs(billedBy, media, config.campaigns.held) : trackingLifetimeMs(billedBy, media, config);
  return ms + GRACE_MS;
}

/** Of `paidForMs`. */
export interface PaidSale {
  readonly payer: Pick<Payer, 'kind'>;
  readonly billedBy: OutcomeType;
  readonly media: MediaType;
}

type TrackedConfig = Pick<Config, 'campaigns' | 'events'>;

/** With the address of the listener where that is what URLs shall lead to. */
export function trackingAt(config: Config, url: string): Config {
  const { events } = config;
  if (events.tracking.baseUrl !== LISTENING) return config;
  return { ...config, events: { ...events, tracking: { ...events.tracking, baseUrl: url } } };
}
