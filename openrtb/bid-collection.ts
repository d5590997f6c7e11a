/** The bids of one response as they are read: usable ones by seat, the others with their reason. */
import { type BidFlaw, readBid } from './bid-rules.ts';
import { LossReason } from './codes.ts';
import type { Diagnostic } from './diagnostics.ts';
import { identifierOf } from './identifier.ts';
import type { Validator } from './json-schema.ts';
import { URL_LENGTH_MAX } from './lengths.ts';
import { isJsonObject } from './mend.ts';
import type { MessageReading } from './message-reading.ts';
import type { RuleCode } from './policy.ts';
import type { Envelope, SeatEnvelope } from './response-envelope.ts';
import type { Bid } from './types.ts';

/** Bids read of one response, over all seats. Each costs a place in the auction, a notice and a stored event. */
export const BIDS_MAX = 500;

/** All-or-nothing groups read of one response: the auction weighs them against each other. */
export const GROUPS_MAX = 16;

/** The usable bids of one seat. Seatbids that name the same seat are merged unless they are all-or-nothing. */
export interface ReadSeatBid {
  readonly seat: string | null;
  /** All of its bids win or none does. */
  readonly group: boolean;
  readonly bids: readonly Bid[];
}

/**
 * A bid that is unusable by itself. It still deserves its lurl, with this reason. One entry without ids and notice
 * stands for all the bids (or groups) that are too many: they are not looked at.
 */
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

const TOO_MANY_BIDS: BidFlaw = {
  code: 'too-many-bids',
  message: `holds more than ${BIDS_MAX} bids with those before; the others are not read`,
  key: null,
  lossReason: LossReason.InvalidBidResponse,
};

const TOO_MANY_GROUPS: BidFlaw = {
  code: 'too-many-groups',
  message: `follows ${GROUPS_MAX} groups; the others are not read`,
  key: null,
  lossReason: LossReason.InvalidBidResponse,
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
  /** Most responses hold one bid: the set begins with the second. */
  #firstId: string | null = null;
  #otherIds: Set<string> | null = null;
  readonly #surplus: RuleCode[] = [];
  #bidsLeft = BIDS_MAX;
  #groupsLeft = GROUPS_MAX;
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
    const count = this.#admit(seat);
    for (let index = 0; index < count; index++) {
      const raw = seat.rawBids[index];
      if (raw === null) continue;
      this.#reading.enter(index);
      const bid = this.#readOne(raw);
      if (bid !== null) bids.push(bid);
      this.#reading.leave();
    }
    const isBroken = seat.group && count > 0 && bids.length < seat.rawBids.filter((raw) => raw !== null).length;
    if (isBroken) this.#dropAll(bids);
    this.#reading.leave();
    if (bids.length > 0 && !isBroken) this.#keep(seat, bids);
  }

  /** How many bids of the seat are read: a group as a whole or not at all. */
  #admit({ group, rawBids }: SeatEnvelope): number {
    if (rawBids.length === 0) return 0;
    const isGroupTooMany = group && this.#groupsLeft === 0;
    const isCut = rawBids.length > this.#bidsLeft;
    if (isGroupTooMany || isCut) this.#dropSurplus(isGroupTooMany ? TOO_MANY_GROUPS : TOO_MANY_BIDS);
    if (isGroupTooMany || (group && isCut)) return 0;
    const count = Math.min(rawBids.length, this.#bidsLeft);
    this.#bidsLeft -= count;
    if (group) this.#groupsLeft--;
    return count;
  }

  #dropSurplus(flaw: BidFlaw): void {
    if (this.#surplus.includes(flaw.code)) return;
    this.#surplus.push(flaw.code);
    this.#drop({}, flaw);
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
    return this.#isNewId(bid.id) ? bid : this.#drop(bid, DUPLICATE_ID);
  }

  #isNewId(id: string): boolean {
    if (this.#firstId === null) {
      this.#firstId = id;
      return true;
    }
    if (id === this.#firstId || this.#otherIds?.has(id)) return false;
    this.#otherIds ??= new Set();
    this.#otherIds.add(id);
    return true;
  }

  #drop(bid: RawBid, flaw: BidFlaw): null {
    const below = flaw.key === null ? [] : [flaw.key];
    const diagnostic = this.#reading.find(flaw.code, flaw.message, ...below);
    this.dropped.push({
      bidId: identifierOf(bid.id),
      impId: identifierOf(bid.impid),
      lossReason: flaw.lossReason,
      diagnostic,
      notice: this.#noticeOf(bid),
    });
    return null;
  }

  #noticeOf(bid: RawBid): DroppedBidNotice | null {
    const lurl = urlOf(bid.lurl);
    if (lurl === null) return null;
    const { bidid, cur } = this.#envelope;
    return { lurl, bidid, cur, seat: this.#seat, adId: identifierOf(bid.adid) };
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

function urlOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= URL_LENGTH_MAX ? value : null;
}
