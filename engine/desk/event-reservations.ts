/** What an auction has won for campaigns of our own, as its event says it: what the ledger has to be told. */
import { type AuctionEvent, decodeEvent } from '../exchange/auction-event.ts';
import type { Reservation } from '../ports/budget-ledger.ts';

export function reservationsOf({ reservations, atMs, features }: AuctionEvent): readonly Reservation[] {
  if (reservations === undefined || reservations.length === 0) return NONE;
  return reservations.map(({ heldMs, bidIndex: _bidIndex, ...reservation }) => {
    return { ...reservation, publisherId: features.publisherId, expiresAtMs: atMs + heldMs };
  });
}

const NONE: readonly Reservation[] = [];

/** Of an encoded event, without decoding it: that of an auction without house wins costs next to nothing. */
export function mayHoldReservations(payload: Uint8Array): boolean {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).includes(SOME);
}

/** A quote within a text has a backslash before it, so no text of an event holds this. */
const SOME = '"reservations":[{';

/** Null: it is no event that this release can read. */
export function eventOf(payload: Uint8Array): AuctionEvent | null {
  try {
    return decodeEvent(payload);
  } catch {
    return null;
  }
}
