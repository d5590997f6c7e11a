/** The request as all DSPs get it, before their dialects: what will be executed, and who sells. */
import type { BidRequest, Ext, Imp, SupplyChain } from '../../openrtb/types.ts';
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
  const forward = <T extends { readonly ext?: Ext }>(part: T): T => withForwardedExt(part, rules.forwardedExtensions);
  const { site, app, dooh, device, user, regs } = request;
  return forward({
    ...request,
    at: mechanism === 'first_price' ? 1 : 2,
    imp: request.imp.map((imp) => forwardedImp(forward(imp), forward)),
    ...(site && { site: forward(site) }),
    ...(app && { app: forward(app) }),
    ...(dooh && { dooh: forward(dooh) }),
    ...(device && { device: forward(device) }),
    ...(user && { user: forward(user) }),
    ...(regs && { regs: forward(regs) }),
    source: forward({ ...request.source, schain: extendedChain(request, auctionId, publisherId, rules.seller) }),
  });
}

function forwardedImp(imp: Imp, forward: <T extends { readonly ext?: Ext }>(part: T) => T): Imp {
  const { banner, video, audio, native } = imp;
  if (!(banner?.ext || video?.ext || audio?.ext || native?.ext)) return imp;
  return {
    ...imp,
    ...(banner && { banner: forward(banner) }),
    ...(video && { video: forward(video) }),
    ...(audio && { audio: forward(audio) }),
    ...(native && { native: forward(native) }),
  };
}

function withForwardedExt<T extends { readonly ext?: Ext }>(part: T, forwarded: ReadonlySet<string>): T {
  if (part.ext === undefined) return part;
  const kept = Object.entries(part.ext).filter(([key]) => forwarded.has(key));
  const { ext: _ext, ...rest } = part;
  return (kept.length === 0 ? rest : { ...rest, ext: Object.fromEntries(kept) }) as T;
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
