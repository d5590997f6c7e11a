/**
 * Events of what was booked by other means than an event: a reservation that has expired, a report of an outcome, a refund. Whoever
 * reads the event log finds there all that has moved money. Pure.
 */
import type { OutcomeType } from '../estimation/quality/awaited-outcomes.ts';
import { parsePurchaseKey } from '../exchange/purchases.ts';
import type { Payer, Sale } from '../exchange/sale.ts';
import { decodeTerms } from '../exchange/sale-terms.ts';
import { eventId } from './event-keys.ts';
import {
  OUTCOME_EVENT_VERSION,
  type OutcomeEvent,
  type OutcomeEventType,
  type RefundEvent,
  type TrackedEvent,
  type WinExpiredEvent,
} from './outcome-events.ts';

/** As the books have it. */
export interface BookedSale {
  /** `purchaseKey`. */
  readonly key: string;
  readonly payer: Payer;
  readonly amount: number;
  readonly publisherId: string;
  /** `encodeTerms`. */
  readonly terms: string;
}

/** The event that the sale is paid by. */
export function bookedOutcome(sold: BookedSale, atMs: number): TrackedEvent {
  const { billedBy } = parsePurchaseKey(sold.key);
  return { ...eventOf(billedBy, sold, atMs), billingNotice: null } as Extract<TrackedEvent, { type: OutcomeType }>;
}

export function bookedExpiry(sold: BookedSale, atMs: number): WinExpiredEvent {
  return eventOf('win_expired', sold, atMs);
}

export function bookedRefund(sold: BookedSale, atMs: number, reason: string): RefundEvent {
  return { ...eventOf('refund', sold, atMs), reason };
}

function eventOf<Type extends OutcomeEventType>(
  type: Type,
  { key, payer, amount, publisherId, terms }: BookedSale,
  atMs: number,
): Pick<OutcomeEvent, 'version' | 'id' | 'auctionId' | 'impId' | 'userKey' | 'atMs' | 'isTest'> & {
  readonly type: Type;
  readonly sale: Sale;
} {
  const { auctionId, impId, billedBy } = parsePurchaseKey(key);
  return {
    type,
    version: OUTCOME_EVENT_VERSION,
    id: eventId(auctionId, impId, type),
    auctionId,
    impId,
    // The books know none.
    userKey: null,
    atMs,
    // Of tests nothing is booked.
    isTest: false,
    sale: { ...decodeTerms(terms), payer, amount, publisherId, billedBy },
  };
}
