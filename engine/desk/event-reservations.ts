/** What an auction has won for campaigns of our own, as its event says it: what the ledger has to be told. */
import type { AuctionEvent } from '../exchange/auction-event.ts';
import type { Reservation } from '../ports/budget-ledger.ts';

export function reservationsOf({
  reservations,
  features,
}: Pick<AuctionEvent, 'reservations' | 'features'>): readonly Reservation[] {
  if (reservations === undefined || reservations.length === 0) return NONE;
  return reservations.map(({ bidIndex: _bidIndex, ...reservation }) => {
    return { ...reservation, publisherId: features.publisherId };
  });
}

const NONE: readonly Reservation[] = [];
