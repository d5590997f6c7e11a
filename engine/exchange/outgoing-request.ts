/** The request as all DSPs get it, before their dialects: what will be executed, and who sells. */
import type { BidRequest, Ext, SupplyChain } from '../../openrtb/types.ts';
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

export interface OutgoingRules {
  readonly seller: SellerIdentity;
  /** Keys of publisher `ext` objects that DSPs may see; the rest may hold what was meant for us or for others. */
  readonly forwardedExtensions: ReadonlySet<string>;
}

/** Shares all unchanged parts with the request. `at` is always sent, and is what the auction will do. */
export function outgoingRequest(
  request: BidRequest,
  mechanism: Mechanism,
  auctionId: string,
  publisherId: string,
  rules: OutgoingRules,
): BidRequest {
  const forwarded = withForwardedExt(request, rules.forwardedExtensions);
  return {
    ...forwarded,
    at: mechanism === 'first_price' ? 1 : 2,
    source: { ...forwarded.source, schain: extendedChain(forwarded, auctionId, publisherId, rules.seller) },
  };
}

/** Filters the keys of every `ext` at any depth; what is kept of an `ext` is opaque and stays as it is. */
function withForwardedExt<T>(part: T, forwarded: ReadonlySet<string>): T {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) return withForwardedItems(part, forwarded) as T;
  let copy: Record<string, unknown> | null = null;
  for (const [key, value] of Object.entries(part as Record<string, unknown>)) {
    const kept = key === 'ext' ? forwardedKeys(value as Ext, forwarded) : withForwardedExt(value, forwarded);
    if (kept === value) continue;
    copy ??= { ...(part as Record<string, unknown>) };
    if (kept === undefined) delete copy[key];
    else copy[key] = kept;
  }
  return (copy ?? part) as T;
}

function withForwardedItems(items: readonly unknown[], forwarded: ReadonlySet<string>): readonly unknown[] {
  // Lists of ids and sizes are long and hold no objects.
  if (typeof items[0] !== 'object') return items;
  const kept = items.map((item) => withForwardedExt(item, forwarded));
  return kept.some((item, index) => item !== items[index]) ? kept : items;
}

function forwardedKeys(ext: Ext, forwarded: ReadonlySet<string>): Ext | undefined {
  const kept = Object.entries(ext).filter(([key]) => forwarded.has(key));
  if (kept.length === 0) return undefined;
  return kept.length === Object.keys(ext).length ? ext : Object.fromEntries(kept);
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
