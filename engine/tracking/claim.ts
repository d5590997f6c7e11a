/**
 * What a tracking URL claims: that this happened to this ad, and all that an event of it has to say. Encoded by the engine that sold the ad,
 * signed (`TokenSigner`), and read by whichever engine the URL comes back to. Pure.
 */

import type { MediaType, PricingModel } from '../auction/types.ts';
import type { OutcomeType } from '../estimation/quality/awaited-outcomes.ts';
import { eventId } from '../events/event-keys.ts';
import {
  OUTCOME_EVENT_VERSION,
  type Payer,
  PLAYBACK_POINTS,
  type PlaybackPoint,
  type Sale,
  type TrackedEvent,
} from '../events/outcome-events.ts';

/** What a URL may tell of. The position is what is signed, so the list only grows, at its end. */
export const TRACKED_CODES = [
  'impression',
  'viewable',
  'click',
  'conversion',
  'start',
  'firstQuartile',
  'midpoint',
  'thirdQuartile',
  'complete',
  'error',
] as const satisfies readonly (TrackedEvent['type'] | PlaybackPoint)[];
export type TrackedCode = (typeof TRACKED_CODES)[number];

/** An ad that was sold, as all of its URLs say it. */
export interface TrackedSale {
  readonly auctionId: string;
  /** With its position, as in events. */
  readonly impId: string;
  readonly userKey: string | null;
  readonly isTest: boolean;
  readonly sale: Sale;
  /** `burl` with its macros resolved, for the URL that bills; null: none. */
  readonly billingNotice: string | null;
}

export interface Claim extends TrackedSale {
  readonly code: TrackedCode;
  /** Where a click leads, http or https; null: nowhere. */
  readonly target: string | null;
}

/** Fields in order; what is added later goes to the end. */
type StoredClaim = readonly [
  auctionId: string,
  impId: string,
  userKey: string | null,
  isTest: 0 | 1,
  payer: readonly ['house', string, 'nanos' | 'impressions', number, number] | readonly ['dsp', string, string],
  pricing: PricingModel,
  billedBy: OutcomeType,
  amount: number,
  currency: string,
  publisherId: string,
  placementId: string,
  media: MediaType,
  advertiserId: string,
  campaignId: string,
  lineItemId: string,
  creativeId: string,
  soldAtMs: number,
  billingNotice: string | null,
  target: string | null,
];

/** The part that all URLs of one ad share; `claimBody` puts the end to it. */
export function claimHead({ auctionId, impId, userKey, isTest, sale }: TrackedSale): string {
  const { payer } = sale;
  const head = [
    auctionId,
    impId,
    userKey,
    isTest ? 1 : 0,
    payer.kind === 'house'
      ? [payer.kind, payer.accountId, payer.unit, payer.epoch, payer.sequence]
      : [payer.kind, payer.dspId, payer.seat],
    sale.pricing,
    sale.billedBy,
    sale.amount,
    sale.currency,
    sale.publisherId,
    sale.placementId,
    sale.media,
    sale.advertiserId,
    sale.campaignId,
    sale.lineItemId,
    sale.creativeId,
    sale.soldAtMs,
  ];
  return JSON.stringify(head).slice(0, -1);
}

export function claimBody(head: string, billingNotice: string | null, target: string | null): string {
  return `${head},${JSON.stringify(billingNotice)},${JSON.stringify(target)}]`;
}

/** Of a body whose signature holds, so that its form is ours. */
export function readClaim(code: TrackedCode, body: string): Claim {
  const stored = JSON.parse(body) as StoredClaim;
  const [auctionId, impId, userKey, isTest, payer, pricing, billedBy, amount, currency, publisherId, placementId] =
    stored;
  const [, , , , , , , , , , , media, advertiserId, campaignId, lineItemId, creativeId, soldAtMs] = stored;
  const [billingNotice, target] = [stored[17], stored[18]];
  const sale: Sale = {
    payer: payerOf(payer),
    pricing,
    billedBy,
    amount,
    currency,
    publisherId,
    placementId,
    media,
    advertiserId,
    campaignId,
    lineItemId,
    creativeId,
    soldAtMs,
  };
  return { code, auctionId, impId, userKey, isTest: isTest === 1, sale, billingNotice, target };
}

function payerOf(stored: StoredClaim[4]): Payer {
  if (stored[0] === 'dsp') return { kind: 'dsp', dspId: stored[1], seat: stored[2] };
  const [kind, accountId, unit, epoch, sequence] = stored;
  return { kind, accountId, unit, epoch, sequence };
}

/** `errorCode`: what a player said beside an `error`; null: nothing. */
export function trackedEvent(claim: Claim, atMs: number, errorCode: number | null): TrackedEvent {
  const { code, auctionId, impId, userKey, isTest, sale, billingNotice } = claim;
  const point = isPlayback(code) ? code : null;
  const type = point === null ? (code as Exclude<TrackedCode, PlaybackPoint>) : 'playback';
  const event = {
    type,
    version: OUTCOME_EVENT_VERSION,
    id: eventId(auctionId, impId, type, point ?? ''),
    auctionId,
    impId,
    userKey,
    atMs,
    isTest,
    sale,
    billingNotice,
  };
  return (point === null ? event : { ...event, point, errorCode }) as TrackedEvent;
}

function isPlayback(code: TrackedCode): code is PlaybackPoint {
  return (PLAYBACK_POINTS as readonly string[]).includes(code);
}
