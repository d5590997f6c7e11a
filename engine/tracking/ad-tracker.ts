/**
 * Puts tracking URLs into the markup of winners. Each URL is one signature; where nothing can be put safely, the markup is
 * left alone and counted.
 */
import { Buffer } from 'node:buffer';
import { compileMacros, type MacroValues, renderMacros } from '../../openrtb/macros.ts';
import type { MediaType } from '../auction/types.ts';
import { isCarried } from '../events/carried-notice.ts';
import type { MarkupTracker, UncutMarkup, WinnerMarkup } from '../exchange/markup-tracker.ts';
import type { SoldAd } from '../exchange/sale.ts';
import { CONVERSION_TOKEN, withConversionToken } from '../markup/creative-macros.ts';
import {
  type MarkupKind,
  type MarkupTemplate,
  renderTemplate,
  type TrackingSlot,
  trackedTemplate,
} from '../markup/markup-template.ts';
import type { PlaybackPoint, TrackedCode } from '../markup/tracked-codes.ts';
import type { TokenSigner } from '../ports/token-signer.ts';
import { type Claim, claimBody, claimHead, codeOf } from './claim.ts';

export interface AdTrackerOptions {
  readonly signer: TokenSigner;
  /**
   * Where URLs lead, without `/event`; empty while it is not known, and nothing is tracked then. It holds nothing that HTML,
   * XML or JSON would have to escape.
   */
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
// As JSON, UTF-8. Together they make a URL that browsers, players and our own listener take.
/** Ids come from publishers and DSPs: an ad with longer ones is left alone. */
const HEAD_BYTES_MAX = 2500;
/** Clicks lead to a longer address directly, and are not counted. */
const TARGET_BYTES_MAX = 2000;
/** Each costs a signature and half a kilobyte. A pod of 30 ads has fewer; a DSP may send markup that has 10,000. */
const SLOTS_MAX = 256;

export class AdTracker implements MarkupTracker {
  readonly #options: AdTrackerOptions;

  constructor(options: AdTrackerOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#options.baseUrl() !== '';
  }

  cut(ad: SoldAd, markup: UncutMarkup): MarkupTemplate | null {
    return this.#cut(claimHead(ad), markup);
  }

  track(ad: SoldAd, winner: WinnerMarkup): string {
    const { markup, kind, values } = winner;
    const head = claimHead(ad);
    const cut = this.#cut(head, winner);
    const isTracked = cut?.slots.some(({ code }) => code === 'impression') === true;
    this.#options.observer.onMarkup(kind, isTracked ? 'tracked' : 'left-alone');
    if (cut === null) return markup;
    return renderTemplate(cut, (slot) => this.#fill(slot, ad, head, values));
  }

  #cut(head: string, { markup, kind, template, hasEventTrackers }: UncutMarkup): MarkupTemplate | null {
    if (Buffer.byteLength(head) > HEAD_BYTES_MAX) return null;
    const { playbackPoints } = this.#options;
    return template ?? withinBounds(trackedTemplate(markup, kind, { playbackPoints, hasEventTrackers }));
  }

  #fill(slot: TrackingSlot, ad: SoldAd, head: string, values: MacroValues): string {
    const target = slot.target === null ? null : this.#targetOf(slot.target, ad, head, values);
    // Leading where the creative says comes before counting it.
    if (target !== null && !isWebAddress(target)) return target.replace(QUOTES, encodeURIComponent);
    const token = this.#token(slot.code, ad, head, target);
    return slot.form === 'token' ? token : `${this.#options.baseUrl()}${EVENT_PATH}?t=${token}`;
  }

  #token(code: TrackedCode, { sale, billingNotice }: SoldAd, head: string, target: Claim['target']): string {
    const { signer, lifetimeMs } = this.#options;
    const notice = code === sale.billedBy && isCarried(billingNotice) ? billingNotice : null;
    const body = claimBody(head, notice, target);
    return signer.sign({ code: codeOf(code), body }, sale.soldAtMs + lifetimeMs(code, sale.media));
  }

  #targetOf(target: string, ad: SoldAd, head: string, values: MacroValues): string {
    const address = target.includes(CONVERSION_TOKEN)
      ? withConversionToken(target, this.#token('conversion', ad, head, null))
      : target;
    return renderMacros(compileMacros(address), values);
  }
}

function withinBounds(template: MarkupTemplate | null): MarkupTemplate | null {
  return template !== null && template.slots.length <= SLOTS_MAX ? template : null;
}

/** What a browser may be sent to: http or https, with nothing that could end a header. */
function isWebAddress(text: string): boolean {
  return jsonBytes(text) <= TARGET_BYTES_MAX && /^https?:\/\/[^\s\p{Cc}]+$/iu.test(text) && URL.canParse(text);
}

/** Would end the attribute that an address stands in; an encoded one that was decoded may hold them. */
const QUOTES = /["<>]/g;

function jsonBytes(text: string | null): number {
  return Buffer.byteLength(JSON.stringify(text));
}
