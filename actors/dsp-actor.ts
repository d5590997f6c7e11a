/**
 * One actor per DSP for the life of the process: decides alone whether and how long to call, and keeps what it learns
 * from the results (`engine/dsp/dsp-health.ts`). Solicitations wake it; results wait in its queue until the next one.
 */
import {
  agreedRate,
  createDspHealth,
  type DspCallDecision,
  type DspHealth,
  type DspHealthOptions,
  type DspHealthSnapshot,
  decide,
  record,
  recordLateAnswer,
  snapshot,
} from '../engine/dsp/dsp-health.ts';
import { isOwnShortage } from '../engine/dsp/own-shortage.ts';
import {
  type DspReply,
  faultedReply,
  type ReplyContext,
  type ReplyResult,
  readReply,
  skippedReply,
} from '../engine/dsp/reply.ts';
import { DspShaping, type DspShapingSnapshot, type ShapingLesson } from '../engine/dsp/shaping/dsp-shaping.ts';
import type { ShaperOptions } from '../engine/dsp/shaping/shaper.ts';
import type { Dialect } from '../engine/dsp/solicitation.ts';
import {
  createWaitingModel,
  learnBid,
  learnLatency,
  WAITING_MODEL_DEFAULTS,
  type WaitingModel,
} from '../engine/dsp/waiting/waiting-model.ts';
import type { BidFeedback } from '../engine/exchange/progressive-closing.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { DspTransport, DspTransportResult } from '../engine/ports/dsp-transport.ts';
import type { LoopWatch } from '../engine/ports/loop-watch.ts';
import type { Random } from '../engine/ports/random.ts';
import type { FanOut } from './fan-out.ts';
import { type ActorParent, type Mailbox, spawnActor } from './mailbox.ts';
import type { Supervisor } from './supervision.ts';

export type DspMessage =
  | { readonly kind: 'solicit'; readonly fanOut: FanOut }
  | {
      readonly kind: 'result';
      /** Not the reply itself: it would be held until the next solicitation. */
      readonly result: ReplyResult;
      readonly latencyMs: number;
      readonly decision: DspCallDecision;
      readonly isLocalFault: boolean;
      /** As in `CallOutcome`. */
      readonly blockedMs: number;
    }
  /** The answer to a call that has timed out, after all. */
  | { readonly kind: 'late-answer'; readonly latencyMs: number }
  /** What became of an answer in its auction. */
  | {
      readonly kind: 'feedback';
      readonly feedback: BidFeedback;
      /** Null when the request was not shaped. */
      readonly lesson: ShapingLesson | null;
    };

export interface DspDefinition {
  readonly id: string;
  readonly health: DspHealthOptions;
  /** Null: every call is worth making. */
  readonly shaping: ShaperOptions | null;
  readonly dialect: Dialect;
  /** Its bids are ranked by estimates that take time: the auction is told of them at once, to ask while others are out. */
  readonly wakesForBids: boolean;
  readonly reply: Omit<ReplyContext, 'requestId' | 'dspId'>;
}

/** What the actor's owner wants to know; all calls must be cheap. */
export interface DspObserver {
  readonly onReply: (dspId: string, reply: DspReply) => void;
  /** Our own code failed on an answer. */
  readonly onReplyFault: (error: unknown) => void;
}

export interface DspActorOptions {
  readonly definition: DspDefinition;
  readonly transport: DspTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly loop: LoopWatch;
  readonly supervisor: Supervisor;
  readonly observer: DspObserver;
  readonly onOverflow: () => void;
}

export interface DspActor {
  readonly id: string;
  readonly mailbox: Mailbox<DspMessage>;
  /** For people and gauges, computed when asked for. */
  readonly snapshot: () => DspHealthSnapshot;
  /** For people; null: not shaped. */
  readonly shapingSnapshot: () => DspShapingSnapshot | null;
}

