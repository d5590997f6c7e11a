/**
 * Prior click probabilities by media type: what a click-priced (CPC) bid is ranked with while no model scores it.
 * From configuration (`estimation.clickPriors`).
 */
import type { MediaType } from '../auction/types.ts';

/** Clicks per impression, 0..1. */
export type ClickPriors = Readonly<Record<MediaType, number>>;
