/**
 * From a bid on the wire to a candidate of the auction: the one place where OpenRTB's bid fields become domain values.
 * Markup stays outside; the candidate carries only what a decision may ask about it.
 */
import { readNativeAnswer } from '../../openrtb/native-answer.ts';
import { sniffMarkup } from '../../openrtb/read-response.ts';
import type { Bid } from '../../openrtb/types.ts';
import { likelyMedia } from '../auction/likely-media.ts';
import { roundDownMicros } from '../auction/micros.ts';
import type { BidCandidate, MediaType, PricingModel } from '../auction/types.ts';
import type { DraftCandidate } from '../estimation/click-estimates.ts';
import type { Priors } from '../estimation/priors.ts';

/** Where a bid came from. */
export interface BidOrigin {
  readonly dspId: string;
  readonly seat: string | null;
  readonly groupKey: string | null;
  /** Upper-case ISO 4217 of the response. */
  readonly currency: string;
  /** What the DSP's prices mean, by agreement. */
  readonly pricing: PricingModel;
  readonly quality: number;
}

const MEDIA_BY_MTYPE: readonly (MediaType | undefined)[] = [undefined, 'banner', 'video', 'audio', 'native'];
const NO_STRINGS: readonly string[] = [];
const NO_NUMBERS: readonly number[] = [];

export function bidCandidate(index: number, bid: Bid, origin: BidOrigin, priors: Priors): DraftCandidate {
  const markup = bid.adm ?? '';
  const facts = markupFacts(markup);
  const declared = bid.mtype === undefined ? null : (MEDIA_BY_MTYPE[bid.mtype] ?? 'unknown');
  const media = likelyMedia(declared, facts.sniffedMedia);
  return {
    index,
    dspId: origin.dspId,
    seat: origin.seat,
    groupKey: origin.groupKey,
    bidId: bid.id,
    impId: bid.impid,
    dealId: bid.dealid ?? null,
    pricing: origin.pricing,
    priceMicros: priceMicrosRoundedDown(bid.price),
    currency: origin.currency,
    ctr: priors.clicks[media],
    ctrSource: 'prior',
    ctrModel: null,
    cvr: priors.conversions[media],
    cvrSource: 'prior',
    cvrModel: null,
    quality: origin.quality,
    advertiserDomains: bid.adomain ?? NO_STRINGS,
    categories: bid.cat ?? NO_STRINGS,
    categoryTaxonomy: bid.cattax ?? 1,
    bundle: bid.bundle ?? null,
    attributes: bid.attr ?? NO_NUMBERS,
    protocol: bid.protocol ?? null,
    language: (bid.langb ?? bid.language)?.toLowerCase() ?? null,
    width: bid.w ?? null,
    height: bid.h ?? null,
    wratio: bid.wratio ?? null,
    hratio: bid.hratio ?? null,
    durationSec: bid.dur ?? null,
    expirySec: bid.exp ?? null,
    declaredMedia: declared,
    creativeId: bid.crid ?? null,
    hasWinNoticeUrl: bid.nurl !== undefined,
    hasMarkup: facts.hasMarkup,
    sniffedMedia: facts.sniffedMedia,
    htmlKind: facts.htmlKind,
    hasNativeLink: facts.hasNativeLink,
    nativeAssets: facts.nativeAssets,
    hasInsecureMarkup: facts.hasMarkup ? facts.hasInsecureMarkup : INSECURE.test(bid.nurl ?? ''),
    isGuaranteed: false,
    withheld: null,
  };
}

/** Down: nobody pays, or clears a floor with, more than was bid. Saturates, so that an absurd price stays absurd. */
function priceMicrosRoundedDown(price: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, roundDownMicros(price * 1_000_000));
}

export type MarkupFacts = Pick<
  BidCandidate,
  'hasMarkup' | 'sniffedMedia' | 'hasInsecureMarkup' | 'htmlKind' | 'hasNativeLink' | 'nativeAssets'
>;

/** What a decision may ask about markup; only blanks = none. Only native markup is parsed, within limits. */
export function markupFacts(markup: string): MarkupFacts {
  const hasMarkup = /\S/.test(markup);
  const sniffedMedia = hasMarkup ? sniffMarkup(markup) : null;
  const native = sniffedMedia === 'native' ? readNativeAnswer(markup) : null;
  return {
    hasMarkup,
    sniffedMedia,
    hasInsecureMarkup: INSECURE.test(markup),
    htmlKind: sniffedMedia === 'html' ? htmlKindOf(markup) : null,
    hasNativeLink: native === null ? null : native.hasLink,
    nativeAssets: native === null ? null : native.assets,
  };
}

/**
 * Any `http:` in the markup, since nobody can tell by text what a browser will load; but not the namespaces and DTDs of
 * SVG, VAST and XHTML, which are names and load nothing.
 */
const INSECURE = /http:(?!\/\/(?:www\.w3\.org\/|www\.iab\.com\/VAST|www\.iab\.net\/|schema\.org(?![\w.:@-])))/i;

function htmlKindOf(markup: string): BidCandidate['htmlKind'] {
  if (/<iframe\b/i.test(markup)) return 'iframe';
  if (/<script\b/i.test(markup)) return 'script';
  return 'plain';
}
