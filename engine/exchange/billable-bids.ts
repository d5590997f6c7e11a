/**
 * Where DSPs pay by what tracking URLs tell, an ad that none can tell of would be shown for nothing: its bid may not win. Who can never
 * be told of is known from the bid; whose markup has no place for the URL, when it has won and its markup is cut. Pure.
 */
import type { BidCandidate } from '../auction/types.ts';
import { carries, type MarkupTemplate } from '../markup/markup-template.ts';
import { type FetchedMarkup, plainMarkup, uncutMarkup } from './answer.ts';
import type { AuctionTerms } from './auction-terms.ts';
import type { Decision } from './decision.ts';
import type { MarkupTracker } from './markup-tracker.ts';
import { type SaleContext, soldAd } from './sales.ts';

type PricedBid = Pick<BidCandidate, 'pricing' | 'impId' | 'declaredMedia' | 'sniffedMedia'>;

/** Of a DSP's bid: no conversion of its ads is ever told, and no click on HTML that is not ours. */
export function canBeTold({ pricing, impId, declaredMedia, sniffedMedia }: PricedBid, terms: AuctionTerms): boolean {
  if (pricing === 'cpm') return true;
  if (pricing === 'cpa') return false;
  if (sniffedMedia !== null) return sniffedMedia !== 'html';
  return declaredMedia === null ? !offersBannersOnly(terms, impId) : declaredMedia !== 'banner';
}

function offersBannersOnly({ imps }: AuctionTerms, impId: string): boolean {
  const imp = imps.find(({ id }) => id === impId);
  return imp !== undefined && imp.video === null && imp.audio === null && imp.native === null;
}

/**
 * Indices of DSPs' winners whose markup has no place for what they are paid by. What is cut for that is kept in `cuts`, and
 * not cut again.
 */
export function unbillableBids(
  decision: Decision,
  context: SaleContext,
  fetched: FetchedMarkup,
  tracker: MarkupTracker,
  cuts: Map<number, MarkupTemplate>,
): readonly number[] {
  const unbillable: number[] = [];
  for (const win of decision.outcome.wins) {
    const { bidIndex } = win;
    if (decision.collected[bidIndex]!.house !== null) continue;
    const ad = soldAd(decision, win, context);
    const uncut = uncutMarkup(context.request, decision, win, plainMarkup(decision, win, fetched), cuts);
    const cut = uncut === null ? null : tracker.cut(ad, uncut);
    if (cut !== null && carries(cut, ad.sale.billedBy)) cuts.set(bidIndex, cut);
    else unbillable.push(bidIndex);
  }
  return unbillable;
}

/** Of these bids and all others of the DSPs that they are of. */
export function withOthersOfTheirDsps({ collected }: Decision, bidIndices: readonly number[]): readonly number[] {
  const dsps = new Set(bidIndices.map((index) => collected[index]!.dspId));
  return [...collected.keys()].filter((index) => collected[index]!.house === null && dsps.has(collected[index]!.dspId));
}
