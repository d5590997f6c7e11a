/** Requests, replies and rules by exception: what a test does not name has a neutral default. Not part of the product. */
import type { Bid, BidRequest } from '../../../openrtb/types.ts';
import { compileFloorRules } from '../../auction/floors.ts';
import { buildInput } from '../../auction/testing/build-input.ts';
import type { DspReply } from '../../dsp/reply.ts';
import type { EstimateSubject } from '../../estimation/click-estimates.ts';
import { requestFeatures } from '../../traffic/request-features.ts';
import { type AuctionTerms, auctionTerms, type ExchangeRules } from '../auction-terms.ts';
import { bidCandidate } from '../bid-candidate.ts';
import { type Decision, type DecisionRules, decideAuction, type HouseBid } from '../decision.ts';

/** One banner imp `1` of placement `top`, on a site of publisher `pub-1`. */
export function buildRequest(parts: Partial<BidRequest> = {}): BidRequest {
  return {
    id: 'request-1',
    imp: [{ id: '1', tagid: 'top', banner: { format: [{ w: 300, h: 250 }] } }],
    site: { domain: 'news.example', publisher: { id: 'pub-1' } },
    ...parts,
  };
}

export function buildWireBid(parts: Partial<Bid> = {}): Bid {
  return { id: 'bid-1', impid: '1', price: 1, adm: '<b>ad</b>', mtype: 1, ...parts };
}

interface ReplyParts {
  readonly seat?: string | null;
  readonly group?: boolean;
  readonly cur?: string;
  readonly bidid?: string | null;
}

/** A DSP's answer with all `bids` in one seat, named like the DSP unless said otherwise. */
export function bidReply(dspId: string, bids: readonly Partial<Bid>[], parts: ReplyParts = {}): DspReply {
  const { seat = `seat-of-${dspId}`, group = false, cur = 'USD', bidid = null } = parts;
  const seatbids = [{ seat, group, bids: bids.map(buildWireBid) }];
  return { ...noBidReply(dspId), result: 'bid', response: { id: 'request-1', bidid, cur, seatbids } };
}

export function noBidReply(dspId: string, parts: Partial<DspReply> = {}): DspReply {
  return {
    dspId,
    result: 'no-bid',
    detail: '',
    latencyMs: 5,
    nbr: null,
    response: null,
    dropped: [],
    diagnostics: [],
    ...parts,
  };
}

const CURRENCIES = { asOf: '2026-08-21', base: 'USD', rates: { EUR: 0.5, JPY: 100 } };

/** One EUR is two USD, one USD is 100 JPY; no floor rules, no increment. */
export function buildExchangeRules(parts: Partial<ExchangeRules> = {}): ExchangeRules {
  return {
    currency: 'USD',
    currencies: CURRENCIES,
    policy: buildInput({}).policy,
    secondPriceMechanism: 'gsp',
    placements: new Map(),
    floors: compileFloorRules([]),
    dspBlocks: {},
    ...parts,
  };
}

export function buildTerms(request: BidRequest, rules: ExchangeRules = buildExchangeRules()): AuctionTerms {
  return auctionTerms('auction-1', request, requestFeatures(request), rules, () => 0);
}

/** Of 1 January 2026, 12:00 UTC. */
export function buildSubject(request: BidRequest): EstimateSubject {
  return { request, features: requestFeatures(request), atMs: Date.UTC(2026, 0, 1, 12) };
}

export const DECISION_RULES: DecisionRules = {
  currencies: CURRENCIES,
  priors: {
    clicks: { banner: 0.001, video: 0.004, audio: 0.0005, native: 0.002 },
    conversions: { banner: 0.01, video: 0.02, audio: 0.03, native: 0.04 },
  },
  estimates: null,
  conversionEstimates: null,
  bidding: new Map(),
  isBilledByEvents: false,
};

/** What is decided when exactly these replies have come. */
export function buildDecision(request: BidRequest, replies: readonly DspReply[], rules = DECISION_RULES): Decision {
  return decideAuction(buildTerms(request), replies, rules, buildSubject(request));
}

/** A banner bid of our own line item, in the auction's currency, by exception. */
export function buildHouseBid(lineItemId: string, parts: Partial<HouseBid['candidate']> = {}): HouseBid {
  const bid = buildWireBid({ id: lineItemId, price: (parts.priceMicros ?? 1_000_000) / 1_000_000 });
  const origin = { dspId: 'house', seat: `seat-of-${lineItemId}`, groupKey: null, currency: 'USD', quality: 1 };
  const { index: _index, ...candidate } = bidCandidate(0, bid, { ...origin, pricing: 'cpm' }, DECISION_RULES.priors);
  return {
    candidate: { ...candidate, ...parts },
    bid,
    response: { id: 'request-1', bidid: null, cur: 'USD', seatbids: [] },
    house: {
      lineItemId,
      campaignId: `campaign-of-${lineItemId}`,
      advertiserId: `advertiser-of-${lineItemId}`,
      accountId: `account-of-${lineItemId}`,
      templates: null,
    },
  };
}
