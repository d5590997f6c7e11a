/**
 * What a batch of stored events means for money, before anybody has booked it. Pure. Most events of a log mean nothing: those are
 * told by their type and never parsed.
 */
import type { Payer, Sale } from '../exchange/sale.ts';
import type { Bookings, DeadLetter } from '../ports/event-books.ts';
import type { SourcedEvent } from '../ports/event-source.ts';
import { type LedgerOperation, ledgerOperationOf } from './billing-decision.ts';
import { EventFormatError, type GavelEvent, readEvent } from './read-event.ts';

export type BookingsOfEvents = {
  -readonly [K in keyof Omit<Bookings, 'partition' | 'from' | 'toOffset'>]: Bookings[K] extends readonly (infer Item)[]
    ? Item[]
    : never;
};

export interface BillingBatch {
  readonly bookings: BookingsOfEvents;
  /** Who would have paid for the events that came too late. */
  readonly late: readonly Payer['kind'][];
}

/** How long after the sale its event is paid, ms. */
export type BillableForMs = (sale: Pick<Sale, 'payer' | 'billedBy' | 'media'>) => number;

/** Of types that never move money. An unknown type is read, and so set aside. */
const PASSED_OVER: ReadonlySet<string> = new Set([
  'auction',
  'loss',
  'viewable',
  'playback',
  'notice',
  'user_deletion',
]);

export function billingBatch(events: readonly SourcedEvent[], billableForMs: BillableForMs): BillingBatch {
  const bookings: BookingsOfEvents = {
    reservations: [],
    bills: [],
    releases: [],
    receivables: [],
    refunds: [],
    pendingNotices: [],
    deadLetters: [],
  };
  const late: Payer['kind'][] = [];
  for (const stored of events) {
    if (PASSED_OVER.has(stored.type)) continue;
    const event = readOrSetAside(stored, bookings.deadLetters);
    if (event === null) continue;
    const operation = ledgerOperationOf(event);
    if (isLate(event, operation, billableForMs)) late.push(operation?.kind === 'bill' ? 'house' : 'dsp');
    else if (operation !== null) take(bookings, operation, stored);
  }
  return { bookings, late };
}

function readOrSetAside(stored: SourcedEvent, deadLetters: DeadLetter[]): GavelEvent | null {
  try {
    return readEvent(stored.payload);
  } catch (error) {
    if (!(error instanceof EventFormatError)) throw error;
    deadLetters.push(deadLetterOf(stored, { reason: error.code, message: error.message, tries: 1 }));
    return null;
  }
}

export function deadLetterOf(
  { offset, type, payload }: SourcedEvent,
  why: Pick<DeadLetter, 'reason' | 'message' | 'tries'>,
): DeadLetter {
  return { offset, type, payload, ...why };
}

/** By the event's own time, so that it means the same whenever and in whatever order it is read. */
function isLate(event: GavelEvent, operation: LedgerOperation | null, billableForMs: BillableForMs): boolean {
  if ((operation?.kind !== 'bill' && operation?.kind !== 'receive') || !('sale' in event)) return false;
  return event.atMs > event.sale.soldAtMs + billableForMs(event.sale);
}

function take(bookings: BookingsOfEvents, operation: LedgerOperation, stored: SourcedEvent): void {
  switch (operation.kind) {
    case 'reserve':
      bookings.reservations.push(operation.reservation);
      return;
    case 'bill': {
      const { offset, type, payload } = stored;
      bookings.bills.push({ ...operation.bill, origin: { offset, type, payload } });
      return;
    }
    case 'release':
      bookings.releases.push(operation.release);
      return;
    case 'receive':
      bookings.receivables.push(operation.receivable);
      return;
    case 'refund-receivable':
      bookings.refunds.push(operation.receivable);
      return;
    case 'keep-notice':
      bookings.pendingNotices.push(operation.notice);
      return;
    default:
      operation satisfies never;
  }
}
