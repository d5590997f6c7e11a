/**
 * What a tracking URL claims: that this happened to this ad, and all that an event of it has to say. Encoded by the engine
 * that sold the ad, signed (`TokenSigner`), and read by whichever engine the URL comes back to. Pure.
 */
import type { MediaType, PricingModel } from '../auction/types.ts';
import type { OutcomeType } from '../estimation/quality/awaited-outcomes.ts';
import { eventId } from '../events/event-keys.ts';
import { OUTCOME_EVENT_VERSION, type TrackedEvent } from '../events/outcome-events.ts';
import type { Payer, Sale, SoldAd } from '../exchange/sale.ts';
import { PLAYBACK_POINTS, type PlaybackPoint, TRACKED_CODES, type TrackedCode } from '../markup/tracked-codes.ts';
import type { TokenContent } from '../ports/token-signer.ts';

export interface Claim extends SoldAd {
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
export function claimHead({ auctionId, impId, userKey, isTest, sale }: SoldAd): string {
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

export function codeOf(code: TrackedCode): number {
  return TRACKED_CODES.indexOf(code);
}

/** Of what is signed, so that its form is ours. Null: a kind of claim that is not known here. */
export function readClaim({ code: index, body }: TokenContent): Claim | null {
  const code = TRACKED_CODES[index];
  if (code === undefined) return null;
  const [auctionId, impId, userKey, isTest, payer, ...terms] = JSON.parse(body) as StoredClaim;
  const [pricing, billedBy, amount, currency, publisherId, placementId, media, ...ids] = terms;
  const [advertiserId, campaignId, lineItemId, creativeId, soldAtMs, billingNotice, target] = ids;
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
