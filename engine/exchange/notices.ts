/** Which notices an outcome calls for. Pure: sending is the notice sender's. */
import { compileMacros, type MacroValues, renderMacrosWithin } from '../../openrtb/macros.ts';
import type { BidRequest } from '../../openrtb/types.ts';
import { adImpId } from '../ads/ad-names.ts';
import type { Win } from '../auction/types.ts';
import type { DspReply } from '../dsp/reply.ts';
import type { Notice } from '../ports/notice-sender.ts';
import type { Decision } from './decision.ts';
import { droppedBidMacros, macroValues } from './macro-values.ts';

/** A billing notice that waits until what its bid pays for has happened and is billed; recorded in the auction event. */
export interface PendingBillingNotice {
  readonly bidIndex: number;
  readonly dspId: string;
  readonly url: string;
}

export interface NoticePlan {
  readonly now: readonly Notice[];
  readonly onBilling: readonly PendingBillingNotice[];
}

/**
 * nurl for winners, lurl for everybody else, each once and never both for one bid; burl is held. A winner whose markup
 * was fetched from its nurl has been notified by that very call (`alreadyNotified`). A test request is never billed.
 */
export function planNotices(
  request: BidRequest,
  decision: Decision,
  alreadyNotified: ReadonlySet<number>,
  userKey: string | null,
): NoticePlan {
  const now: Notice[] = [];
  const onBilling: PendingBillingNotice[] = [];
  const { auctionId, imps } = decision.input;
  const isTest = request.test === 1;
  for (const win of decision.outcome.wins) {
    const { bid, dspId } = decision.collected[win.bidIndex]!;
    if (bid.nurl === undefined && bid.burl === undefined) continue;
    const nurl = alreadyNotified.has(win.bidIndex) ? null : winNoticeUrl(request, decision, win);
    if (nurl !== null)
      now.push({ kind: 'win', dspId, about: { auctionId, impId: adImpId(win, imps), userKey, isTest }, url: nurl });
    const burl = billingNoticeUrl(request, decision, win);
    if (burl !== null) onBilling.push({ bidIndex: win.bidIndex, dspId, url: burl });
  }
  for (const verdict of decision.outcome.bids) {
    const { bid, dspId } = decision.collected[verdict.bidIndex]!;
    if (verdict.status === 'won' || bid.lurl === undefined || alreadyNotified.has(verdict.bidIndex)) continue;
    const url = resolve(bid.lurl, macroValues(request, decision, verdict.bidIndex, null));
    if (url !== null) now.push({ kind: 'loss', dspId, about: null, url });
  }
  return { now, onBilling };
}

/** Null: the bid has none, or it is a test, or too long to ask. */
export function billingNoticeUrl(request: BidRequest, decision: Decision, win: Win): string | null {
  const { burl } = decision.collected[win.bidIndex]!.bid;
  if (burl === undefined || request.test === 1) return null;
  return resolve(burl, macroValues(request, decision, win.bidIndex, win));
}

function winNoticeUrl(request: BidRequest, decision: Decision, win: Win): string | null {
  const { nurl } = decision.collected[win.bidIndex]!.bid;
  return nurl === undefined ? null : resolve(nurl, macroValues(request, decision, win.bidIndex, win));
}

/** lurl of the bids that the reader dropped: filtered bids are told their reason too. */
export function droppedBidNotices(request: BidRequest, replies: readonly DspReply[]): Notice[] {
  const notices: Notice[] = [];
  for (const { dspId, dropped } of replies) {
    for (const bid of dropped) {
      if (bid.notice === null) continue;
      const url = resolve(bid.notice.lurl, droppedBidMacros(request, bid, bid.notice));
      if (url !== null) notices.push({ kind: 'loss', dspId, about: null, url });
    }
  }
  return notices;
}

/** The nurl that serves the markup of a bid without `adm`; empty when it would be too long to ask. */
export function markupUrl(request: BidRequest, decision: Decision, bidIndex: number): string {
  const win = decision.outcome.wins.find((candidate) => candidate.bidIndex === bidIndex) ?? null;
  const { nurl } = decision.collected[bidIndex]!.bid;
  return resolve(nurl, macroValues(request, decision, bidIndex, win)) ?? '';
}

/** Longer URLs are refused by the sender anyway; here they would only be built. */
const URL_LENGTH_MAX = 8 * 1024;

function resolve(url: string | undefined, values: MacroValues): string | null {
  return url === undefined ? null : renderMacrosWithin(compileMacros(url), values, URL_LENGTH_MAX);
}
