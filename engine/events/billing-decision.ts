/**
 * Which call of the ledger an event means. Pure, and the only place that knows: whoever bills, an engine as events come
 * or a consumer of the event log, asks here. Each call has a key of its own for ever, so an event may be decided upon
 * as often as it is read.
 */
import { purchaseKey } from '../exchange/purchases.ts';
import { encodeTerms } from '../exchange/sale-terms.ts';
import type { Bill, Reservation } from '../ports/budget-ledger.ts';
import type { BillingNotice, PendingNotice, Receivable, Release } from '../ports/event-books.ts';
import { isCarried } from './carried-notice.ts';
import type { OutcomeEvent, Sale, WinEvent } from './outcome-events.ts';
import type { GavelEvent } from './read-event.ts';

export type LedgerOperation =
  /** Of our own: what a win has taken from its lease. */
  | { readonly kind: 'reserve'; readonly reservation: Reservation }
  /** Of our own: what was reserved is due. */
  | { readonly kind: 'bill'; readonly bill: Bill }
  /** Of our own: nobody pays, or pays any more. */
  | { readonly kind: 'release'; readonly release: Release }
  | { readonly kind: 'receive'; readonly receivable: Receivable }
  | { readonly kind: 'refund-receivable'; readonly receivable: Receivable }
  /** Of a DSP: what its tracking URLs could not carry. */
  | { readonly kind: 'keep-notice'; readonly notice: PendingNotice };

/** Null: it moves no money. */
export function ledgerOperationOf(event: GavelEvent): LedgerOperation | null {
  if (event.type === 'user_deletion' || event.isTest) return null;
  switch (event.type) {
    case 'win':
      return event.sale.payer.kind === 'house'
        ? reservationOf(event, event.sale.payer)
        : pendingNoticeOf(event, event.sale.payer);
    case 'impression':
    case 'click':
    case 'conversion':
      return event.type === event.sale.billedBy ? billOf(event) : null;
    case 'win_expired':
      return event.sale.payer.kind === 'house' ? releaseOf(event, 'expired') : null;
    case 'refund':
      return refundOf(event);
    case 'auction':
    case 'loss':
    case 'viewable':
    case 'playback':
    case 'notice':
      return null;
    default:
      return event satisfies never;
  }
}

type SaleEvent = Extract<OutcomeEvent, { readonly sale: Sale }>;

function billKey({ auctionId, impId, sale }: SaleEvent): string {
  return purchaseKey(auctionId, impId, sale.billedBy);
}

type HousePayer = Extract<Sale['payer'], { kind: 'house' }>;
type DspPayer = Extract<Sale['payer'], { kind: 'dsp' }>;

function reservationOf(event: WinEvent, { accountId, epoch, sequence }: HousePayer): LedgerOperation | null {
  const { amount, publisherId } = event.sale;
  if (event.heldUntilMs === null) return null;
  const heldMs = Math.max(0, event.heldUntilMs - event.sale.soldAtMs);
  const key = billKey(event);
  const terms = encodeTerms(event.sale);
  const reservation = { key, accountId, epoch, sequence, amount, publisherId, heldMs, terms };
  return { kind: 'reserve', reservation: event.isShared ? { ...reservation, isShared: true } : reservation };
}

function pendingNoticeOf(event: WinEvent, { dspId }: DspPayer): LedgerOperation | null {
  const notice = billingNoticeOf(event);
  if (notice === null || isCarried(notice.url)) return null;
  return { kind: 'keep-notice', notice: { key: billKey(event), dspId, notice, soldAtMs: event.sale.soldAtMs } };
}

function billOf(event: SaleEvent): LedgerOperation {
  const { payer, amount, publisherId } = event.sale;
  if (payer.kind === 'dsp') return { kind: 'receive', receivable: receivableOf(event, payer) };
  const { accountId, epoch, sequence } = payer;
  const lease = { accountId, epoch, sequence };
  const terms = encodeTerms(event.sale);
  return { kind: 'bill', bill: { key: billKey(event), ...lease, amount, publisherId, atMs: event.atMs, terms } };
}

function refundOf(event: SaleEvent): LedgerOperation {
  const { payer } = event.sale;
  if (payer.kind === 'house') return releaseOf(event, 'refunded');
  return { kind: 'refund-receivable', receivable: receivableOf(event, payer) };
}

function releaseOf(event: SaleEvent, reason: Release['reason']): LedgerOperation {
  return { kind: 'release', release: { key: billKey(event), reason } };
}

function receivableOf(event: SaleEvent, payer: DspPayer): Receivable {
  const { amount, currency, publisherId } = event.sale;
  return {
    key: billKey(event),
    dspId: payer.dspId,
    seat: payer.seat,
    amount,
    currency,
    publisherId,
    atMs: event.atMs,
    billingNotice: billingNoticeOf(event),
    terms: encodeTerms(event.sale),
  };
}

function billingNoticeOf(event: SaleEvent): BillingNotice | null {
  if (!('billingNotice' in event) || event.billingNotice === null) return null;
  const { auctionId, impId, userKey, isTest, billingNotice: url } = event;
  return { url, about: { auctionId, impId, userKey, isTest } };
}
