/**
 * Tells the ledger again what this data folder's processes have won lately: a killed one had not told the last of it. What
 * the ledger knows already it leaves as it is. Reads in slices and tells in batches, so it may go on while auctions run.
 */

import { inHalves } from '../engine/budget/in-halves.ts';
import { reservationsOf } from '../engine/desk/event-reservations.ts';
import { type AuctionEvent, decodeAuctionEvent } from '../engine/exchange/auction-event.ts';
import type { BillResult, BudgetLedger, Reservation } from '../engine/ports/budget-ledger.ts';
import type { Timers } from '../engine/ports/clock.ts';
import { nextTurn } from './next-turn.ts';

export interface ReservationRecoveryOptions {
  /** Encoded events of one log, the newest first. */
  readonly events: AsyncIterable<{ readonly payload: Uint8Array }>;
  /** Those that are older are not read: wall clock, epoch ms. */
  readonly sinceMs: number;
  readonly ledger: Pick<BudgetLedger, 'reserve'>;
  readonly timers: Timers;
  /** Ends it behind the call that is under way. */
  readonly signal: AbortSignal;
  /** Of reports that had come before, and are billed now. */
  readonly onBilled: (results: readonly BillResult[]) => void;
  /** The ledger could not be told, which is tried again; or it refuses a win. */
  readonly onFault: (error: unknown) => void;
}

export interface ReservationRecovery {
  readonly events: number;
  readonly reservations: number;
}

/** The loop is let go after so many events, at 0.1 ms each at most; one of them is looked at for its age. */
const EVENTS_PER_TURN = 20;
const BATCH = 500;
const RETRY_MS = 250;

/** Rejects when the events cannot be read. */
export async function recoverReservations(options: ReservationRecoveryOptions): Promise<ReservationRecovery> {
  const { events, sinceMs, signal } = options;
  const waiting: Reservation[] = [];
  const figures = { events: 0, reservations: 0 };
  for await (const { payload } of events) {
    const isLookedAt = figures.events++ % EVENTS_PER_TURN === 0;
    if (isLookedAt) await nextTurn();
    if (signal.aborted) break;
    const event = isLookedAt || mayHoldReservations(payload) ? eventOf(payload) : null;
    if (event === null) continue;
    if (event.atMs < sinceMs) break;
    waiting.push(...reservationsOf(event, []));
    if (waiting.length >= BATCH) figures.reservations += await tell(waiting.splice(0), options);
  }
  figures.reservations += await tell(waiting, options);
  return figures;
}

async function tell(
  reservations: readonly Reservation[],
  { ledger, timers, signal, onBilled, onFault }: ReservationRecoveryOptions,
): Promise<number> {
  while (reservations.length > 0 && !signal.aborted) {
    try {
      await inHalves(
        reservations,
        async (part) => onBilled(await ledger.reserve(part)),
        (_, error) => onFault(error),
      );
      return reservations.length;
    } catch (error) {
      onFault(error);
      await new Promise<void>((resolve) => timers.schedule(RETRY_MS, resolve));
    }
  }
  return 0;
}

/** Without decoding it: the event of an auction without house wins costs next to nothing. */
function mayHoldReservations(payload: Uint8Array): boolean {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).includes(SOME_RESERVATION);
}

/** A quote within a text has a backslash before it, so no text of an event holds this. */
const SOME_RESERVATION = '"reservations":[{';

const decoder = new TextDecoder();

/** Null: it is no auction, or none that this release can read. */
function eventOf(payload: Uint8Array): AuctionEvent | null {
  try {
    const stored = JSON.parse(decoder.decode(payload)) as { readonly type: string };
    return stored.type === 'auction' ? decodeAuctionEvent(stored) : null;
  } catch {
    return null;
  }
}
