/**
 * Puts tracking URLs into the markup of winners. Each URL is one signature; where nothing can be put safely, the markup is left alone and
 * counted.
 */
import { compileMacros, type MacroValues, renderMacros } from '../../openrtb/macros.ts';
import type { MediaType } from '../auction/types.ts';
import type { MarkupTracker, WinnerMarkup } from '../exchange/markup-tracker.ts';
import type { SoldAd } from '../exchange/sale.ts';
import { CONVERSION_TOKEN, withConversionToken } from '../markup/creative-macros.ts';
import { type MarkupKind, renderTemplate, type TrackingSlot, trackedTemplate } from '../markup/markup-template.ts';
import type { PlaybackPoint, TrackedCode } from '../markup/tracked-codes.ts';
import type { TokenSigner } from '../ports/token-signer.ts';
import { type Claim, claimBody, claimHead, codeOf } from './claim.ts';

export interface AdTrackerOptions {
  readonly signer: TokenSigner;
  /** Where URLs lead, without `/event`; empty while it is not known, and nothing is tracked then. Holds nothing that HTML, XML or JSON would have to escape. */
  readonly baseUrl: () => string;
  /** For so long after the sale a URL counts, ms. */
  readonly lifetimeMs: (code: TrackedCode, media: MediaType) => number;
  readonly playbackPoints: readonly PlaybackPoint[];
  readonly observer: AdTrackerObserver;
}

export interface AdTrackerObserver {
  /** Of each winner's markup, once. */
  readonly onMarkup: (kind: MarkupKind, result: 'tracked' | 'left-alone') => void;
}

export const EVENT_PATH = '/event';
/** A longer one is not carried: it is in the `win` event alone. */
const BILLING_NOTICE_LENGTH_MAX = 1500;
/** A longer address is no place to lead a click to: the URL has to hold it. */
const TARGET_LENGTH_MAX = 2000;

export class AdTracker implements MarkupTracker {
  readonly #options: AdTrackerOptions;

  constructor(options: AdTrackerOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#options.baseUrl() !== '';
  }

  track(ad: SoldAd, { markup, kind, template, hasEventTrackers, values }: WinnerMarkup): string {
    const { playbackPoints, observer } = this.#options;
    const cut = template ?? trackedTemplate(markup, kind, { playbackPoints, hasEventTrackers });
    const isTracked = cut?.slots.some(({ code }) => code === 'impression') === true;
    observer.onMarkup(kind, isTracked ? 'tracked' : 'left-alone');
    if (cut === null) return markup;
    const head = claimHead(ad);
    return renderTemplate(cut, (slot) => this.#fill(slot, ad, head, values));
  }

  #fill(slot: TrackingSlot, ad: SoldAd, head: string, values: MacroValues): string {
    const target = slot.target === null ? null : this.#targetOf(slot.target, ad, head, values);
    // Leading where the creative says comes before counting it.
    if (target !== null && !isWebAddress(target)) return target;
    const token = this.#token(slot.code, ad, head, target);
    return slot.form === 'token' ? token : `${this.#options.baseUrl()}${EVENT_PATH}?t=${token}`;
  }

  #token(code: TrackedCode, { sale, billingNotice }: SoldAd, head: string, target: Claim['target']): string {
    const { signer, lifetimeMs } = this.#options;
    const isCarried =
      code === sale.billedBy && billingNotice !== null && billingNotice.length <= BILLING_NOTICE_LENGTH_MAX;
    const body = claimBody(head, isCarried ? billingNotice : null, target);
    return signer.sign({ code: codeOf(code), body }, sale.soldAtMs + lifetimeMs(code, sale.media));
  }

  #targetOf(target: string, ad: SoldAd, head: string, values: MacroValues): string {
    const address = target.includes(CONVERSION_TOKEN)
      ? withConversionToken(target, this.#token('conversion', ad, head, null))
      : target;
    return renderMacros(compileMacros(address), values);
  }
}

/** What a browser may be sent to: http or https, with nothing that could end a header. */
export function isWebAddress(text: string): boolean {
  return text.length <= TARGET_LENGTH_MAX && /^https?:\/\/[^\s\p{Cc}]+$/iu.test(text) && URL.canParse(text);
}
