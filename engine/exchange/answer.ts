/** The answer to the publisher, from an outcome and the wire bids it points to. Pure. */

import { compileMacros, type MacroValues, renderMacros } from '../../openrtb/macros.ts';
import type { Bid, BidRequest, BidResponse } from '../../openrtb/types.ts';
import type { MediaType, Win } from '../auction/types.ts';
import type { Decision } from './decision.ts';
import { macroValues } from './macro-values.ts';

const MTYPE: Readonly<Record<MediaType, number>> = { banner: 1, video: 2, audio: 3, native: 4 };

/** Markup fetched from win notice URLs, by bid index. */
export type FetchedMarkup = ReadonlyMap<number, string>;

/** For an outcome with at least one win. */
export function auctionAnswer(request: BidRequest, decision: Decision, fetched: FetchedMarkup): BidResponse {
  const { input, outcome } = decision;
  const bidsBySeat = new Map<string, Bid[]>();
  for (const win of outcome.wins) {
    const { seat, dspId } = decision.collected[win.bidIndex]!;
    const key = seat ?? dspId;
    const bids = bidsBySeat.get(key);
    const bid = winningBid(request, decision, win, fetched.get(win.bidIndex));
    if (bids === undefined) bidsBySeat.set(key, [bid]);
    else bids.push(bid);
  }
  return {
    id: request.id,
    bidid: input.auctionId,
    cur: input.currency,
    seatbid: [...bidsBySeat].map(([seat, bid]) => ({ seat, bid })),
  };
}

/** An empty `seatbid` and `nbr`: something answered, nothing won. */
export function noBidAnswer(requestId: string, nbr: number): BidResponse {
  return { id: requestId, seatbid: [], nbr };
}

/**
 * Copies named fields only: whatever else a DSP put into its bid stays here. The price is what we clear at, in the
 * auction currency; the DSP's macros are resolved with its own price and currency before anybody upstream can.
 */
function winningBid(request: BidRequest, decision: Decision, win: Win, fetchedMarkup: string | undefined): Bid {
  const { bid } = decision.collected[win.bidIndex]!;
  const values = macroValues(request, decision, win.bidIndex, win);
  const answer: { -readonly [key in keyof Bid]: Bid[key] } = {
    id: bid.id,
    impid: bid.impid,
    price: win.clearingCpmMicros / 1_000_000,
    adm: resolve(fetchedMarkup ?? bid.adm ?? '', values),
    mtype: MTYPE[win.media],
  };
  for (const field of COPIED_FIELDS) {
    if (bid[field] !== undefined) Object.assign(answer, { [field]: bid[field] });
  }
  const single = win.media === 'banner' ? singleSize(decision, win) : null;
  if (bid.w === undefined && bid.wratio === undefined && single !== null) {
    answer.w = single.w;
    answer.h = single.h;
  }
  return answer;
}

const COPIED_FIELDS = [
  'adomain',
  'adid',
  'bundle',
  'iurl',
  'cid',
  'crid',
  'cattax',
  'cat',
  'attr',
  'apis',
  'api',
  'protocol',
  'qagmediarating',
  'language',
  'langb',
  'dealid',
  'w',
  'h',
  'wratio',
  'hratio',
  'exp',
  'dur',
  'slotinpod',
] as const satisfies readonly (keyof Bid)[];

/** A banner bid without a size takes the only size on offer. */
function singleSize(decision: Decision, win: Win): { w: number; h: number } | null {
  const sizes = decision.input.imps.find((imp) => imp.id === win.impId)?.banner?.sizes;
  return sizes?.length === 1 ? sizes[0]! : null;
}

function resolve(text: string, values: MacroValues): string {
  return renderMacros(compileMacros(text), values);
}
