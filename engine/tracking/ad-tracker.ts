/**
 * Puts tracking URLs into the markup of winners. Each URL is one signature; where nothing can be put safely, the markup is left alone and
 * counted.
 */
import { compileMacros, type MacroValues, renderMacros } from '../../openrtb/macros.ts';
import type { MediaType } from '../auction/types.ts';
import type { PlaybackPoint } from '../events/outcome-events.ts';
import type { TokenSigner } from '../ports/token-signer.ts';
import { type Claim, claimBody, claimHead, type TrackedCode, type TrackedSale } from './claim.ts';
import { CONVERSION_TOKEN, withConversionToken } from './creative-macros.ts';
import {
  type MarkupKind,
  type MarkupTemplate,
  renderTemplate,
  type TrackingSlot,
  trackedTemplate,
} from './markup-template.ts';

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

/** Markup of a winner. */
export interface TrackedMarkup {
  readonly markup: string;
  readonly kind: MarkupKind;
  /** Of our own creatives, cut when they were loaded; null: of a DSP's. */
  readonly template: MarkupTemplate | null;
  /** Of native: the request asks which `eventtrackers` it may have. */
  readonly hasEventTrackers: boolean;
  /** Of the addresses that clicks of our own lead to. */
  readonly values: MacroValues;
}

export const EVENT_PATH = '/event';
/** A longer one is not carried: it is in the `win` event alone. */
const BILLING_NOTICE_LENGTH_MAX = 1500;
/** A longer address is no place to lead a click to: the URL has to hold it. */
const TARGET_LENGTH_MAX = 2000;

export class AdTracker {
  readonly #options: AdTrackerOptions;

  constructor(options: AdTrackerOptions) {
    this.#options = options;
  }

  /** False: nothing can be tracked yet, as no URL is known. */
  get isReady(): boolean {
    return this.#options.baseUrl() !== '';
  }

  /** The markup with URLs of this sale. */
  track(sale: TrackedSale, { markup, kind, template, hasEventTrackers, values }: TrackedMarkup): string {
    const { playbackPoints, observer } = this.#options;
    const cut = template ?? trackedTemplate(markup, kind, { playbackPoints, hasEventTrackers });
    const isTracked = cut?.slots.some(({ code }) => code === 'impression') === true;
    observer.onMarkup(kind, isTracked ? 'tracked' : 'left-alone');
    if (cut === null) return markup;
    const head = claimHead(sale);
    return renderTemplate(cut, (slot) => this.#fill(slot, sale, head, values));
  }

  #fill(slot: TrackingSlot, sale: TrackedSale, head: string, values: MacroValues): string {
    const target = slot.target === null ? null : this.#targetOf(slot.target, sale, head, values);
    // Leading where the creative says comes before counting it.
    if (target !== null && !isWebAddress(target)) return target;
    const token = this.#token(slot.code, sale, head, target);
    return slot.form === 'token' ? token : `${this.#options.baseUrl()}${EVENT_PATH}?t=${token}`;
  }

  #token(code: TrackedCode, { sale, billingNotice }: TrackedSale, head: string, target: Claim['target']): string {
    const { signer, lifetimeMs } = this.#options;
    const isCarried =
      code === sale.billedBy && billingNotice !== null && billingNotice.length <= BILLING_NOTICE_LENGTH_MAX;
    const body = claimBody(head, isCarried ? billingNotice : null, target);
    return signer.sign(code, body, sale.soldAtMs + lifetimeMs(code, sale.media));
  }

  #targetOf(target: string, sale: TrackedSale, head: string, values: MacroValues): string {
    const address = target.includes(CONVERSION_TOKEN)
      ? withConversionToken(target, this.#token('conversion', sale, head, null))
      : target;
    return renderMacros(compileMacros(address), values);
  }
}

/** What a browser may be sent to: http or https, with nothing that could end a header. */
export function isWebAddress(text: string): boolean {
  return text.length <= TARGET_LENGTH_MAX && /^https?:\/\/[^\s\p{Cc}]+$/iu.test(text) && URL.canParse(text);
}
