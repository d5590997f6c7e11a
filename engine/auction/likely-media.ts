import type { MarkupKind } from '../../openrtb/read-response.ts';
import type { BidCandidate, MediaType } from './types.ts';

const MEDIA_BY_MARKUP: Readonly<Record<MarkupKind, MediaType>> = {
  html: 'banner',
  vast: 'video',
  daast: 'audio',
  native: 'native',
};

/** What clicks are estimated for: the declared type, else what the markup looks like, else the commonest. */
export function likelyMedia(declared: BidCandidate['declaredMedia'], sniffed: MarkupKind | null): MediaType {
  if (declared !== null && declared !== 'unknown') return declared;
  return sniffed === null ? 'banner' : MEDIA_BY_MARKUP[sniffed];
}