/** Solicitations that may wait: more than a process starts in one turn of its loop, so only a stuck actor reaches it. */
const SOLICITATIONS_WAITING_MAX = 10_000;
/** What one call may leave in the mailbox before the next solicitation: its result, a late answer, feedback on its bid. */
const MAIL_PER_CALL_MAX = 3;
/** Bounds the work per answer where timeouts are long: answers after a second count as never. */
const HORIZON_MS_MAX = 1000;

export function spawnDspActor(parent: ActorParent, options: DspActorOptions): DspActor {
  const actor = new DspCaller(options);
  const mailbox = spawnActor<DspHealth, DspMessage>(parent, options.clock, {
    name: `dsp-${options.definition.id}`,
    initialState: () => actor.restart(),
    handle: (health, message, nowMs) => actor.handle(health, message, nowMs),
    supervisor: options.supervisor,
    lengthMax: SOLICITATIONS_WAITING_MAX + MAIL_PER_CALL_MAX * options.definition.health.inFlightMax,
    overflow: 'refuse-newest',
    onOverflow: options.onOverflow,
  });
  actor.mailbox = mailbox;
  const { snapshot, shapingSnapshot } = actor;
  return { id: options.definition.id, mailbox, snapshot, shapingSnapshot };
}

class DspCaller {
  readonly #options: DspActorOptions;
  #health: DspHealth;
  #waiting: WaitingModel;
  #shaping: DspShaping | null;
  mailbox: Mailbox<DspMessage> | null = null;

  constructor(options: DspActorOptions) {
    this.#options = options;
    this.#waiting = this.#unknownWaiting();
    this.#shaping = this.#unknownShaping();
    this.#health = this.restart();
  }

  restart(): DspHealth {
    const { definition, clock } = this.#options;
    this.#health = createDspHealth(definition.health, clock.monotonicMs());
    this.#waiting = this.#unknownWaiting();
    this.#shaping = this.#unknownShaping();
    return this.#health;
  }

