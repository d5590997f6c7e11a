/**
 * Outcome events: what became of what an auction sold, and of what it did not sell. Each is one JSON object in the
 * event log, beside the `auction` events; docs/event-types.md is made from their schemas (`event-schemas.ts`).
 *
 * An event of something that was sold carries its `Sale`: who pays what, whom, and from which lease. So whoever bills
 * needs nothing but the event, also when the engine that sold it is gone.
 */
import type { Payer, Sale } from '../exchange/sale.ts';
import { PLAYBACK_POINTS, type PlaybackPoint } from '../markup/tracked-codes.ts';

/** Of all types below. Rises when a field is added, or goes after it was optional for one version. */
export const OUTCOME_EVENT_VERSION = 1;

export type { Payer, Sale };
export { PLAYBACK_POINTS, type PlaybackPoint };

interface Envelope {
  readonly version: number;
  /** Idempotency key: the same thing told twice has the same id, and counts once (`event-keys.ts`). */
  readonly id: string;
  /** `BidResponse.bidid` of the answer. */
  readonly auctionId: string;
  /** Name of the ad (`adImpId`): `ID`, or `ID#N` for that in a further position of the imp, N from 1. */
  readonly impId: string;
  /** Hash of the user's or device's id, the same in all events of a user; null: none is known. Nobody can tell whose it is. */
  readonly userKey: string | null;
  /** When it happened, wall clock, epoch ms. */
  readonly atMs: number;
  /** Of a request with `test: 1`: counted, never billed. */
  readonly isTest: boolean;
}

/** An ad was sold, and put into an answer. */
export interface WinEvent extends Envelope {
  readonly type: 'win';
  readonly sale: Sale;
  /** What the publisher was told, micros per mille of `auctionCurrency`. */
  readonly clearingCpmMicros: number;
  readonly auctionCurrency: string;
  /** Money of our own campaigns waits so long for its bill, epoch ms; null for DSPs. */
  readonly heldUntilMs: number | null;
  /** `Reservation.isShared`: nothing is held for it alone. Absent: false. */
  readonly isShared?: boolean;
  /** The DSP's `burl` with its macros resolved, to be called once, when it is billed; null: none. */
  readonly billingNotice: string | null;
}

/** A bid that did not win. Sampled: each stands for `1 / sampleRate` of them. Its id names the bid's index in the auction. */
export interface LossEvent extends Envelope {
  readonly type: 'loss';
  readonly dspId: string;
  readonly seat: string;
  readonly publisherId: string;
  readonly placementId: string;
  /** `lost`: valid, and beaten; `refused`: could not have won at any rank. */
  readonly status: 'lost' | 'refused';
  /** OpenRTB loss reason code. */
  readonly lossReason: number;
  /** Finer than the code. */
  readonly reason: string;
  /** What it was worth, micros of the auction currency per mille; 0 when it could not be computed. */
  readonly ecpmMicros: number;
  /** Above 0, up to 1. */
  readonly sampleRate: number;
}

interface TrackedEnvelope extends Envelope {
  readonly sale: Sale;
  /** As in `win`; only in the event that `sale.billedBy` names. */
  readonly billingNotice: string | null;
}

/** The ad was shown; bills sales by impression. */
export interface ImpressionEvent extends TrackedEnvelope {
  readonly type: 'impression';
}

/** It was in view by the rules of its media. */
export interface ViewableEvent extends TrackedEnvelope {
  readonly type: 'viewable';
}

export interface ClickEvent extends TrackedEnvelope {
  readonly type: 'click';
}

export interface ConversionEvent extends TrackedEnvelope {
  readonly type: 'conversion';
}

/** A video or audio ad was played so far. Its id names the point. */
export interface PlaybackEvent extends TrackedEnvelope {
  readonly type: 'playback';
  readonly point: PlaybackPoint;
  /** The player's error code (VAST 2.3.6.3); null when it gave none, and for all points but `error`. */
  readonly errorCode: number | null;
}

/** What was held for a bill that did not come was given back. */
export interface WinExpiredEvent extends Envelope {
  readonly type: 'win_expired';
  readonly sale: Sale;
}

/** A bill is undone. */
export interface RefundEvent extends Envelope {
  readonly type: 'refund';
  readonly sale: Sale;
  readonly reason: string;
}

/** What became of a win or billing notice to a DSP, after its last try. Its id names which. */
export interface NoticeEvent extends Envelope {
  readonly type: 'notice';
  readonly dspId: string;
  readonly notice: 'win' | 'bill';
  /** As in `rtb_notices_total` (docs/notices.md). */
  readonly result: string;
}

/**
 * A user is deleted: whoever has kept something under one of their keys is to take it out. The keys are named by their SHA-256
 * (base64url), so that the event itself tells nobody a key. Ids and keys of later events of the same user are none of theirs.
 */
export interface UserDeletionEvent {
  readonly type: 'user_deletion';
  readonly version: number;
  /** Of the request: told by each log that may have known the user. */
  readonly id: string;
  readonly deletionId: string;
  readonly userKeyHashes: readonly string[];
  /** Wall clock, epoch ms. */
  readonly atMs: number;
}

export type TrackedEvent = ImpressionEvent | ViewableEvent | ClickEvent | ConversionEvent | PlaybackEvent;

export type OutcomeEvent = WinEvent | LossEvent | TrackedEvent | WinExpiredEvent | RefundEvent | NoticeEvent;
export type OutcomeEventType = OutcomeEvent['type'];
