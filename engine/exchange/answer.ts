/** The answer to the publisher, from an outcome and the wire bids it points to. Pure. */

import { compileMacros, type MacroValues, renderMacros, renderMacrosWithin } from '../../openrtb/macros.ts';
import type { Bid, BidRequest, BidResponse } from '../../openrtb/types.ts';
import type { MediaType, Win } from '../auction/types.ts';
import type { MarkupTemplate } from '../markup/markup-template.ts';
import { asksForEventTrackers } from '../markup/native-markup.ts';
import type { Decision } from './decision.ts';
import { macroValues } from './macro-values.ts';
import type { MarkupTracker, UncutMarkup } from './markup-tracker.ts';
import type { SoldAd } from './sale.ts';

const MTYPE: Readonly<Record<MediaType, number>> = { banner: 1, video: 2, audio: 3, native: 4 };

/** Markup fetched from win notice URLs, by bid index. */
export type FetchedMarkup = ReadonlyMap<number, string>;

/** For an outcome with at least one win. */
export function auctionAnswer(
  request: BidRequest,
  decision: Decision,
  fetched: FetchedMarkup,
  tracking: AnswerTracking | null = null,
): BidResponse {
  const { input, outcome } = decision;
  const seats = new Map<string, { readonly seat: string; readonly bid: Bid[] }>();
  const ids = new Set<string>();
  for (let index = 0; index < outcome.wins.length; index++) {
    const win = outcome.wins[index]!;
    const { seat, dspId } = decision.collected[win.bidIndex]!;
    // Two DSPs may have seats of the same name.
    const key = JSON.stringify([dspId, seat]);
    let seatBid = seats.get(key);
    if (seatBid === undefined) {
      seatBid = { seat: seat ?? dspId, bid: [] };
      seats.set(key, seatBid);
    }
    const plain = plainMarkup(decision, win, fetched);
    const values = macroValues(request, decision, win.bidIndex, win);
    const markup = tracking === null ? plain : trackedMarkup(request, decision, win, plain, values, tracking, index);
    seatBid.bid.push(winningBid(decision, win, renderMacros(compileMacros(markup), values), ids));
  }
  return { id: request.id, bidid: input.auctionId, cur: input.currency, seatbid: [...seats.values()] };
}

/** What was sold is told of by URLs in its markup. */
export interface AnswerTracking {
  readonly tracker: MarkupTracker;
  /** One for each win, in their order. */
  readonly sales: readonly SoldAd[];
  /** Markup that was cut before, by bid index. */
  readonly cuts: ReadonlyMap<number, MarkupTemplate>;
}

/** Before its macros are resolved: no value of a macro can move a tracker. */
function trackedMarkup(
  request: BidRequest,
  decision: Decision,
  win: Win,
  markup: string,
  values: MacroValues,
  { tracker, sales, cuts }: AnswerTracking,
  index: number,
): string {
  const winner = uncutMarkup(request, decision, win, markup, cuts);
  return winner === null ? markup : tracker.track(sales[index]!, { ...winner, values });
}

/** Null: nobody knows what kind of markup it is. */
export function uncutMarkup(
  request: BidRequest,
  decision: Decision,
  win: Win,
  markup: string,
  cuts: AnswerTracking['cuts'],
): UncutMarkup | null {
  const kind = decision.input.bids[win.bidIndex]!.sniffedMedia;
  if (kind === null) return null;
  const native = kind === 'native' ? request.imp.find(({ id }) => id === win.impId)?.native?.request : undefined;
  const hasEventTrackers = native !== undefined && asksForEventTrackers(native);
  const templates = decision.collected[win.bidIndex]!.house?.templates ?? null;
  const ours = hasEventTrackers ? templates?.eventTrackers : templates?.plain;
  return { markup, kind, template: ours ?? cuts.get(win.bidIndex) ?? null, hasEventTrackers };
}

/** As the bid or its nurl gave it. */
export function plainMarkup(decision: Decision, { bidIndex }: Win, fetched: FetchedMarkup): string {
  return fetched.get(bidIndex) ?? decision.collected[bidIndex]!.bid.adm ?? '';
}

/** Markup beyond this, with its macros resolved, is no creative. */
const MARKUP_LENGTH_MAX = 1024 * 1024;
/** Cannot grow beyond the maximum: a macro takes 13 characters, and no value is longer than an id may be (512). */
const MARKUP_LENGTH_SAFE = 16 * 1024;

/** A winner whose markup would grow out of bounds when its macros are resolved; null = none. */
export function oversizedWinner(request: BidRequest, decision: Decision, fetched: FetchedMarkup): number | null {
  for (const win of decision.outcome.wins) {
    const markup = plainMarkup(decision, win, fetched);
    if (markup.length <= MARKUP_LENGTH_SAFE) continue;
    const values = macroValues(request, decision, win.bidIndex, win);
    if (renderMacrosWithin(compileMacros(markup), values, MARKUP_LENGTH_MAX) === null) return win.bidIndex;
  }
  return null;
}

/** An empty `seatbid` and `nbr`: something answered, nothing won. */
export function noBidAnswer(requestId: string, nbr: number): BidResponse {
  return { id: requestId, seatbid: [], nbr };
}

/**
 * Copies named fields only: whatever else a DSP put into its bid stays here. The price is what we clear at, in the
 * auction currency; the DSP's macros are resolved with its own price and currency before anybody upstream can.
 */
function winningBid(decision: Decision, win: Win, markup: string, ids: Set<string>): Bid {
  const { bid } = decision.collected[win.bidIndex]!;
  const answer: { -readonly [key in keyof Bid]: Bid[key] } = {
    id: uniqueId(bid.id, win, ids),
    impid: bid.impid,
    price: win.clearingCpmMicros / 1_000_000,
    adm: markup,
    mtype: MTYPE[win.media],
  };
  for (const field of COPIED_FIELDS) {
    if (bid[field] !== undefined) Object.assign(answer, { [field]: bid[field] });
  }
  // Who has bought which of several positions: seats are listed in any order.
  if (sellsPositions(decision, win)) answer.ext = { position: win.position };
  const single = win.media === 'banner' ? singleSize(decision, win) : null;
  if (bid.w === undefined && bid.wratio === undefined && single !== null) {
    answer.w = single.w;
    answer.h = single.h;
  }
  return answer;
}

function sellsPositions({ input }: Decision, { impId }: Win): boolean {
  return input.imps.find(({ id }) => id === impId)!.slotWeights.length > 1;
}

/** The DSP's own id unless another DSP's bid in this answer has it. */
function uniqueId(id: string, win: Win, ids: Set<string>): string {
  const unique = ids.has(id) ? `${id}-${win.bidIndex}` : id;
  ids.add(unique);
  return unique;
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
