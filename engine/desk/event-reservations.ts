/** What an auction has won for campaigns of our own, as its event says it: what the ledger has to be told. */
import type { AuctionEvent } from '../exchange/auction-event.ts';
import { purchaseKey } from '../exchange/purchases.ts';
import type { SoldAd } from '../exchange/sale.ts';
import { encodeTerms } from '../exchange/sale-terms.ts';
import type { Reservation } from '../ports/budget-ledger.ts';

/** `sales`: of the auction; empty when they are not known any more, and what was sold is told by whoever knows. */
export function reservationsOf(
  { reservations, features }: Pick<AuctionEvent, 'reservations' | 'features'>,
  sales: readonly SoldAd[],
): readonly Reservation[] {
  if (reservations === undefined || reservations.length === 0) return NONE;
  const { publisherId } = features;
  return reservations.map(({ bidIndex: _bidIndex, ...reservation }) => {
    const sold = sales.find((sale) => keyOf(sale) === reservation.key);
    return { ...reservation, publisherId, ...(sold === undefined ? {} : { terms: encodeTerms(sold.sale) }) };
  });
}

function keyOf({ auctionId, impId, sale }: SoldAd): string {
  return purchaseKey(auctionId, impId, sale.billedBy);
}

const NONE: readonly Reservation[] = [];
