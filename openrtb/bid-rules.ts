/** What a bid must be by itself, whatever was asked for. Rules that need the request are the auction's. */
import { LossReason, MarkupType } from './codes.ts';
import { readDomains } from './domain-list.ts';
import { isPresent, type JsonObject, mendObject } from './mend.ts';
import type { MessageReading } from './message-reading.ts';
import type { ObjectModel } from './model/field.ts';
import { bid as bidModel } from './model/response-objects.ts';
import { readMarkup } from './native-markup.ts';
import type { RuleCode } from './policy.ts';
import type { Bid, Mutable } from './types.ts';

/** Why a bid cannot take part. Not reported yet. */
export interface BidFlaw {
  readonly code: RuleCode;
  readonly message: string;
  /** The field that is to blame, if one is. */
  readonly key: string | null;
  readonly lossReason: LossReason;
}

export type BidReading = { readonly kind: 'bid'; readonly bid: Bid } | ({ readonly kind: 'flawed' } & BidFlaw);

/** Judges one element of `seatbid.bid`; `isFinal` tells that it satisfies the schema. */
export function readBid(raw: JsonObject, isFinal: boolean, reading: MessageReading): BidReading {
  const fields = isFinal ? raw : mendBid(raw, reading);
  if (fields.adm !== undefined) fields.adm = readMarkup(fields.adm, reading);
  if (typeof fields.adm === 'string' && !/\S/.test(fields.adm)) delete fields.adm;
  const flaw = flawOf(fields, raw);
  if (flaw !== null) return { kind: 'flawed', ...flaw };
  const bid = fields as unknown as Mutable<Bid>;
  applyCreativeRules(bid, reading);
  return { kind: 'bid', bid };
}

/**
 * Identity, money, notices, and what blocks are matched with: without one of these it would be another bid, so one that
 * is too long costs the bid. All others are left out.
 */
const DECISIVE_TEXTS: readonly (keyof Bid)[] = [
  'id',
  'impid',
  'adid',
  'crid',
  'dealid',
  'bundle',
  'language',
  'langb',
  'nurl',
  'burl',
  'lurl',
];

function isDecisive(key: string): boolean {
  return (DECISIVE_TEXTS as readonly string[]).includes(key);
}

/** What is missing or too long is judged below, with its own reason; a media type is never guessed from a string. */
const mendableBid: ObjectModel = {
  ...bidModel,
  fields: new Map(
    [...bidModel.fields]
      .filter(([key]) => key !== 'mtype')
      .map(([key, { lengthMax, ...field }]) => [
        key,
        isDecisive(key) || lengthMax === undefined ? field : { ...field, lengthMax },
      ]),
  ),
  required: [],
};

function mendBid(raw: JsonObject, reading: MessageReading): JsonObject {
  // Without required and critical fields there is nothing that could make the object unusable.
  const fields = mendObject(mendableBid, raw, reading)!;
  if (isMarkupType(raw.mtype)) fields.mtype = raw.mtype;
  return fields;
}

function isMarkupType(mtype: unknown): boolean {
  return Number.isInteger(mtype) && (mtype as number) >= MarkupType.Banner && (mtype as number) <= MarkupType.Native;
}

/** In the order of the reasons: identity, then money, then media. */
function flawOf(fields: JsonObject, raw: JsonObject): BidFlaw | null {
  if (fields.id === undefined) return MISSING_ID;
  if (fields.impid === undefined) return MISSING_IMPID;
  for (const flaw of TOO_LONG) {
    const text = fields[flaw.key] as string | undefined;
    if (text !== undefined && text.length > flaw.lengthMax) return flaw;
  }
  // 1e999 parses to Infinity: a price, but no honest one.
  if (typeof raw.price === 'number' && !Number.isFinite(raw.price)) return PRICE_NOT_POSITIVE;
  const price = fields.price as number | undefined;
  if (price === undefined) return MISSING_PRICE;
  // A bid of 0 for a deal is well formed and passed on, as Prebid Server does; the auction judges it.
  if (price < 0 || (price === 0 && fields.dealid === undefined)) return PRICE_NOT_POSITIVE;
  if (isPresent(raw.mtype) && !isMarkupType(raw.mtype)) return UNKNOWN_MTYPE;
  return fields.adm === undefined && fields.nurl === undefined ? MISSING_MARKUP : null;
}

const TOO_LONG = DECISIVE_TEXTS.map((key) => {
  const lengthMax = bidModel.fields.get(key)!.lengthMax!;
  return {
    code: 'bid-text-too-long',
    message: `must be of at most ${lengthMax} characters`,
    key,
    lossReason: LossReason.InvalidBidResponse,
    lengthMax,
  } as const;
});

const PRICE_NOT_POSITIVE: BidFlaw = {
  code: 'price-not-positive',
  message: 'must be a finite decimal above 0, or 0 with a dealid',
  key: 'price',
  lossReason: LossReason.InvalidBidResponse,
};

const UNKNOWN_MTYPE: BidFlaw = {
  code: 'unknown-mtype',
  message: 'must be 1, 2, 3 or 4',
  key: 'mtype',
  lossReason: LossReason.CreativeFilteredFormat,
};

const MISSING_ID: BidFlaw = {
  code: 'missing-bid-id',
  message: 'needs an id',
  key: 'id',
  lossReason: LossReason.InvalidBidResponse,
};

const MISSING_IMPID: BidFlaw = {
  code: 'missing-impid',
  message: 'needs the id of its imp',
  key: 'impid',
  lossReason: LossReason.InvalidBidResponse,
};

const MISSING_PRICE: BidFlaw = {
  code: 'missing-price',
  message: 'needs a plain decimal price',
  key: 'price',
  lossReason: LossReason.MissingPrice,
};

const MISSING_MARKUP: BidFlaw = {
  code: 'missing-markup',
  message: 'needs adm, or nurl to fetch the markup from',
  key: 'adm',
  lossReason: LossReason.MissingMarkup,
};

function applyCreativeRules(bid: Mutable<Bid>, reading: MessageReading): void {
  if (!bid.adomain?.length) {
    reading.report('missing-advertiser-domain', 'has no advertiser domain', 'adomain');
  } else {
    bid.adomain = readDomains(bid.adomain, 'adomain', 'advertiser-domain-not-bare', reading);
  }
  if (bid.crid === undefined) reading.report('missing-creative-id', 'has no creative id', 'crid');
  if (bid.api !== undefined) reading.report('deprecated-field', 'deprecated since 2.6: use apis', 'api');
}
