/** The functions that run once or more per auction, alone and warm. */
import { decisionRules } from '../config/engine-options.ts';
import { loadConfig } from '../config/load.ts';
import { clearAuction } from '../engine/auction/clear.ts';
import { compileFloorRules } from '../engine/auction/floors.ts';
import type { AuctionInput, AuctionOutcome } from '../engine/auction/types.ts';
import { auctionTerms } from '../engine/exchange/auction-terms.ts';
import { bidCandidate } from '../engine/exchange/bid-candidate.ts';
import { requestFeatures } from '../engine/traffic/request-features.ts';
import { compileMacros, type MacroValues, renderMacros } from '../openrtb/macros.ts';
import { createRequestReader, type RequestReading } from '../openrtb/read-request.ts';
import { createResponseReader } from '../openrtb/read-response.ts';
import type { BidRequest } from '../openrtb/types.ts';
import { adRequest } from './payloads/ad-request.ts';
import { bidAnswers } from './payloads/bid-answers.ts';
import { creative } from './payloads/creative.ts';
import type { TimedFunction } from './timed-function.ts';

/** As many different inputs as are looked at in turn: one alone would let the compiler learn it by heart. */
const INPUTS = 64;
const REQUEST_BYTES = 2048;
const CREATIVE_BYTES = 1024;
const BIDS = 50;

/** Bytes to a request in final shape: limits, parsing, schema, rules. */
export function readingOfRequest(): TimedFunction<Uint8Array, RequestReading> {
  const read = createRequestReader();
  return {
    name: 'validate.2kb_us',
    inputs: numbered((index) => Buffer.from(adRequest(`request-${String(index).padStart(2, '0')}`, REQUEST_BYTES))),
    run: (body) => read(body),
    checksum: (reading) => (reading.kind === 'ok' ? reading.request.imp.length : Number.NaN),
  };
}

/** The decision of one second-price auction: eligibility, ranking, price, and the verdict on every bid. */
export function clearingOfBids(seed: number): TimedFunction<AuctionInput, AuctionOutcome> {
  return {
    name: 'gsp.50_us',
    inputs: auctionInputs(seed),
    run: clearAuction,
    checksum: ({ wins, bids }) => wins[0]!.clearingCpmMicros + bids.length,
  };
}

/** Finding and filling the macros of one creative. */
export function fillingOfMacros(): TimedFunction<MacroValues, string> {
  const markup = creative(CREATIVE_BYTES);
  return {
    name: 'macros.us',
    inputs: numbered(macroValues),
    run: (values) => renderMacros(compileMacros(markup), values),
    checksum: (text) => text.length,
  };
}

function numbered<T>(make: (index: number) => T): T[] {
  return Array.from({ length: INPUTS }, (_, index) => make(index));
}

function macroValues(index: number): MacroValues {
  return {
    AUCTION_ID: `request-${index}`,
    AUCTION_BID_ID: `response-${index}`,
    AUCTION_PRICE: String(1 + index / 100),
    AUCTION_CURRENCY: 'USD',
    AUCTION_IMP_ID: '1',
    AUCTION_SEAT_ID: `seat-${index}`,
    AUCTION_AD_ID: `ad-${index}`,
  };
}

/** One request with 50 bids, each read from an answer as over the wire; the inputs differ in the prices. */
function auctionInputs(seed: number): AuctionInput[] {
  const config = loadConfig({ file: null, environment: {}, overrides: {} });
  const { currency } = config.exchange;
  const rules = {
    currency,
    currencies: config.currencies,
    policy: config.auction,
    secondPriceMechanism: 'gsp',
    placements: new Map(),
    floors: compileFloorRules([]),
    dspBlocks: {},
  } as const;
  const request = readRequest();
  const readResponse = createResponseReader();
  const { priors } = decisionRules(config, null);
  const answers = Array.from({ length: BIDS }, (_, dspIndex) => bidAnswers(dspIndex, seed));

  const bidOf = (dspIndex: number, inputIndex: number) => {
    const [head, tail] = answers[dspIndex]![(inputIndex + Math.floor(inputIndex / 16) * dspIndex) % 16]!;
    const reading = readResponse(Buffer.from(head + request.id + tail), { requestId: request.id });
    if (reading.kind !== 'bids') throw new Error(`a bid answer is ${reading.kind}`);
    const { seat, bids } = reading.response.seatbids[0]!;
    const origin = {
      dspId: `stub-${dspIndex}`,
      seat,
      groupKey: null,
      currency: reading.response.cur,
      pricing: 'cpm',
      quality: 1,
    } as const;
    return bidCandidate(dspIndex, bids[0]!, origin, priors);
  };

  return numbered((inputIndex) => ({
    ...auctionTerms(`auction-${inputIndex}`, request, requestFeatures(request), rules, () => 0),
    conversionRates: { [currency]: 1 },
    bids: answers.map((_, dspIndex) => bidOf(dspIndex, inputIndex)),
  }));
}

function readRequest(): BidRequest {
  const reading = createRequestReader()(Buffer.from(adRequest('request', REQUEST_BYTES)));
  if (reading.kind !== 'ok') throw new Error(`the request is refused: ${reading.diagnostic.message}`);
  return reading.request;
}
