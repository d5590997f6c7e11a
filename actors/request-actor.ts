/**
 * One actor per ad request: an aggregator that asks all DSPs, closes when the last has replied, when waiting is no longer
 * worth it or at the deadline, answers with what it has, and stops. The stages are `engine/exchange/request-stages.ts`; this shell performs effects.
 */

import type { HouseEntry } from '../engine/desk/house-entry.ts';
import type { DspReply } from '../engine/dsp/reply.ts';
import type { RequestShaping } from '../engine/dsp/shaping/request-shaping.ts';
import { Solicitation } from '../engine/dsp/solicitation.ts';
import { type AuctionRanking, converted } from '../engine/dsp/waiting/auction-ranking.ts';
import { WAITING_DEFAULTS, type WaitingOptions } from '../engine/dsp/waiting/waiting-value.ts';
import type { EstimateSubject } from '../engine/estimation/click-estimates.ts';
import { estimateContext } from '../engine/estimation/estimate-context.ts';
import type { EstimateQuestion } from '../engine/estimation/estimate-question.ts';
import { AUCTION_EVENT_VERSION, type AuctionEvent, dspRecord } from '../engine/exchange/auction-event.ts';
import type { AuctionTerms } from '../engine/exchange/auction-terms.ts';
import type { Decision, DecisionRules } from '../engine/exchange/decision.ts';
import type { MarkupTracker } from '../engine/exchange/markup-tracker.ts';
import { droppedBidNotices, type NoticePlan, planNotices } from '../engine/exchange/notices.ts';
import {
  bidFeedback,
  isAnswer,
  lateBidFeedback,
  type ProgressiveClosing,
} from '../engine/exchange/progressive-closing.ts';
import type { Purchase, PurchaseReservation } from '../engine/exchange/purchases.ts';
import {
  advance,
  type Conclusion,
  openRequest,
  type RequestEffect,
  type RequestMessage,
  type RequestState,
  rankingFor,
} from '../engine/exchange/request-stages.ts';
import type { SoldAd } from '../engine/exchange/sale.ts';
import { lateLesson, shapingLessons } from '../engine/exchange/shaping-lessons.ts';
import type { Clock, TimerHandle, Timers } from '../engine/ports/clock.ts';
import type { MarkupFetcher } from '../engine/ports/markup-fetcher.ts';
import { rateBetween } from '../openrtb/currency.ts';
import type { BidRequest, BidResponse } from '../openrtb/types.ts';
import type { DspMessage } from './dsp-actor.ts';
import type { EstimatorActor } from './estimator-actor.ts';
import type { FanOut } from './fan-out.ts';
import { type ActorParent, type Mailbox, spawnActor } from './mailbox.ts';
import type { ShapingActor } from './shaping-actor.ts';
import { type ActorFault, stopOnFault } from './supervision.ts';

export type { RequestMessage };

/** One ad request as admitted: read, normalised, stripped. Times are monotonic ms. */
export interface AdmittedRequest {
  readonly auctionId: string;
  /** As DSPs get it, before their dialects. */
  readonly request: BidRequest;
  /** What clicks on it are estimated by; its time is that of arrival. */
  readonly subject: EstimateSubject;
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
  /** Null: every request waits for all DSPs, or until its deadline. */
  readonly waiting: WaitingOptions | null;
  /** Null: every DSP is called for every request. */
  readonly shaping: ShapingActor | null;
  /** Null: estimates are made at once, or not at all. */
  readonly estimating: EstimatingRules | null;
  /** Null: nobody wants to know what became of the bids. */
  readonly teaching: TeachingRules | null;
  /** Null: there are no campaigns of our own. */
  readonly houseDemand: HouseDemand | null;
  readonly markupFetcher: MarkupFetcher;
  /** Null: markup of winners is not tracked. */
  readonly tracker: MarkupTracker | null;
  /** Hash of the user's or device's id, as events have it; null: none is known. */
  readonly userKeyOf: (request: BidRequest) => string | null;
  /** The auction took its first step. */
  readonly onBegun: (auctionId: string) => void;
  /** A reply came when its auction was decided. */
  readonly onLate: (dspId: string) => void;
  /** Behind the answer. `subject` is for those who look at it once more; the event must not have it. */
  readonly onConcluded: (
    event: AuctionEvent,
    decision: Decision | null,
    notices: NoticePlan,
    subject: EstimateSubject,
    sales: readonly SoldAd[],
  ) => void;
  readonly onFault: (fault: ActorFault) => void;
}

