/** The requests of a history, each with all that was seen of it. */
import { TRACKED_CODES } from '../../../engine/markup/tracked-codes.ts';
import { type Claim, readClaim } from '../../../engine/tracking/claim.ts';
import { compileValidator } from '../../../openrtb/json-schema.ts';
import type { BidRequest, BidResponse } from '../../../openrtb/types.ts';
import type { History, Observation, Offer } from '../history.ts';

export interface AuctionSeen {
  readonly requestId: string;
  readonly process: string;
  readonly request: BidRequest;
  readonly sentAtMs: number;
  arrivedAtMs: number | null;
  readonly answers: AnswerSeen[];
  /** At the publisher, of the first one. */
  answerArrivedAtMs: number | null;
  /** No answer can be expected: its way is cut, or the publisher has hung up. */
  givenUpAtMs: number | null;
  readonly calls: CallSeen[];
}

export interface AnswerSeen {
  readonly leftAtMs: number;
  readonly status: number;
  readonly body: unknown;
}

export interface CallSeen {
  readonly dspId: string;
  readonly process: string;
  readonly sentAtMs: number;
  readonly tmaxMs: number;
  replyArrivedAtMs: number | null;
  offers: readonly Offer[];
}

const known = new WeakMap<History, ReadonlyMap<string, AuctionSeen>>();

/** By request. Read once for each history. */
export function auctionsSeen(history: History): ReadonlyMap<string, AuctionSeen> {
  const before = known.get(history);
  if (before !== undefined) return before;
  const auctions = readAuctions(history.observations);
  known.set(history, auctions);
  return auctions;
}

function readAuctions(observations: readonly Observation[]): ReadonlyMap<string, AuctionSeen> {
  const auctions = new Map<string, AuctionSeen>();
  const calls = new Map<string, CallSeen>();
  for (const seen of observations) {
    switch (seen.kind) {
      case 'request-sent':
        auctions.set(seen.requestId, begin(seen));
        break;
      case 'request-arrived':
        auctions.get(seen.requestId)!.arrivedAtMs = seen.atMs;
        break;
      case 'answer-left':
        auctions.get(seen.requestId)!.answers.push({ leftAtMs: seen.atMs, status: seen.status, body: seen.body });
        break;
      case 'answer-arrived':
        auctions.get(seen.requestId)!.answerArrivedAtMs ??= seen.atMs;
        break;
      case 'request-lost':
      case 'request-cancelled':
        auctions.get(seen.requestId)!.givenUpAtMs ??= seen.atMs;
        break;
      case 'call-sent': {
        const { dspId, process, atMs: sentAtMs, tmaxMs } = seen;
        const call: CallSeen = { dspId, process, sentAtMs, tmaxMs, replyArrivedAtMs: null, offers: [] };
        calls.set(seen.callId, call);
        auctions.get(seen.requestId)?.calls.push(call);
        break;
      }
      case 'reply-arrived':
        Object.assign(calls.get(seen.callId)!, { replyArrivedAtMs: seen.atMs, offers: seen.offers });
        break;
    }
  }
  return auctions;
}

function begin(sent: Extract<Observation, { kind: 'request-sent' }>): AuctionSeen {
  const { requestId, process, request, atMs: sentAtMs } = sent;
  return {
    requestId,
    process,
    request,
    sentAtMs,
    arrivedAtMs: null,
    answers: [],
    answerArrivedAtMs: null,
    givenUpAtMs: null,
    calls: [],
  };
}

/** One ad in an answer. */
export interface AdSeen {
  /** `AUCTION/IMP`: its keys in the books begin so. */
  readonly name: string;
  readonly bidId: string;
  readonly impId: string;
  readonly creativeId: string;
  readonly seat: string;
  readonly currency: string;
  readonly priceCpmMicros: number;
  /** What its tracking URLs claim; null: there is none in its markup. */
  readonly claim: Claim | null;
}

const knownAds = new WeakMap<History, readonly AdSeen[]>();

/** In all answers with status 200, in the order of the requests. */
export function adsSeen(history: History): readonly AdSeen[] {
  const before = knownAds.get(history);
  if (before !== undefined) return before;
  const ads: AdSeen[] = [];
  for (const auction of auctionsSeen(history).values()) {
    for (const { status, body } of auction.answers) if (status === 200) ads.push(...(adsIn(body) ?? []));
  }
  knownAds.set(history, ads);
  return ads;
}

const adsByBody = new WeakMap<object, readonly AdSeen[]>();
const isResponse = compileValidator('response');

/** Null: it is no valid OpenRTB. Each body is read once. */
export function adsIn(body: unknown): readonly AdSeen[] | null {
  if (typeof body !== 'object' || body === null) return null;
  let ads = adsByBody.get(body);
  if (ads === undefined) {
    if (!isResponse(body)) return null;
    ads = readAds(body as BidResponse);
    adsByBody.set(body, ads);
  }
  return ads;
}

function readAds({ bidid = '', cur = 'USD', seatbid = [] }: BidResponse): AdSeen[] {
  return seatbid.flatMap(({ seat = '', bid }) =>
    bid.map((each) => ({
      name: `${bidid}/${each.impid}`,
      bidId: each.id,
      impId: each.impid,
      creativeId: each.crid ?? '',
      seat,
      currency: cur,
      priceCpmMicros: Math.round(each.price * 1_000_000),
      claim: claimIn(each.adm ?? ''),
    })),
  );
}

const TRACKING_URL = /\/event\?t=([A-Za-z0-9_-]+)/;
/** Of a token (docs/tracking.md): version, code, key id, expiry and nonce in front of its body, the tag behind. */
const CODE_AT = 1;
const BODY_AT = 18;
const TAG_BYTES = 16;

/** The first URL's: all URLs of an ad claim the same sale. Whether it is signed is for the engine to ask. */
function claimIn(markup: string): Claim | null {
  const token = TRACKING_URL.exec(markup)?.[1];
  if (token === undefined) return null;
  const bytes = Buffer.from(token, 'base64url');
  const code = bytes[CODE_AT] ?? TRACKED_CODES.length;
  return readClaim({ code, body: bytes.toString('utf8', BODY_AT, bytes.length - TAG_BYTES) });
}
