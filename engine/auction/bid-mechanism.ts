/**
 * By which rule one bid is charged: what was sold in advance pays the price that it was sold at, and Deal.at overrides the
 * auction's mechanism for the bids of that deal.
 */
import type { Contender } from './contender.ts';
import type { Mechanism } from './types.ts';

/** `fixed_price`: the deal's floor is the agreed price (Deal.at = 3). */
export type BidMechanism = Mechanism | 'fixed_price';

export function mechanismOf(contender: Contender, mechanism: Mechanism): BidMechanism {
  if (contender.bid.isGuaranteed) return 'first_price';
  switch (contender.deal?.auctionType ?? null) {
    case 1:
      return 'first_price';
    case 2:
      return 'gsp';
    case 3:
      return 'fixed_price';
    case null:
      return mechanism;
  }
}