/** What our own campaigns bid and pay. */
export interface HouseDemand {
  /** Before anybody is asked; at once. Null: they stay away. */
  readonly enter: (subject: EstimateSubject, terms: AuctionTerms, nowMs: number) => HouseEntry | null;
}

export interface EstimatingRules {
  readonly estimator: Pick<EstimatorActor, 'ask'>;
  /** Longest that an estimate is waited for, ms. */
  readonly budgetMs: number;
}

export interface TeachingRules {
  /** In which DSPs learn what their bids were worth; also that of the waiting cost. */
  readonly currency: string;
  /** By DSP id, where the outcome of their bids is told. */
  readonly dsps: ReadonlyMap<string, Mailbox<DspMessage>>;
}

const NO_RESERVATIONS: readonly PurchaseReservation[] = [];
const NO_SALES: readonly SoldAd[] = [];
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
  readonly #rate: number;
  readonly #userKey: string | null;
  readonly #progressive: ProgressiveClosing | null;
  #timer: TimerHandle = null;
  #lookTimer: TimerHandle = null;
  #solicitedAtMs = 0;
  /** Set from the answer on. */
  #concluded: { readonly state: RequestState; readonly conclusion: Conclusion } | null = null;
  /** Of the decision, in the currency of those that are taught; null: nobody is, or nothing was decided. */
  #ranking: AuctionRanking | null = null;
  /** Null until the client is answered or given up. */
  #answeredAtMs: number | null = null;
  #isRecorded = false;
  /** Null: no campaign of our own takes part. */
  #house: HouseEntry | null = null;
  /** By our own campaigns, for what has won so far. */
  #reserved: readonly PurchaseReservation[] = NO_RESERVATIONS;
  #isDeadlineDeferred = false;
  /** Read while estimates or markup were awaited for an auction that had closed. */
  readonly #tooLate: DspReply[] = [];

  constructor(parent: ActorParent, admitted: AdmittedRequest, environment: RequestEnvironment) {
    this.#admitted = admitted;
    this.#environment = environment;
    this.#rate = this.#rateToTeaching();
    this.#userKey = environment.userKeyOf(admitted.request);
    this.#progressive = this.#progressiveClosing();
    this.#mailbox = spawnActor<RequestState, RequestMessage>(parent, environment.clock, {
      name: admitted.auctionId,
      initialState: () => this.#open(),
      handle: (state, message, nowMs) => this.#handle(state, message, nowMs),
      supervisor: stopOnFault((fault) => this.#fail(fault)),
      lengthMax: mailLengthMax(environment.dsps.length, admitted.terms),
      overflow: 'refuse-newest',
      onUnhandled: (message) => {
        if (isReply(message)) this.#onLateReply(message.reply);
        else if (message.kind === 'reserved') this.#house!.release(message.reservations);
      },
    });
    this.#mailbox.tell({ kind: 'start' });
  }

  readonly cancel = (): void => {
    this.#mailbox.tell({ kind: 'client-gone' });
  };

  #open(): RequestState {
    const { houseDemand, rules, dsps, clock } = this.#environment;
    const { request, subject, terms } = this.#admitted;
    const house = houseDemand?.enter(subject, terms, clock.monotonicMs()) ?? null;
    if (house?.isSettled === false) house.settle(() => this.#mailbox.post({ kind: 'house-settled' }));
    this.#house = house;
    const selling = { tracker: this.#environment.tracker, userKey: this.#userKey };
    return openRequest(request, terms, rules, subject, dsps.length, this.#progressive, house, selling);
  }

  #progressiveClosing(): ProgressiveClosing | null {
    const { waiting } = this.#environment;
    if (waiting === null) return null;
    return { options: waiting, rate: this.#rate, collectUntilMs: this.#collectUntilMs() };
  }

  /** Units of the currency that DSPs learn in, per unit of the auction's; 0: unknown. */
  #rateToTeaching(): number {
    const { rules, teaching } = this.#environment;
    if (teaching === null) return 0;
    return rateBetween(rules.currencies, this.#admitted.terms.currency, teaching.currency) ?? 0;
  }

  /** A test is no traffic to learn from, and its sender wants to see all DSPs. Without a rate nothing can be compared. */
  #requestShaping(): RequestShaping | null {
    const { request, subject } = this.#admitted;
    if (request.test === 1 || this.#rate === 0) return null;
    return this.#environment.shaping?.shape(subject.features) ?? null;
  }

  #handle(state: RequestState, message: RequestMessage, nowMs: number): RequestState {
    if (state.stage === 'collecting' && this.#mustWait(state, message)) {
      this.#mailbox.tell(message);
      return state;
    }
    if (state.stage !== 'collecting' && isReply(message)) this.#tooLate.push(message.reply);
    if (message.kind === 'reserved') this.#receiveReserved(state, message, nowMs);
    else for (const effect of advance(state, message, nowMs)) this.#perform(effect, state, nowMs);
    this.#mailbox.wakeAtLength = state.outstanding;
    return state;
  }

  /** Replies that lie behind it in the mailbox count: it goes to the end of the queue. The deadline does so only once. */
  #mustWait(state: RequestState, { kind }: RequestMessage): boolean {
    if (kind !== 'look' && kind !== 'deadline') return false;
    if (state.replies.length >= this.#fanOut!.delivered || this.#isDeadlineDeferred) return false;
    this.#isDeadlineDeferred = kind === 'deadline';
    return true;
  }

  #perform(effect: RequestEffect, state: RequestState, nowMs: number): void {
    switch (effect.kind) {
      case 'solicit':
        this.#solicit(nowMs);
        return;
      case 'look-at':
        this.#lookTimer = this.#environment.timers.schedule(Math.max(0, effect.atMs - nowMs), this.#look);
        return;
      case 'ask-estimates':
        this.#askEstimates(effect.questions, nowMs);
        return;
      case 'fetch-markup':
        this.#environment.markupFetcher.fetch(effect.url, this.#collectUntilMs(), (outcome) =>
          this.#mailbox.tell({ kind: 'markup', bidIndex: effect.bidIndex, outcome }),
        );
        return;
      case 'reserve':
        this.#reserve(effect.purchases, state, nowMs);
        return;
      case 'release':
        this.#release(effect.reservations);
        return;
      case 'conclude':
        this.#conclude(state, effect.conclusion);
        return;
    }
  }

  /** Almost always answered at once; else by mail, which finds the auction waiting for it or concluded. */
  #reserve(purchases: readonly Purchase[], state: RequestState, nowMs: number): void {
    let isAtOnce = true;
    this.#house!.reserve(purchases, (reservations, refusals) => {
      const reserved = { kind: 'reserved', reservations, refusals } as const;
      if (isAtOnce) this.#receiveReserved(state, reserved, nowMs);
      else if (!this.#mailbox.tell(reserved)) this.#house!.release(reservations);
    });
    isAtOnce = false;
  }

  #receiveReserved(state: RequestState, message: ReservedMessage, nowMs: number): void {
    if (state.stage === 'concluded') {
      this.#house!.release(message.reservations);
      return;
    }
    this.#reserved = message.reservations;
    for (const effect of advance(state, message, nowMs)) this.#perform(effect, state, nowMs);
  }

  #release(reservations: readonly PurchaseReservation[]): void {
    this.#reserved = NO_RESERVATIONS;
    this.#house!.release(reservations);
  }

  #askEstimates(questions: readonly EstimateQuestion[], nowMs: number): void {
    const { estimator, budgetMs } = this.#environment.estimating!;
    const deadlineAtMs = Math.min(nowMs + budgetMs, this.#collectUntilMs());
    estimator.ask(questions, deadlineAtMs, (answers) => this.#mailbox.tell({ kind: 'estimated', answers }));
  }

  #collectUntilMs(): number {
    return this.#admitted.deadlineAtMs - this.#environment.decisionReserveMs;
  }

  #solicit(nowMs: number): void {
    const deadlineAtMs = this.#collectUntilMs();
    const fanOut: FanOut = {
      solicitation: new Solicitation(this.#admitted.request),
      shaping: this.#requestShaping(),
      deadlineAtMs,
      replyTo: this.#mailbox,
      awaited: [],
      delivered: 0,
      onLateReply: this.#onLateReply,
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

  readonly #look = (): void => {
    this.#mailbox.tell({ kind: 'look', calls: this.#fanOut!.awaited });
  };

  /** Answers first: notices and the event are off the path. */
  #conclude(state: RequestState, conclusion: Conclusion): void {
    const { decision, ending } = conclusion;
    this.#answer(conclusion.answer, ending);
    this.#concluded = { state, conclusion };
    const notices = decision === null ? NO_NOTICES : this.#notices(state, decision, conclusion.notified);
    this.#record(this.#event(ending, state, decision, notices), decision, notices);
    if (decision !== null) this.#teach(state, decision);
    // Otherwise the transport ends what is still under way at its own deadlines, and learns from what comes late.
    if (ending === 'cancelled') this.#abandonCalls();
    this.#end();
  }

  /** Tells the DSPs that answered what became of it. */
  #teach(state: RequestState, decision: Decision): void {
    const { teaching, shaping: shaper } = this.#environment;
    if (teaching === null) return;
    const { replies } = state;
    const shaping = this.#fanOut?.shaping ?? null;
    const ranking = converted(rankingFor(state, decision), this.#rate);
    this.#ranking = ranking;
    const feedbacks = bidFeedback(replies, ranking, (this.#environment.waiting ?? WAITING_DEFAULTS).preliminaryMs);
    const lessons = shaping === null ? null : shapingLessons(replies, ranking, shaping);
    for (let index = 0; index < replies.length; index++) {
      const feedback = feedbacks[index]!;
      if (feedback === null) continue;
      const lesson = lessons?.[index] ?? null;
      teaching.dsps.get(replies[index]!.dspId)?.post({ kind: 'feedback', feedback, lesson });
    }
    if (shaping !== null) shaper!.audit(shaping, ranking);
  }

  readonly #onLateReply = (reply: DspReply): void => {
    const { teaching, rules, onLate } = this.#environment;
    const { terms, subject } = this.#admitted;
    onLate(reply.dspId);
    const ranking = this.#ranking;
    if (teaching === null || ranking === null || !isAnswer(reply)) return;
    const shaping = this.#fanOut!.shaping;
    const feedback = lateBidFeedback(reply, ranking, terms, rules, subject, this.#rate);
    const lesson = shaping === null ? null : lateLesson(reply, ranking, shaping);
    teaching.dsps.get(reply.dspId)?.post({ kind: 'feedback', feedback, lesson });
  };

  #notices(state: RequestState, decision: Decision, alreadyNotified: ReadonlySet<number>): NoticePlan {
    const { now, onBilling } = planNotices(state.request, decision, alreadyNotified, this.#userKey);
    const dropped = droppedBidNotices(state.request, state.replies);
    return { now: dropped.length === 0 ? now : now.concat(dropped), onBilling };
  }

  /** A fault of ours: the client is answered at once, and a request that was not yet decided is not billed. */
  #fail(fault: ActorFault): void {
    this.#environment.onFault(fault);
    if (this.#concluded === null) {
      if (this.#reserved.length > 0) this.#release(this.#reserved);
      this.#answer(null, 'failed');
      this.#record(this.#event('failed', null, null, NO_NOTICES), null, NO_NOTICES);
    } else {
      // What was answered stays true: the event must say who won, though their notices are lost.
      const { state, conclusion } = this.#concluded;
      const { ending, decision } = conclusion;
      this.#record(this.#event(ending, state, decision, NO_NOTICES), decision, NO_NOTICES);
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
    const sales = this.#concluded?.conclusion.sales ?? NO_SALES;
    this.#environment.onConcluded(event, decision, notices, this.#admitted.subject, sales);
  }

  #end(): void {
    const { timers } = this.#environment;
    if (this.#timer !== null) timers.cancel(this.#timer);
    if (this.#lookTimer !== null) timers.cancel(this.#lookTimer);
    this.#mailbox.stop();
    for (const reply of this.#tooLate) this.#onLateReply(reply);
  }

  #abandonCalls(): void {
    for (const abandon of this.#fanOut?.abandons ?? []) abandon();
  }

  #event(
    ending: AuctionEvent['ending'],
    state: RequestState | null,
    decision: Decision | null,
    notices: NoticePlan,
  ): AuctionEvent {
    const { auctionId, request, subject, arrivedAtMs, readMs, deadlineAtMs } = this.#admitted;
    const nowMs = this.#environment.clock.monotonicMs();
    return {
      type: 'auction',
      version: AUCTION_EVENT_VERSION,
      auctionId,
      // In front of lists and objects: the outbox reads no further for the key of its message.
      userKey: this.#userKey,
      requestId: request.id,
      atMs: subject.atMs,
      isTest: request.test === 1,
      ending,
      closing: decision === null ? null : state!.closing,
      features: subject.features,
      ...(decision === null ? {} : this.#estimateContext(decision)),
      arms: {},
      input: decision?.input ?? null,
      outcome: decision?.outcome ?? null,
      dsps: state === null ? [] : state.replies.map(dspRecord),
      billingNotices: notices.onBilling,
      reservations: decision === null ? NO_RESERVATIONS : this.#reserved,
      timings: {
        readMs: microseconds(readMs),
        solicitedAtMs: microseconds(Math.max(0, this.#solicitedAtMs - arrivedAtMs)),
        closedAtMs: microseconds(Math.max(0, (state?.closedAtMs ?? 0) - arrivedAtMs)),
        answeredAtMs: microseconds((this.#answeredAtMs ?? nowMs) - arrivedAtMs),
        deadlineAtMs: microseconds(deadlineAtMs - arrivedAtMs),
      },
    };
  }

  /** Nothing when there are no caches to warm up with it. */
  #estimateContext({ input, collected }: Decision): Pick<AuctionEvent, 'estimateContext'> {
    if (this.#environment.estimating === null || input.bids.every(({ ctrSource }) => ctrSource === 'prior')) return {};
    const campaignIds = collected.map(({ bid }) => bid.cid ?? '');
    return { estimateContext: estimateContext(this.#admitted.subject.request, campaignIds) };
  }
}

type ReservedMessage = Extract<RequestMessage, { readonly kind: 'reserved' }>;

function isReply(message: RequestMessage): message is RequestMessage & { readonly reply: DspReply } {
  return message.kind === 'replied' || message.kind === 'replied-unawaited';
}

/**
 * Two messages per DSP and the estimates of its bids, one per position that markup is fetched for in each round, and start,
 * house bids, look, deadline and cancel.
 */
function mailLengthMax(dspCount: number, terms: AuctionTerms): number {
  let positions = 0;
  for (const { slotWeights } of terms.imps) positions += slotWeights.length;
  return 3 * dspCount + 2 * positions + 8;
}

/** Milliseconds cut to whole microseconds. */
function microseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
