/** What puts tracking URLs into the markup of winners, as the answer sees it (`engine/tracking/ad-tracker.ts`). */
import type { MacroValues } from '../../openrtb/macros.ts';
import type { MarkupKind, MarkupTemplate } from '../markup/markup-template.ts';
import type { SoldAd } from './sale.ts';

/** Markup of a winner. */
export interface WinnerMarkup extends UncutMarkup {
  /** Of the addresses that clicks of our own lead to. */
  readonly values: MacroValues;
}

export interface UncutMarkup {
  readonly markup: string;
  readonly kind: MarkupKind;
  /** As it was cut already: of our own creatives when they were loaded; null: it is to be cut. */
  readonly template: MarkupTemplate | null;
  /** Of native: the request asks which `eventtrackers` it may have. */
  readonly hasEventTrackers: boolean;
}

export interface MarkupTracker {
  /** False: nothing can be tracked yet, as no URL is known. */
  readonly isReady: boolean;
  /** The markup with places for URLs of this ad; null: there is none, or none that could hold them. */
  readonly cut: (ad: SoldAd, markup: UncutMarkup) => MarkupTemplate | null;
  /** The markup with URLs of this ad; its own macros are not resolved yet. */
  readonly track: (ad: SoldAd, markup: WinnerMarkup) => string;
}