  #unknownShaping(): DspShaping | null {
    const { definition, clock } = this.#options;
    const { id, shaping, health } = definition;
    return shaping === null ? null : new DspShaping(id, shaping, agreedRate(health), clock.monotonicMs());
  }

  /** Nothing is waited for beyond the DSP's timeout, so nothing beyond it is learned. */
  #unknownWaiting(): WaitingModel {
    const { timeoutMs } = this.#options.definition.health;
    return createWaitingModel({ ...WAITING_MODEL_DEFAULTS, horizonMs: Math.min(HORIZON_MS_MAX, Math.ceil(timeoutMs)) });
  }

  readonly snapshot = (): DspHealthSnapshot => snapshot(this.#health, this.#options.clock.monotonicMs());

  readonly shapingSnapshot = (): DspShapingSnapshot | null => this.#shaping?.snapshot() ?? null;

  handle(health: DspHealth, message: DspMessage, nowMs: number): DspHealth {
    switch (message.kind) {
      case 'solicit':
        this.#solicit(health, message.fanOut, nowMs);
        return health;
      case 'result': {
        const { result, latencyMs, decision, isLocalFault, blockedMs } = message;
        const { timeoutMs, isProbe } = decision;
        const outcome = { result, latencyMs, timeoutMs, isProbe, isLocalFault, blockedMs };
        record(health, outcome, nowMs, this.#options.random);
        if (!isLocalFault) this.#learnLatency(result, result === 'timeout' ? timeoutMs - blockedMs : latencyMs);
        return health;
      }
      case 'late-answer':
        recordLateAnswer(health, message.latencyMs, nowMs);
        return health;
      case 'feedback':
        learnBid(this.#waiting, message.feedback.bidMicros, message.feedback.bestOtherMicros);
        if (message.lesson !== null) this.#shaping?.learn(message.lesson);
        return health;
    }
  }

  /**
   * Failures come at times of their own and say nothing about answers. A late answer is not learned again: its timeout
   * has been, and what lies behind it is of no use to an auction. `elapsedMs`: for which the DSP could answer.
   */
  #learnLatency(result: ReplyResult, elapsedMs: number): void {
    if (result === 'bid' || result === 'no-bid') learnLatency(this.#waiting, elapsedMs, true);
    else if (result === 'timeout') learnLatency(this.#waiting, elapsedMs, false);
  }

  #solicit(health: DspHealth, fanOut: FanOut, nowMs: number): void {
    const unworthy = fanOut.shaping === null ? null : (this.#shaping?.judge(fanOut.shaping, nowMs) ?? null);
    const decision = decide(health, nowMs, fanOut.deadlineAtMs - nowMs, this.#options.random, unworthy);
    if (decision.kind === 'skip') {
      this.#deliver(fanOut, skippedReply(this.#options.definition.id, decision.reason), true);
      return;
    }
    if (!decision.isAwaited) fanOut.replyTo.post({ kind: 'not-awaited' });
    this.#call(fanOut, decision, nowMs);
  }

  #call(fanOut: FanOut, decision: DspCallDecision, nowMs: number): void {
    const { definition, transport } = this.#options;
    const { timeoutMs, isAwaited } = decision;
    const deadlineAtMs = nowMs + timeoutMs;
    const pending = { model: this.#waiting, calledAtMs: nowMs, deadlineAtMs, isOver: false };
    if (isAwaited) fanOut.awaited.push(pending);
    const context: ReplyContext = {
      ...definition.reply,
      dspId: definition.id,
      requestId: fanOut.solicitation.request.id,
    };
    const abandon = transport.call(
      {
        dspId: definition.id,
        body: fanOut.solicitation.body(definition.dialect, timeoutMs),
        version: definition.dialect.version,
        deadlineAtMs,
        abortAtMs: fanOut.deadlineAtMs,
        onLateAnswer: this.#onLateAnswer,
      },
      (result) => {
        pending.isOver = true;
        const reply = this.#read(result, context);
        const isLocalFault = reply === null || (result.kind === 'unreachable' && isOwnShortage(result.code));
        // What arrived in time was read before the call timed out, so that only blocks within the wait matter.
        const blockedMs = result.kind === 'timeout' ? this.#options.loop.blockedMsBetween(nowMs, deadlineAtMs) : 0;
        const delivered = reply ?? faultedReply(definition.id, result.latencyMs);
        const { latencyMs } = delivered;
        this.mailbox?.post({ kind: 'result', result: delivered.result, latencyMs, decision, isLocalFault, blockedMs });
        this.#deliver(fanOut, delivered, isAwaited);
      },
    );
    fanOut.abandons.push(abandon);
  }

  /** Null: our own code failed. It runs in a callback of the transport, where nobody else would catch that. */
  #read(result: DspTransportResult, context: ReplyContext): DspReply | null {
    try {
      return readReply(result, context);
    } catch (error) {
      this.#options.observer.onReplyFault(error);
      return null;
    }
  }

  readonly #onLateAnswer = (latencyMs: number): void => {
    this.mailbox?.post({ kind: 'late-answer', latencyMs });
  };

  #deliver(fanOut: FanOut, reply: DspReply, isAwaited: boolean): void {
    const { definition, observer } = this.#options;
    observer.onReply(definition.id, reply);
    const { replyTo } = fanOut;
    const deliver = definition.wakesForBids && reply.response !== null ? replyTo.tell : replyTo.post;
    const isTaken = deliver({ kind: isAwaited ? 'replied' : 'replied-unawaited', reply });
    if (isTaken) fanOut.delivered += 1;
    else this.#handBack(fanOut, reply);
  }

  /** What comes late is decided on once more, to learn from it; nobody else would catch a fault in that. */
  #handBack(fanOut: FanOut, reply: DspReply): void {
    try {
      fanOut.onLateReply(reply);
    } catch (error) {
      this.#options.observer.onReplyFault(error);
    }
  }
}
