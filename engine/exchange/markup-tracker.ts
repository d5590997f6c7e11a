/** What puts tracking URLs into the markup of winners, as the answer sees it (`engine/tracking/ad-tracker.ts`). */
import type { MacroValues } from '../../openrtb/macros.ts';
import type { MarkupKind, MarkupTemplate } from '../markup/markup-template.ts';
import type { SoldAd } from './sale.ts';

/** Markup of a winner. */
export interface WinnerMarkup {
  readonly markup: string;
  readonly kind: MarkupKind;
  /** Of our own creatives, cut when they were loaded; null: of a DSP's. */
  readonly template: MarkupTemplate | null;
  /** Of native: the request asks which `eventtrackers` it may have. */
  readonly hasEventTrackers: boolean;
  /** Of the addresses that clicks of our own lead to. */
  readonly values: MacroValues;
}

export interface MarkupTracker {
  /** False: nothing can be tracked yet, as no URL is known. */
  readonly isReady: boolean;
  /** The markup with URLs of this ad; its own macros are not resolved yet. */
  readonly track: (ad: SoldAd, markup: WinnerMarkup) => string;
}
