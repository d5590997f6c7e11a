/** Which media type a bid is for (Bid.mtype, or inferred), and whether its markup is of that kind. */
import type { Contender } from '../contender.ts';
import type { AuctionImp, MediaType } from '../types.ts';
import type { ImpRules } from './request-rules.ts';

/** Sets `contender.media`, or refuses the bid. */
export function checkMedia(contender: Contender, impRules: ImpRules): boolean {
  const { hasMarkup, hasWinNoticeUrl, declaredMedia } = contender.bid;
  if (!hasMarkup && !hasWinNoticeUrl) return contender.refuse('missing-markup', 'adm');
  if (declaredMedia === 'unknown') return contender.refuse('unknown-media-type', 'mtype');
  const media = declaredMedia ?? impRules.onlyMedia ?? inferMedia(contender, impRules.imp);
  if (media === null) return contender.refuse('ambiguous-media', 'mtype');
  if (impRules.imp[media] === null) return contender.refuse('media-not-offered', 'mtype');
  if (!isMarkupOf(media, contender.bid.sniffedMedia)) return contender.refuse('markup-of-wrong-kind', 'adm');
  contender.media = media;
  return media !== 'native' || checkNativeParts(contender, impRules.requiredNativeAssets);
}

/** A native ad without them cannot be shown (Native 1.2 sections 4.2 and 5.1). Null facts: nothing here to judge. */
function checkNativeParts(contender: Contender, required: ImpRules['requiredNativeAssets']): boolean {
  const { hasNativeLink, nativeAssets } = contender.bid;
  if (hasNativeLink === false) return contender.refuse('native-link-missing', 'adm');
  if (required === null || nativeAssets === null) return true;
  let missing = required.size;
  for (const asset of nativeAssets) {
    if (required.has(asset)) missing--;
  }
  return missing === 0 || contender.refuse('native-asset-missing', 'adm');
}

/** By the looks of the markup, when several media types are offered. VAST may carry audio since 4.1, so it alone does not decide. */
function inferMedia(contender: Contender, imp: AuctionImp): MediaType | null {
  switch (contender.bid.sniffedMedia) {
    case 'html':
      return 'banner';
    case 'native':
      return 'native';
    case 'daast':
      return 'audio';
    case 'vast':
      if (imp.audio === null) return 'video';
      return imp.video === null ? 'audio' : null;
    case null:
      return null;
  }
}

/** Markup that comes later, with the answer to the nurl, cannot be judged here and passes. */
function isMarkupOf(media: MediaType, sniffed: 'vast' | 'daast' | 'native' | 'html' | null): boolean {
  if (sniffed === null) return true;
  switch (media) {
    case 'banner':
      return sniffed === 'html';
    case 'video':
      return sniffed === 'vast';
    case 'audio':
      return sniffed === 'vast' || sniffed === 'daast';
    case 'native':
      return sniffed === 'native';
  }
}
