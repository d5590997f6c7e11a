/** The frame around the bids: response and seats. Bids are left raw, so that a bad one costs nothing but itself. */
import { isJsonObject, isPresent, type JsonObject, mendFields } from './mend.ts';
import type { MessageReading } from './message-reading.ts';
import type { ObjectModel } from './model/field.ts';
import { bidResponse, seatBid } from './model/response-objects.ts';

export interface Envelope {
  readonly id: string | null;
  readonly bidid: string | null;
  readonly cur: string;
  readonly nbr: number | null;
  readonly rawSeats: readonly unknown[];
}

export interface SeatEnvelope {
  readonly seat: string | null;
  readonly group: boolean;
  readonly rawBids: readonly unknown[];
}

const responseFrame = frameOf(bidResponse, 'seatbid');
const seatFrame = frameOf(seatBid, 'bid');

/** Null when the response cannot be used; the rejection is then in `reading`. */
export function readEnvelope(raw: JsonObject, isFinal: boolean, reading: MessageReading): Envelope | null {
  if (isPresent(raw.seatbid) && !Array.isArray(raw.seatbid)) {
    reading.report('seatbid-not-array', 'must be an array', 'seatbid');
    return null;
  }
  const fields = isFinal ? raw : mendFields(responseFrame, raw, reading);
  if (fields === undefined) {
    const cause = reading.diagnostics.find(({ severity }) => severity === 'drop' || severity === 'reject')!;
    reading.reject({ ...cause, severity: 'reject' });
    return null;
  }
  return {
    id: (fields.id as string | undefined) ?? null,
    bidid: (fields.bidid as string | undefined) ?? null,
    cur: currencyOf(fields.cur as string | undefined, reading),
    nbr: (fields.nbr as number | undefined) ?? null,
    rawSeats: (raw.seatbid as readonly unknown[] | null | undefined) || [],
  };
}

/** Null when the seat holds nothing to read. An empty seat is a way to say no-bid and needs no finding. */
export function readSeat(raw: unknown, isFinal: boolean, reading: MessageReading): SeatEnvelope | null {
  if (!isJsonObject(raw)) {
    if (raw !== null) reading.report('not-an-object', 'SeatBid must be an object');
    return null;
  }
  if (!isPresent(raw.bid)) return null;
  if (!Array.isArray(raw.bid)) {
    reading.report('bid-not-array', 'must be an array; the seat is left out', 'bid');
    return null;
  }
  const fields = isFinal ? raw : mendFields(seatFrame, raw, reading);
  if (fields === undefined) return null;
  return { seat: (fields.seat as string | undefined) ?? null, group: fields.group === 1, rawBids: raw.bid };
}

function currencyOf(currency: string | undefined, reading: MessageReading): string {
  if (currency === undefined) return 'USD';
  const upper = currency.toUpperCase();
  if (upper !== currency) reading.report('currency-case', 'currencies are upper case; converted', 'cur');
  return upper;
}

function frameOf(model: ObjectModel, content: string): ObjectModel {
  return { ...model, fields: new Map([...model.fields].filter(([key]) => key !== content)) };
}
