/** What an auction was answered, as whoever shows the ad sees it: a price, and tokens in its markup. */
import type { Bid, BidResponse } from '../../../openrtb/types.ts';

export type TellingType = 'impression' | 'click' | 'conversion';

/** What may be told of an ad, and what we were answered to it. */
export interface Telling {
  /** Auction id, imp id and type: what the ledger calls it. */
  readonly key: string;
  readonly type: TellingType;
  readonly ad: Ad;
  readonly token: string;
  /** A visitor is about to. */
  isPlanned: boolean;
  /** Calls that were begun: with one, it may be in the ledger. */
  sent: number;
  /** Answers that said it is stored: with one, it must be. */
  acknowledged: number;
  /** Of the first of them, monotonic ms. */
  acknowledgedAtMs: number | null;
}

export interface Ad {
  readonly requestId: string;
  readonly auctionId: string;
  readonly placement: string;
  /** Of the answer, per mille. */
  readonly price: number;
  /** Which of the three is paid, and how much, in nanos: the price of the answer, or what the signed URL says of a click. */
  readonly paidBy: TellingType;
  readonly amount: bigint;
  /** When it was answered, monotonic ms, by which engine in which of its lives. */
  readonly atMs: number;
  readonly seller: string;
  readonly life: number;
  readonly tellings: Map<TellingType, Telling>;
}

const TOKEN = /\/event\?t=([A-Za-z0-9_-]+)/g;

export function tellingOf(ad: Ad, type: TellingType, token: string): Telling {
  const key = `${ad.auctionId}/1/${type}`;
  const telling: Telling = { key, type, ad, token, isPlanned: false, sent: 0, acknowledged: 0, acknowledgedAtMs: null };
  ad.tellings.set(type, telling);
  return telling;
}

/** The one ad of an answer, with its impression and, where the markup leads through us, its click. Null: none. */
export function adIn(
  answer: BidResponse,
  told: Omit<Ad, 'auctionId' | 'price' | 'paidBy' | 'amount' | 'tellings'>,
): Ad | null {
  const bid = answer.seatbid?.[0]?.bid[0];
  if (bid === undefined) return null;
  const [shown, clicked] = tokensIn(bid);
  const claim = claimOf(shown!);
  const paidBy = claim.billedBy;
  const amount = paidBy === 'impression' ? BigInt(Math.round(bid.price * 1e6)) : BigInt(claim.amount);
  const ad: Ad = { ...told, auctionId: answer.bidid!, price: bid.price, paidBy, amount, tellings: new Map() };
  tellingOf(ad, 'impression', shown!);
  if (clicked !== undefined) tellingOf(ad, 'click', clicked);
  return ad;
}

/** Of an impression, then of a click. */
function tokensIn({ adm }: Bid): string[] {
  const markup = adm!;
  if (!markup.startsWith('{')) return [...markup.matchAll(TOKEN)].map((match) => match[1]!);
  const { imptrackers, link } = JSON.parse(markup) as { imptrackers: string[]; link: { clicktrackers: string[] } };
  return [...imptrackers, ...link.clicktrackers].flatMap((url) => [...url.matchAll(TOKEN)].map((match) => match[1]!));
}

const HEAD_BYTES = 18;
const TAG_BYTES = 16;

/** What stands in it to be read by anybody (docs/tracking.md). */
function claimOf(token: string): { readonly billedBy: TellingType; readonly amount: number } {
  const bytes = Buffer.from(token, 'base64url');
  const body = JSON.parse(bytes.toString('utf8', HEAD_BYTES, bytes.length - TAG_BYTES)) as unknown[];
  return { billedBy: body[6] as TellingType, amount: body[7] as number };
}

/** Where a click leads carries the token of a conversion. */
export function conversionIn(location: string): string | null {
  return new URL(location).searchParams.get('c');
}
