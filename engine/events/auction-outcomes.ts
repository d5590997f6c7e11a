/** The `win`, `loss` and `notice` events of an auction. Pure but for the sampling, which is asked of the caller. */

import type { AuctionEvent } from '../exchange/auction-event.ts';
import type { Decision } from '../exchange/decision.ts';
import type { SoldAd } from '../exchange/sale.ts';
import type { Notice } from '../ports/notice-sender.ts';
import { eventId } from './event-keys.ts';
import { type LossEvent, type NoticeEvent, OUTCOME_EVENT_VERSION, type WinEvent } from './outcome-events.ts';

/** One for each win: `sales` are in their order. */
export function winEvents(event: AuctionEvent, decision: Decision, sales: readonly SoldAd[]): WinEvent[] {
  const reservations = new Map(event.reservations?.map((reservation) => [reservation.bidIndex, reservation]));
  return decision.outcome.wins.map((win, index) => {
    const { auctionId, impId, userKey, isTest, sale, billingNotice } = sales[index]!;
    const reservation = reservations.get(win.bidIndex);
    return {
      type: 'win',
      version: OUTCOME_EVENT_VERSION,
      id: eventId(auctionId, impId, 'win'),
      auctionId,
      impId,
      userKey,
      atMs: Math.floor(event.atMs + event.timings.answeredAtMs),
      isTest,
      sale,
      clearingCpmMicros: win.clearingCpmMicros,
      auctionCurrency: decision.input.currency,
      heldUntilMs: reservation === undefined ? null : Math.floor(event.atMs + reservation.heldMs),
      ...(reservation?.isShared ? { isShared: true } : {}),
      billingNotice,
    };
  });
}

/** Of the bids that did not win and that `isSampled` says. */
export function lossEvents(
  event: AuctionEvent,
  decision: Decision,
  sampleRate: number,
  isSampled: () => boolean,
): LossEvent[] {
  const losses: LossEvent[] = [];
  const { auctionId, features, isTest, userKey = null } = event;
  for (const { bidIndex, status, lossReason, reason, ecpmMicros } of decision.outcome.bids) {
    if (status === 'won' || !isSampled()) continue;
    const { dspId, seat, bid } = decision.collected[bidIndex]!;
    const impId = bid.impid;
    losses.push({
      type: 'loss',
      version: OUTCOME_EVENT_VERSION,
      id: eventId(auctionId, impId, 'loss', String(bidIndex)),
      auctionId,
      impId,
      userKey,
      atMs: Math.floor(event.atMs + event.timings.answeredAtMs),
      isTest,
      dspId,
      seat: seat ?? '',
      publisherId: features.publisherId,
      placementId: features.imps.find((imp) => imp.impId === impId)?.placementId ?? '',
      status,
      lossReason,
      reason,
      ecpmMicros: Math.floor(ecpmMicros),
      sampleRate,
    });
  }
  return losses;
}

/** Null: of a loss. */
export function noticeEvent({ kind, dspId, about }: Notice, result: string, atMs: number): NoticeEvent | null {
  if (about === null || kind === 'loss') return null;
  const { auctionId, impId, userKey, isTest } = about;
  return {
    type: 'notice',
    version: OUTCOME_EVENT_VERSION,
    id: eventId(auctionId, impId, 'notice', kind),
    auctionId,
    impId,
    userKey,
    atMs,
    isTest,
    dspId,
    notice: kind,
    result,
  };
}
