/**
 * Prior rates by media type: what bids by click (CPC) and by conversion (CPA) are ranked with while no model scores
 * them. From configuration (`estimation.clickPriors`, `estimation.conversionPriors`).
 */
import type { MediaType } from '../auction/types.ts';

/** Within (0, 1). */
type RateByMedia = Readonly<Record<MediaType, number>>;

export interface Priors {
  /** Clicks per impression. */
  readonly clicks: RateByMedia;
  /** Conversions per click. */
  readonly conversions: RateByMedia;
}

const NO_RATES: RateByMedia = { banner: 0, video: 0, audio: 0, native: 0 };

/** Where bids are read and none is ranked: logs. */
export const NO_PRIORS: Priors = { clicks: NO_RATES, conversions: NO_RATES };
