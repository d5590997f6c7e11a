/**
 * The `auction` event: one per answered request, with all that its decision used, so that clearing `input` again gives
 * `outcome` (docs/events.md). It holds nothing of user and device but what `RequestFeatures` and `EstimateContext` name. What DSPs
 * wrote into their bids (creative ids, billing URLs) is stored as they wrote it.
 */
import type { AuctionInput, AuctionOutcome, BidVerdict } from '../auction/types.ts';
import type { DspReply, ReplyResult } from '../dsp/reply.ts';
import type { EstimateContext } from '../estimation/estimate-context.ts';
import type { RequestFeatures } from '../traffic/request-features.ts';
import { type Columns, fromColumns, toColumns } from './columns.ts';
import type { PendingBillingNotice } from './notices.ts';
import { type OutcomeV1, outcomeOfV1 } from './outcome-v1.ts';
import type { PurchaseReservation } from './purchases.ts';

export const AUCTION_EVENT_VERSION = 2;

/** How the request ended. `cancelled`: the client went away before the answer. */
export type AuctionEnding = 'won' | 'no-bid' | 'cancelled' | 'failed';

/** Why it stopped collecting replies. `not-worth-waiting`: before the deadline, though calls were still out (docs/waiting.md). */
export type AuctionClosing = 'all-replied' | 'not-worth-waiting' | 'deadline';

export interface DspRecord {
  readonly dspId: string;
  readonly result: ReplyResult;
  readonly detail: string;
  readonly latencyMs: number;
  readonly nbr: number | null;
  /** Bids that the reader dropped before the auction, with their loss codes. */
  readonly dropped: readonly {
    readonly bidId: string | null;
    readonly impId: string | null;
    readonly lossReason: number;
  }[];
}

/** Milliseconds since the request had arrived whole, except `readMs`, which is how long reading it took. */
export interface AuctionTimings {
  readonly readMs: number;
  readonly solicitedAtMs: number;
  readonly closedAtMs: number;
  readonly answeredAtMs: number;
  /** Longest the auction might have taken. */
  readonly deadlineAtMs: number;
}

export interface AuctionEvent {
  readonly type: 'auction';
  readonly version: typeof AUCTION_EVENT_VERSION;
  readonly auctionId: string;
  readonly requestId: string;
  /** Wall clock at arrival, epoch ms. */
  readonly atMs: number;
  /** `test: 1`: ran like any other, never billed. */
  readonly isTest: boolean;
  readonly ending: AuctionEnding;
  /** Null when the request ended before the decision. */
  readonly closing: AuctionClosing | null;
  readonly features: RequestFeatures;
  /** When clicks were estimated with a model server: what warming its caches up needs besides. */
  readonly estimateContext?: EstimateContext;
  /** Experiment arms by layer; empty while none is configured. */
  readonly arms: Readonly<Record<string, string>>;
  /** Null when the request ended before the decision. */
  readonly input: AuctionInput | null;
  readonly outcome: AuctionOutcome | null;
  readonly dsps: readonly DspRecord[];
  readonly billingNotices: readonly PendingBillingNotice[];
  /** What wins of our own have taken from which leases; absent before there were any. */
  readonly reservations?: readonly PurchaseReservation[];
  /** As in outcome events (engine/events/outcome-events.ts); absent before there were any. */
  readonly userKey?: string | null;
  readonly timings: AuctionTimings;
}

export function dspRecord(reply: DspReply): DspRecord {
  return {
    dspId: reply.dspId,
    result: reply.result,
    detail: reply.detail,
    latencyMs: Math.round(reply.latencyMs * 1000) / 1000,
    nbr: reply.nbr,
    dropped: reply.dropped.map(({ bidId, impId, lossReason }) => ({ bidId, impId, lossReason })),
  };
}

const encoder = new TextEncoder();

/**
 * UTF-8 JSON, as appended to the event log: lists with a row per bid or DSP are stored by column. What it is spread by stands in front,
 * where the outbox looks (`event-envelope.ts`).
 */
export function encodeAuctionEvent(event: AuctionEvent): Uint8Array {
  const { userKey, input, outcome, dsps } = event;
  const stored: StoredAuctionEvent = {
    ...(userKey === undefined ? {} : { userKey }),
    ...event,
    input: input === null ? null : { ...input, bids: toColumns(input.bids) },
    outcome: outcome === null ? null : { ...outcome, bids: toColumns(outcome.bids) },
    dsps: toColumns(dsps),
  };
  return encoder.encode(JSON.stringify(stored));
}

/**
 * The event as it was before it was stored (parsed JSON that its schema admits); one of an older version in the shape
 * of today's, without the fields that came later.
 */
export function decodeAuctionEvent(parsed: object): AuctionEvent {
  const stored = parsed as StoredAuctionEvent | StoredAuctionEventV1;
  const { input, dsps } = stored;
  return {
    ...stored,
    version: AUCTION_EVENT_VERSION,
    input: input === null ? null : { ...input, bids: fromColumns(input.bids) },
    outcome: outcomeOf(stored),
    dsps: fromColumns(dsps),
  };
}

function outcomeOf(stored: StoredAuctionEvent | StoredAuctionEventV1): AuctionOutcome | null {
  if (stored.outcome === null) return null;
  const bids = fromColumns<BidVerdict>(stored.outcome.bids);
  return stored.version === 1 ? outcomeOfV1({ ...stored.outcome, bids }) : { ...stored.outcome, bids };
}

type ByColumn<T, Keys extends keyof T> = Omit<T, Keys> & Readonly<Record<Keys, Columns>>;

type StoredAuctionEvent = Omit<AuctionEvent, 'input' | 'outcome' | 'dsps'> & {
  readonly input: ByColumn<AuctionInput, 'bids'> | null;
  readonly outcome: ByColumn<AuctionOutcome, 'bids'> | null;
  readonly dsps: Columns;
};

type StoredAuctionEventV1 = Omit<StoredAuctionEvent, 'version' | 'outcome'> & {
  readonly version: 1;
  readonly outcome: ByColumn<OutcomeV1, 'bids'> | null;
};
