/** Bytes from a DSP to bids in final shape, a no-bid, or an invalid response. */
import { BIDS_MAX, BidCollection, type DroppedBid, type ReadSeatBid } from './bid-collection.ts';
import { LossReason } from './codes.ts';
import type { Diagnostic, Strictness } from './diagnostics.ts';
import { decodeJsonText, type GuardLimits, guardJson, RESPONSE_LIMITS } from './json-guard.ts';
import { compileValidator, type Validator } from './json-schema.ts';
import { isJsonObject, type JsonObject } from './mend.ts';
import { MessageReading } from './message-reading.ts';
import { parseJson } from './parse-json.ts';
import type { RuleCode } from './policy.ts';
import { type Envelope, readEnvelope, readSeat } from './response-envelope.ts';

export type { DroppedBid, DroppedBidNotice, ReadSeatBid } from './bid-collection.ts';
export { type MarkupKind, sniffMarkup } from './markup.ts';

export interface ReadResponse {
  readonly id: string;
  readonly bidid: string | null;
  /** Upper case; USD when the response names none. */
  readonly cur: string;
  readonly seatbids: readonly ReadSeatBid[];
}

export type ResponseReading =
  | {
      readonly kind: 'bids';
      readonly response: ReadResponse;
      readonly dropped: readonly DroppedBid[];
      readonly diagnostics: readonly Diagnostic[];
    }
  | {
      /** Every empty form, and a response of which no bid was usable (`dropped` tells them apart). */
      readonly kind: 'no-bid';
      readonly nbr: number | null;
      readonly dropped: readonly DroppedBid[];
      readonly diagnostics: readonly Diagnostic[];
    }
  | {
      readonly kind: 'invalid';
      /** `InvalidBidResponse` or `InvalidAuctionId`. */
      readonly lossReason: LossReason;
      readonly diagnostic: Diagnostic;
      readonly diagnostics: readonly Diagnostic[];
    };

export interface ResponseContext {
  /** BidRequest.id as it was sent to this DSP. */
  readonly requestId: string;
  readonly strictness?: Strictness;
}

export interface ResponseReaderOptions {
  readonly limits?: GuardLimits;
}

/** Never throws, whatever the bytes are. Judges the body of a 200; other statuses are the caller's. */
export type ResponseReader = (body: Uint8Array, context: ResponseContext) => ResponseReading;

/** Compiles the schemas: call once, at start. */
export function createResponseReader(options: ResponseReaderOptions = {}): ResponseReader {
  const limits = options.limits ?? RESPONSE_LIMITS;
  const validators: Validators = { response: compileValidator('response'), bid: compileValidator('bid') };
  return (body, context) => {
    if (body.length === 0) return { kind: 'no-bid', nbr: null, dropped: [], diagnostics: [] };
    const strictness = context.strictness ?? 'default';
    const violation = guardJson(body, limits);
    if (violation !== null) return invalidUnparsed(violation.code, violation.message, strictness);
    const text = decodeJsonText(body);
    const raw = parseJson(text);
    if (raw === undefined && text.trim() === '') return { kind: 'no-bid', nbr: null, dropped: [], diagnostics: [] };
    if (raw === undefined) return invalidUnparsed('not-json', 'is not valid JSON', strictness);
    if (!isJsonObject(raw)) return invalidUnparsed('root-not-object', 'must be a JSON object', strictness);
    return readObject(raw, context, new MessageReading(strictness, text), validators);
  };
}

interface Validators {
  readonly response: Validator;
  readonly bid: Validator;
}

function invalidUnparsed(code: RuleCode, message: string, strictness: Strictness): ResponseReading {
  const reading = new MessageReading(strictness, '');
  reading.report(code, message);
  return invalid(reading);
}

function invalid(reading: MessageReading): ResponseReading {
  const { rejection, diagnostics } = reading;
  const isOtherAuction = rejection!.code === 'response-id-differs' || rejection!.code === 'response-id-missing';
  const lossReason = isOtherAuction ? LossReason.InvalidAuctionId : LossReason.InvalidBidResponse;
  return { kind: 'invalid', lossReason, diagnostic: rejection!, diagnostics };
}

function readObject(
  raw: JsonObject,
  context: ResponseContext,
  reading: MessageReading,
  validators: Validators,
): ResponseReading {
  // Beyond the bids that are read, nothing is worth a look.
  const isFinal = countBids(raw) <= BIDS_MAX && validators.response(raw);
  const envelope = readEnvelope(raw, isFinal, reading);
  if (envelope === null) return invalid(reading);
  const bids = readSeats(envelope, reading, isFinal ? null : validators.bid);
  // A no-bid for another auction is still a no-bid: there is nothing in it that could win.
  if (bids.seatbids.length > 0) judgeResponseId(envelope, context, reading);
  if (reading.rejection !== null) return invalid(reading);
  const { dropped, seatbids } = bids;
  const { diagnostics } = reading;
  if (seatbids.length === 0) return { kind: 'no-bid', nbr: envelope.nbr, dropped, diagnostics };
  const { bidid, cur } = envelope;
  return { kind: 'bids', response: { id: context.requestId, bidid, cur, seatbids }, dropped, diagnostics };
}

function countBids(raw: JsonObject): number {
  if (!Array.isArray(raw.seatbid)) return 0;
  let count = 0;
  for (const seat of raw.seatbid) {
    const bids: unknown = seat?.bid;
    if (Array.isArray(bids)) count += bids.length;
  }
  return count;
}

function readSeats(envelope: Envelope, reading: MessageReading, isFinalBid: Validator | null): BidCollection {
  const bids = new BidCollection(envelope, reading, isFinalBid);
  reading.enter('seatbid');
  for (let index = 0; index < envelope.rawSeats.length; index++) {
    reading.enter(index);
    const seat = readSeat(envelope.rawSeats[index], isFinalBid === null, reading);
    if (seat !== null) bids.addSeat(seat);
    reading.leave();
  }
  reading.leave();
  return bids;
}

/** A response without id is tied to the request by its connection. */
function judgeResponseId(envelope: Envelope, context: ResponseContext, reading: MessageReading): void {
  if (envelope.id === null) reading.report('response-id-missing', 'needs the id of the request', 'id');
  else if (envelope.id !== context.requestId)
    reading.report('response-id-differs', 'is not the id of the request', 'id');
}
