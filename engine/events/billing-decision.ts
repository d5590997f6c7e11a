/**
 * Which call of the ledger an event means. Pure, and the only place that knows: whoever bills, an engine as events come
 * or a consumer of the event log, asks here. Each call has a key of its own for ever, so an event may be decided upon
 * as often as it is read.
 */
import { purchaseKey } from '../exchange/purchases.ts';
import type { Bill, Reservation } from '../ports/budget-ledger.ts';
import type { OutcomeEvent, Sale, WinEvent } from './outcome-events.ts';
import type { GavelEvent } from './read-event.ts';

/** What a DSP owes us, and we owe the publisher. */
export interface Receivable {
  /** As that of a bill. */
  readonly key: string;
  readonly dspId: string;
  /** Empty: it named none. */
  readonly seat: string;
  /** Nanos of `currency`. */
  readonly amount: number;
  readonly currency: string;
  readonly publisherId: string;
  readonly atMs: number;
}

export type LedgerOperation =
  /** Of our own: what a win has taken from its lease. */
  | { readonly kind: 'reserve'; readonly reservation: Reservation }
  /** Of our own: what was reserved is due. */
  | { readonly kind: 'bill'; readonly bill: Bill }
  /** Of our own: nobody pays, or pays any more. */
  | { readonly kind: 'release'; readonly key: string; readonly reason: 'expired' | 'refunded' }
  | { readonly kind: 'receive'; readonly receivable: Receivable }
  | { readonly kind: 'refund-receivable'; readonly receivable: Receivable };

/** Null: it moves no money. */
export function ledgerOperationOf(event: GavelEvent): LedgerOperation | null {
  if (event.isTest) return null;
  switch (event.type) {
    case 'win':
      return reservationOf(event);
    case 'impression':
    case 'click':
    case 'conversion':
      return event.type === event.sale.billedBy ? billOf(event) : null;
    case 'win_expired':
      return event.sale.payer.kind === 'house' ? { kind: 'release', key: billKey(event), reason: 'expired' } : null;
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

function reservationOf(event: WinEvent): LedgerOperation | null {
  const { payer, amount, publisherId } = event.sale;
  if (payer.kind === 'dsp' || event.heldUntilMs === null) return null;
  const { accountId, epoch, sequence } = payer;
  const expiresAtMs = event.heldUntilMs;
  const key = billKey(event);
  return { kind: 'reserve', reservation: { key, accountId, epoch, sequence, amount, publisherId, expiresAtMs } };
}

function billOf(event: SaleEvent): LedgerOperation {
  const { payer, amount, publisherId } = event.sale;
  if (payer.kind === 'dsp') return { kind: 'receive', receivable: receivableOf(event, payer) };
  const { accountId, epoch, sequence } = payer;
  const bill = { key: billKey(event), accountId, epoch, sequence, amount, publisherId, atMs: event.atMs };
  return { kind: 'bill', bill };
}

function refundOf(event: SaleEvent): LedgerOperation {
  const { payer } = event.sale;
  if (payer.kind === 'house') return { kind: 'release', key: billKey(event), reason: 'refunded' };
  return { kind: 'refund-receivable', receivable: receivableOf(event, payer) };
}

function receivableOf(event: SaleEvent, payer: Extract<Sale['payer'], { kind: 'dsp' }>): Receivable {
  const { amount, currency, publisherId } = event.sale;
  return {
    key: billKey(event),
    dspId: payer.dspId,
    seat: payer.seat,
    amount,
    currency,
    publisherId,
    atMs: event.atMs,
  };
}
