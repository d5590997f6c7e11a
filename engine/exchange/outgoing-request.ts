/** The request as all DSPs get it, before their dialects: what will be executed, and who sells. */
import type { BidRequest, SupplyChain } from '../../openrtb/types.ts';
import type { Mechanism } from '../auction/types.ts';

/** Our node in the supply chain (schain 1.0). */
export interface SellerIdentity {
  /** `asi`: our domain. */
  readonly domain: string;
  /** `sid` where the publisher has no account id. */
  readonly sellerId: string;
}

/** The longest `sid` that schain 1.0 allows. */
const SID_LENGTH_MAX = 64;

/** Shares all unchanged parts with the request. `at` is always sent, and is what the auction will do. */
export function outgoingRequest(
  request: BidRequest,
  mechanism: Mechanism,
  auctionId: string,
  publisherId: string,
  seller: SellerIdentity,
): BidRequest {
  return {
    ...request,
    at: mechanism === 'first_price' ? 1 : 2,
    source: { ...request.source, schain: extendedChain(request, auctionId, publisherId, seller) },
  };
}

/** A chain that came without us ends with us; a request without one comes straight from the publisher. */
function extendedChain(
  request: BidRequest,
  auctionId: string,
  publisherId: string,
  seller: SellerIdentity,
): SupplyChain {
  const sid = (publisherId || seller.sellerId).slice(0, SID_LENGTH_MAX);
  const node = { asi: seller.domain, sid, rid: auctionId, hp: 1 };
  const chain = request.source?.schain;
  if (chain === undefined) return { complete: 1, ver: '1.0', nodes: [node] };
  return { ...chain, nodes: [...chain.nodes, node] };
}
