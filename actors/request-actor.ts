/**
 * One actor per ad request: an aggregator that asks all DSPs, closes when the last has replied or at the deadline,
 * answers with what it has, and stops. The stages are `engine/exchange/request-stages.ts`; this shell performs effects.
 */

import type { DspReply } from '../engine/dsp/reply.ts';
import { Solicitation } from '../engine/dsp/solicitation.ts';
import { AUCTION_EVENT_VERSION, type AuctionEvent, dspRecord } from '../engine/exchange/auction-event.ts';
import type { AuctionTerms } from '../engine/exchange/auction-terms.ts';
import type { Decision, DecisionRules } from '../engine/exchange/decision.ts';
import { droppedBidNotices, type NoticePlan, planNotices } from '../engine/exchange/notices.ts';
import type { RequestFeatures } from '../engine/exchange/request-features.ts';
import {
  advance,
  type Conclusion,
  openRequest,
  type RequestEffect,
  type RequestMessage,
  type RequestState,
} from '../engine/exchange/request-stages.ts';
import type { Clock, TimerHandle, Timers } from '../engine/ports/clock.ts';
import type { MarkupFetcher } from '../engine/ports/markup-fetcher.ts';
import type { BidRequest, BidResponse } from '../openrtb/types.ts';
import type { DspMessage } from './dsp-actor.ts';
import type { FanOut } from './fan-out.ts';
import { type ActorParent, type Mailbox, spawnActor } from './mailbox.ts';
import { type ActorFault, stopOnFault } from './supervision.ts';

export type { RequestMessage };

/** One ad request as admitted: read, normalised, stripped. Times are monotonic ms. */
export interface AdmittedRequest {
  readonly auctionId: string;
  readonly request: BidRequest;
  readonly features: RequestFeatures;
  readonly terms: AuctionTerms;
  readonly arrivedAtMs: number;
  readonly readMs: number;
  /** When the answer must leave. */
  readonly deadlineAtMs: number;
  /** The answer, or null when the client is gone or the auction failed (`failed` says which). */
  readonly onAnswer: (answer: BidResponse | null, ending: AuctionEvent['ending']) => void;
}

/** What every request actor works with. */
export interface RequestEnvironment {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly rules: DecisionRules;
  readonly dsps: readonly Mailbox<DspMessage>[];
  /** Kept from the deadline for clearing and answering, ms. */
  readonly decisionReserveMs: number;
  readonly markupFetcher: MarkupFetcher;
  /** The auction took its first step. */
  readonly onBegun: (auctionId: string) => void;
  readonly onConcluded: (event: AuctionEvent, decision: Decision | null, notices: NoticePlan) => void;
  readonly onFault: (fault: ActorFault) => void;
}

const NO_NOTICES: NoticePlan = { now: [], onBilling: [] };

/** Spawns the actor and starts the auction. Returns the way to cancel it. */
export function spawnRequestActor(
  parent: ActorParent,
  admitted: AdmittedRequest,
  environment: RequestEnvironment,
): { readonly cancel: () => void } {
  return new RequestActor(parent, admitted, environment);
}

class RequestActor {
  readonly #admitted: AdmittedRequest;
  readonly #environment: RequestEnvironment;
  readonly #mailbox: Mailbox<RequestMessage>;
  #fanOut: FanOut | null = null;
  #timer: TimerHandle = null;
  #solicitedAtMs = 0;
  /** Set from the answer on. */
  #concluded: { readonly state: RequestState; readonly conclusion: Conclusion } | null = null;
  /** Null until the client is answered or given up. */
  #answeredAtMs: number | null = null;
  #isRecorded = false;

