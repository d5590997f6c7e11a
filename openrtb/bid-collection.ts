/** The bids of one response as they are read: usable ones by seat, the others with their reason. */
import { type BidFlaw, readBid } from './bid-rules.ts';
import { LossReason } from './codes.ts';
import type { Diagnostic } from './diagnostics.ts';
import type { Validator } from './json-schema.ts';
import { isJsonObject } from './mend.ts';
import type { MessageReading } from './message-reading.ts';
import type { Envelope, SeatEnvelope } from './response-envelope.ts';
import type { Bid } from './types.ts';

/** The usable bids of one seat. Seatbids that name the same seat are merged unless they are all-or-nothing. */
export interface ReadSeatBid {
  readonly seat: string | null;
  /** All of its bids win or none does. */
  readonly group: boolean;
  readonly bids: readonly Bid[];
}

/** A bid that is unusable by itself. It still deserves its lurl, with this reason. */
export interface DroppedBid {
  readonly bidId: string | null;
  readonly impId: string | null;
  readonly lossReason: LossReason;
  readonly diagnostic: Diagnostic;
  /** What its loss notice needs; null when the bid names no lurl. */
  readonly notice: DroppedBidNotice | null;
}

export interface DroppedBidNotice {
  readonly lurl: string;
  /** Of the response. */
  readonly bidid: string | null;
  readonly cur: string;
  readonly seat: string | null;
  readonly adId: string | null;
}

const NOT_AN_OBJECT: BidFlaw = {
  code: 'not-an-object',
  message: 'Bid must be an object',
  key: null,
  lossReason: LossReason.InvalidBidResponse,
};

const DUPLICATE_ID: BidFlaw = {
  code: 'duplicate-bid-id',
  message: 'an earlier bid of the response has the same id',
  key: 'id',
  lossReason: LossReason.InvalidBidResponse,
};

const BROKEN_GROUP: BidFlaw = {
  code: 'broken-group',
  message: 'another bid of its all-or-nothing group cannot be used',
  key: null,
  lossReason: LossReason.LostToHigherBid,
};

/** A bid of which nothing is certain. */
interface RawBid {
  readonly id?: unknown;
  readonly impid?: unknown;
  readonly adid?: unknown;
  readonly lurl?: unknown;
}

export class BidCollection {
  readonly seatbids: { readonly seat: string | null; readonly group: boolean; readonly bids: Bid[] }[] = [];
  readonly dropped: DroppedBid[] = [];
  readonly #envelope: Envelope;
  readonly #reading: MessageReading;
  /** Null when the whole response satisfies the schema. */
  readonly #isFinal: Validator | null;
  readonly #ids = new Set<string>();
  #seat: string | null = null;

  constructor(envelope: Envelope, reading: MessageReading, isFinal: Validator | null) {
    this.#envelope = envelope;
    this.#reading = reading;
    this.#isFinal = isFinal;
  }

  /** Reads the bids of the seat at the current place. */
  addSeat(seat: SeatEnvelope): void {
    const bids: Bid[] = [];
    this.#seat = seat.seat;
    this.#reading.enter('bid');
    for (const [index, raw] of seat.rawBids.entries()) {
      if (raw === null) continue;
      this.#reading.enter(index);
      const bid = this.#readOne(raw);
      if (bid !== null) bids.push(bid);
      this.#reading.leave();
    }
    const isBroken = seat.group && bids.length < seat.rawBids.filter((raw) => raw !== null).length;
    if (isBroken) this.#dropAll(bids);
    this.#reading.leave();
    if (bids.length > 0 && !isBroken) this.#keep(seat, bids);
  }

  /** A group wins as a whole or not at all, so one unusable bid loses the others too. */
  #dropAll(bids: readonly Bid[]): void {
    for (const bid of bids) this.#drop(bid, BROKEN_GROUP);
  }

  #readOne(raw: unknown): Bid | null {
    if (!isJsonObject(raw)) return this.#drop({}, NOT_AN_OBJECT);
    const result = readBid(raw, this.#isFinal === null || this.#isFinal(raw), this.#reading);
    if (result.kind === 'flawed') return this.#drop(raw, result);
    const { bid } = result;
    if (this.#ids.has(bid.id)) return this.#drop(bid, DUPLICATE_ID);
    this.#ids.add(bid.id);
    return bid;
  }

  #drop(bid: RawBid, flaw: BidFlaw): null {
    const below = flaw.key === null ? [] : [flaw.key];
    const diagnostic = this.#reading.find(flaw.code, flaw.message, ...below);
    this.dropped.push({
      bidId: textOf(bid.id),
      impId: textOf(bid.impid),
      lossReason: flaw.lossReason,
      diagnostic,
      notice: this.#noticeOf(bid),
    });
    return null;
  }

  #noticeOf(bid: RawBid): DroppedBidNotice | null {
    const lurl = textOf(bid.lurl);
    if (lurl === null) return null;
    const { bidid, cur } = this.#envelope;
    return { lurl, bidid, cur, seat: this.#seat, adId: textOf(bid.adid) };
  }

  #keep(seat: SeatEnvelope, bids: Bid[]): void {
    const sameSeat =
      seat.group || seat.seat === null
        ? undefined
        : this.seatbids.find((kept) => kept.seat === seat.seat && !kept.group);
    if (sameSeat) sameSeat.bids.push(...bids);
    else this.seatbids.push({ seat: seat.seat, group: seat.group, bids });
  }
}

function textOf(id: unknown): string | null {
  if (typeof id === 'string' && id !== '') return id;
  return typeof id === 'number' ? String(id) : null;
}
