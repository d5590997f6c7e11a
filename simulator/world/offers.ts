import type { BidResponse } from '../../openrtb/types.ts';
import type { Offer } from './history.ts';

/** What a DSP means to offer. */
export function offersIn(reply: BidResponse | null, pricing: Offer['pricing']): Offer[] {
  if (reply === null) return [];
  return (reply.seatbid ?? []).flatMap(({ seat = '', bid }) =>
    bid.map(({ id, impid, price, crid = '' }) => ({
      bidId: id,
      impId: impid,
      priceMicros: Math.round(price * 1_000_000),
      pricing,
      currency: reply.cur ?? 'USD',
      seat,
      creativeId: crid,
    })),
  );
}
