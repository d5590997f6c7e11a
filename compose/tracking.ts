/** Tracking URLs: what puts them into markup, what takes them when they are called, and what follows from that. */
import type { EventsActor } from '../actors/events-actor.ts';
import type { EventDesk } from '../adapters/http/event-endpoint.ts';
import type { TrackingMetrics } from '../adapters/metrics/tracking-metrics.ts';
import { createSignedTokens } from '../adapters/tracking/signed-tokens.ts';
import { isBilledByEvents } from '../config/event-billing.ts';
import { LISTENING, trackingLifetimeMs } from '../config/tracking.ts';
import { OUTCOME_TYPES, type Outcome, type OutcomeType } from '../engine/estimation/quality/awaited-outcomes.ts';
import { ledgerOperationOf } from '../engine/events/billing-decision.ts';
import type { TrackedEvent } from '../engine/events/outcome-events.ts';
import type { NoticeSender } from '../engine/ports/notice-sender.ts';
import { AdTracker } from '../engine/tracking/ad-tracker.ts';
import { TrackingDesk } from '../engine/tracking/tracking-desk.ts';
import type { Parts } from './parts.ts';

export interface Tracking {
  readonly tracker: AdTracker;
  readonly desk: EventDesk;
  readonly metrics: TrackingMetrics;
  /** Where the engine listens, once it does. */
  readonly listensAt: (url: string) => void;
}

export interface TrackingSubjects {
  readonly events: EventsActor;
  readonly notices: NoticeSender;
  /** For estimates. */
  readonly onOutcome: (outcome: Outcome) => void;
}

/** Null: no address is configured. */
export function openTracking(parts: Parts, subjects: TrackingSubjects): Tracking | null {
  const { config, clock, entropy } = parts;
  const { tracking } = config.events;
  if (tracking.baseUrl === '') return null;
  const metrics = parts.metrics.tracking();
  const previous =
    tracking.previousKey === '' ? null : { key: tracking.previousKey, untilMs: Date.parse(tracking.previousKeyUntil) };
  const tokens = createSignedTokens({ current: tracking.key, previous }, entropy);
  let baseUrl = tracking.baseUrl === LISTENING ? '' : tracking.baseUrl;
  const tracker = new AdTracker({
    signer: tokens,
    baseUrl: () => baseUrl,
    lifetimeMs: (code, media) => trackingLifetimeMs(code, media, config),
    playbackPoints: tracking.playback,
    observer: metrics,
  });
  const desk = new TrackingDesk({
    reader: tokens,
    store: subjects.events.store,
    onStored: whenStored(parts, subjects),
    onResult: metrics.onResult,
    wallMs: clock.wallMs,
    underWayMax: tracking.underWayMax,
    seenMax: tracking.rememberedMax,
  });
  return {
    tracker,
    desk,
    metrics,
    listensAt: (url) => {
      if (tracking.baseUrl === LISTENING) baseUrl = url;
    },
  };
}

/** What an event means once it is stored, besides money: that is for whoever reads the log (`event-billing.ts`). */
function whenStored({ config }: Parts, { notices, onOutcome }: TrackingSubjects): (event: TrackedEvent) => void {
  // Without books an ad is billed by its event alone.
  const isUnbooked = !isBilledByEvents(config);
  return (event) => {
    const operation = isUnbooked ? ledgerOperationOf(event) : null;
    if (operation?.kind === 'receive' && event.billingNotice !== null) {
      notices.send({ kind: 'bill', dspId: operation.receivable.dspId, about: event, url: event.billingNotice });
    }
    if (!event.isTest && isOutcome(event.type)) {
      const { auctionId, impId, type, atMs } = event;
      onOutcome({ auctionId, impId, type: type as OutcomeType, atMs });
    }
  };
}

function isOutcome(type: string): type is OutcomeType {
  return (OUTCOME_TYPES as readonly string[]).includes(type);
}