  constructor(parent: ActorParent, admitted: AdmittedRequest, environment: RequestEnvironment) {
    this.#admitted = admitted;
    this.#environment = environment;
    this.#mailbox = spawnActor<RequestState, RequestMessage>(parent, environment.clock, {
      name: admitted.auctionId,
      initialState: () => openRequest(admitted.request, admitted.terms, environment.rules, environment.dsps.length),
      handle: (state, message, nowMs) => this.#handle(state, message, nowMs),
      supervisor: stopOnFault((fault) => this.#fail(fault)),
      lengthMax: mailLengthMax(environment.dsps.length, admitted.terms),
      overflow: 'refuse-newest',
    });
    this.#mailbox.tell({ kind: 'start' });
  }

  readonly cancel = (): void => {
    this.#mailbox.tell({ kind: 'client-gone' });
  };

  #handle(state: RequestState, message: RequestMessage, nowMs: number): RequestState {
    for (const effect of advance(state, message, nowMs)) this.#perform(effect, state, nowMs);
    this.#mailbox.wakeAtLength = state.outstanding;
    return state;
  }

  #perform(effect: RequestEffect, state: RequestState, nowMs: number): void {
    switch (effect.kind) {
      case 'solicit':
        this.#solicit(nowMs);
        return;
      case 'fetch-markup':
        this.#environment.markupFetcher.fetch(effect.url, this.#collectUntilMs(), (outcome) =>
          this.#mailbox.tell({ kind: 'markup', bidIndex: effect.bidIndex, outcome }),
        );
        return;
      case 'conclude':
        this.#conclude(state, effect.conclusion);
        return;
    }
  }

  #collectUntilMs(): number {
    return this.#admitted.deadlineAtMs - this.#environment.decisionReserveMs;
  }

  #solicit(nowMs: number): void {
    const deadlineAtMs = this.#collectUntilMs();
    const fanOut: FanOut = {
      solicitation: new Solicitation(this.#admitted.request),
      deadlineAtMs,
      replyTo: this.#mailbox,
      abandons: [],
    };
    this.#fanOut = fanOut;
    this.#solicitedAtMs = nowMs;
    this.#environment.onBegun(this.#admitted.auctionId);
    for (const dsp of this.#environment.dsps) {
      if (!dsp.tell({ kind: 'solicit', fanOut })) this.#mailbox.tell({ kind: 'not-awaited' });
    }
    this.#timer = this.#environment.timers.schedule(Math.max(0, deadlineAtMs - nowMs), () => {
      this.#mailbox.tell({ kind: 'deadline' });
    });
  }

  /** Answers first: notices and the event are off the path. */
  #conclude(state: RequestState, conclusion: Conclusion): void {
    const { decision, ending } = conclusion;
    this.#answer(conclusion.answer, ending);
    this.#concluded = { state, conclusion };
    const notices = decision === null ? NO_NOTICES : this.#notices(state, decision, conclusion.notified);
    this.#record(this.#event(ending, state.replies, decision, state.closedAtMs, notices), decision, notices);
    // Otherwise the transport ends what is still under way at its own deadlines, and learns from what comes late.
    if (ending === 'cancelled') this.#abandonCalls();
    this.#end();
  }

  #notices(state: RequestState, decision: Decision, alreadyNotified: ReadonlySet<number>): NoticePlan {
    const { now, onBilling } = planNotices(state.request, decision, alreadyNotified);
    const dropped = droppedBidNotices(state.request, state.replies);
    return { now: dropped.length === 0 ? now : now.concat(dropped), onBilling };
  }

  /** A fault of ours: the client is answered at once, and a request that was not yet decided is not billed. */
  #fail(fault: ActorFault): void {
    this.#environment.onFault(fault);
    if (this.#concluded === null) {
      this.#answer(null, 'failed');
      this.#record(this.#event('failed', [], null, 0, NO_NOTICES), null, NO_NOTICES);
    } else {
      // What was answered stays true: the event must say who won, though their notices are lost.
      const { state, conclusion } = this.#concluded;
      const { ending, decision } = conclusion;
      this.#record(this.#event(ending, state.replies, decision, state.closedAtMs, NO_NOTICES), decision, NO_NOTICES);
    }
    this.#abandonCalls();
    this.#end();
  }

  /** Once, though the fault may have come after the answer. */
  #answer(answer: BidResponse | null, ending: AuctionEvent['ending']): void {
    if (this.#answeredAtMs !== null) return;
    this.#answeredAtMs = this.#environment.clock.monotonicMs();
    this.#admitted.onAnswer(answer, ending);
  }

  /** Once, though the fault may be that of whoever records. */
  #record(event: AuctionEvent, decision: Decision | null, notices: NoticePlan): void {
    if (this.#isRecorded) return;
    this.#isRecorded = true;
    this.#environment.onConcluded(event, decision, notices);
  }

  #end(): void {
    if (this.#timer !== null) this.#environment.timers.cancel(this.#timer);
    this.#mailbox.stop();
  }

  #abandonCalls(): void {
    for (const abandon of this.#fanOut?.abandons ?? []) abandon();
  }

  #event(
    ending: AuctionEvent['ending'],
    replies: readonly DspReply[],
    decision: Decision | null,
    closedAtMs: number,
    notices: NoticePlan,
  ): AuctionEvent {
    const { auctionId, request, features, arrivedAtMs, readMs, deadlineAtMs } = this.#admitted;
    const nowMs = this.#environment.clock.monotonicMs();
    return {
      type: 'auction',
      version: AUCTION_EVENT_VERSION,
      auctionId,
      requestId: request.id,
      atMs: Math.round(this.#environment.clock.wallMs() - (nowMs - arrivedAtMs)),
      isTest: request.test === 1,
      ending,
      features,
      arms: {},
      input: decision?.input ?? null,
      outcome: decision?.outcome ?? null,
      dsps: replies.map(dspRecord),
      billingNotices: notices.onBilling,
      timings: {
        readMs: microseconds(readMs),
        solicitedAtMs: microseconds(Math.max(0, this.#solicitedAtMs - arrivedAtMs)),
        closedAtMs: microseconds(Math.max(0, closedAtMs - arrivedAtMs)),
        answeredAtMs: microseconds((this.#answeredAtMs ?? nowMs) - arrivedAtMs),
        deadlineAtMs: microseconds(deadlineAtMs - arrivedAtMs),
      },
    };
  }
}

/** Two messages per DSP, one per position that markup is fetched for in each round, and start, deadline and cancel. */
function mailLengthMax(dspCount: number, terms: AuctionTerms): number {
  let positions = 0;
  for (const { slotWeights } of terms.imps) positions += slotWeights.length;
  return 2 * dspCount + 2 * positions + 8;
}

/** Milliseconds cut to whole microseconds. */
function microseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
