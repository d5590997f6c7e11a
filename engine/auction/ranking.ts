/**
 * Ranking: class (guaranteed first, then deals, if the policy says so), then eCPM, then a fair tie-break. Which bids of an imp compete:
 * one per seat, none twice.
 */
import { type Contender, RANK_CLASS, type RankClass } from './contender.ts';
import type { AuctionInput, BidCandidate } from './types.ts';

/** What was sold in advance ranks before all others, deal bids before all open bids when deals go first. */
export function rankClassOf(contender: Contender, input: AuctionInput): RankClass {
  if (contender.bid.isGuaranteed) return RANK_CLASS.guaranteed;
  return contender.deal !== null && input.policy.dealOrder === 'deal_first' ? RANK_CLASS.deal : RANK_CLASS.open;
}

/** Sorts best first, in place. The order depends on the bids alone, not on their order of arrival. */
export function rankContenders(contenders: Contender[], auctionId: string): void {
  if (contenders.length > INSERTION_SORT_MAX) {
    contenders.sort((a, b) => compareContenders(a, b, auctionId));
    return;
  }
  for (let i = 1; i < contenders.length; i++) {
    const contender = contenders[i]!;
    let place = i;
    for (; place > 0 && compareContenders(contender, contenders[place - 1]!, auctionId) < 0; place--) {
      contenders[place] = contenders[place - 1]!;
    }
    contenders[place] = contender;
  }
}

/** Up to here insertion beats the built-in sort, whose comparator cannot be inlined. */
const INSERTION_SORT_MAX = 64;

/**
 * Ties are broken by a hash that changes with the auction, so no seat wins them all. What follows the hash only makes
 * the order total; bids that differ in nothing but their index are the same bid twice.
 */
function compareContenders(a: Contender, b: Contender, auctionId: string): number {
  if (a.rankClass !== b.rankClass) return a.rankClass - b.rankClass;
  if (a.ecpmMicros !== b.ecpmMicros) return b.ecpmMicros - a.ecpmMicros;
  return (
    tieHashOf(a, auctionId) - tieHashOf(b, auctionId) ||
    compareText(a.bid.dspId, b.bid.dspId) ||
    compareText(a.bid.seat ?? '', b.bid.seat ?? '') ||
    compareText(a.bid.bidId, b.bid.bidId) ||
    compareContent(a.bid, b.bid) ||
    a.bid.index - b.bid.index
  );
}

function tieHashOf(contender: Contender, auctionId: string): number {
  if (contender.tieHash < 0) {
    const { dspId, seat, bidId } = contender.bid;
    contender.tieHash = stableHash(auctionId, dspId, seat ?? '', bidId);
  }
  return contender.tieHash;
}

/**
 * What bids may differ in that share their ids, imp and eCPM, in an order of our own: everything but the index and where
 * the estimates came from.
 */
const CONTENT_FIELDS = Object.keys({
  groupKey: true,
  dealId: true,
  pricing: true,
  priceMicros: true,
  currency: true,
  ctr: true,
  cvr: true,
  quality: true,
  advertiserDomains: true,
  categories: true,
  categoryTaxonomy: true,
  bundle: true,
  attributes: true,
  protocol: true,
  language: true,
  width: true,
  height: true,
  wratio: true,
  hratio: true,
  durationSec: true,
  expirySec: true,
  declaredMedia: true,
  sniffedMedia: true,
  creativeId: true,
  hasMarkup: true,
  hasWinNoticeUrl: true,
  hasInsecureMarkup: true,
  htmlKind: true,
  hasNativeLink: true,
  nativeAssets: true,
  isGuaranteed: true,
  withheld: true,
} satisfies Record<ContentField, true>) as readonly ContentField[];

type ContentField = Exclude<
  keyof BidCandidate,
  'index' | 'dspId' | 'seat' | 'bidId' | 'impId' | 'ctrSource' | 'ctrModel' | 'cvrSource' | 'cvrModel'
>;

/** Field by field, so that it does not matter in which order an object got its keys. */
function compareContent(a: BidCandidate, b: BidCandidate): number {
  for (const field of CONTENT_FIELDS) {
    const left = a[field];
    const right = b[field];
    if (left === right) continue;
    const order =
      Array.isArray(left) && Array.isArray(right)
        ? compareLists(left, right)
        : compareText(JSON.stringify(left), JSON.stringify(right));
    if (order !== 0) return order;
  }
  return 0;
}

function compareLists(a: readonly unknown[], b: readonly unknown[]): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let i = 0; i < a.length; i++) {
    const order = compareText(String(a[i]), String(b[i]));
    if (order !== 0) return order;
  }
  return 0;
}

/** By UTF-16 code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** 32-bit FNV-1a over the parts (each closed by a separator), finished by the murmur3 mixer; unsigned. */
export function stableHash(...parts: readonly string[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) hash = Math.imul(hash ^ part.charCodeAt(i), 0x01000193);
    hash = Math.imul(hash ^ 0xffff, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * The competitors among the ranked bids of one imp, in rank order. Refuses all but the best of bids with the same DSP
 * and id. Of the independent bids of a seat only the best competes, or a seat could set its own price; group bids
 * compete through their group.
 */
export function selectCompetitors(ranked: readonly Contender[]): Contender[] {
  const competitors: Contender[] = [];
  const firstOfDsp = new Map<string, Contender>();
  // Nearly every DSP bids once per imp, so sets are kept for the others only.
  let repeated: Map<string, DspBids> | null = null;
  for (const contender of ranked) {
    const { dspId } = contender.bid;
    const first = firstOfDsp.get(dspId);
    if (first === undefined) {
      firstOfDsp.set(dspId, contender);
    } else {
      repeated ??= new Map();
      let dspBids = repeated.get(dspId);
      if (dspBids === undefined) {
        dspBids = new DspBids(first);
        repeated.set(dspId, dspBids);
      }
      if (!dspBids.admits(contender)) continue;
    }
    if (contender.group === null) competitors.push(contender);
  }
  return competitors;
}

/** Bid ids and competing seats met so far of one DSP that bids more than once for an imp. */
class DspBids {
  readonly #bidIds = new Set<string>();
  readonly #seats = new Set<string | null>();

  constructor(first: Contender) {
    this.#bidIds.add(first.bid.bidId);
    if (first.group === null) this.#seats.add(first.bid.seat);
  }

  /** Whether a lower-ranked bid competes beside those before it; gives it its reason when not. */
  admits(contender: Contender): boolean {
    const { bidId, seat } = contender.bid;
    if (this.#bidIds.has(bidId)) return contender.refuse('duplicate-bid', 'id');
    this.#bidIds.add(bidId);
    if (contender.group !== null) return true;
    if (this.#seats.has(seat)) {
      contender.lose('outbid-by-own-seat');
      return false;
    }
    this.#seats.add(seat);
    return true;
  }
}
