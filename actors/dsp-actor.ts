/**
 * One actor per DSP for the life of the process: decides alone whether and how long to call, and keeps what it learns
 * from the results. Solicitations wake it; results wait in its queue until the next solicitation.
 */
import { type CallDecision, type DspLimits, decideCall } from '../engine/dsp/call-decision.ts';
import { type DspReply, type ReplyContext, readReply, skippedReply } from '../engine/dsp/reply.ts';
import type { Dialect } from '../engine/dsp/solicitation.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { DspTransport } from '../engine/ports/dsp-transport.ts';
import type { FanOut } from './fan-out.ts';
import { type ActorParent, type Mailbox, spawnActor } from './mailbox.ts';
import type { Supervisor } from './supervision.ts';

export type DspMessage =
  | { readonly kind: 'solicit'; readonly fanOut: FanOut }
  | { readonly kind: 'result'; readonly reply: DspReply };

export interface DspState {
  /** Calls under way, by the results that have been handled. */
  inFlight: number;
}

export interface DspDefinition {
  readonly id: string;
  readonly limits: DspLimits;
  readonly dialect: Dialect;
  readonly reply: Omit<ReplyContext, 'requestId' | 'dspId'>;
}

/** What the actor's owner wants to know; all calls must be cheap. */
export interface DspObserver {
  readonly onReply: (dspId: string, reply: DspReply) => void;
  /** The reply came when its auction was over. */
  readonly onLate: (dspId: string) => void;
}

export interface DspActorOptions {
  readonly definition: DspDefinition;
  readonly transport: DspTransport;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly observer: DspObserver;
  readonly onOverflow: () => void;
}

/** Next state and, for a solicitation, the decision. */
export function handleDsp(
  state: DspState,
  message: DspMessage,
  limits: DspLimits,
  nowMs: number,
): { readonly state: DspState; readonly decision: CallDecision | null } {
  switch (message.kind) {
    case 'solicit': {
      const decision = decideCall(limits, state.inFlight, message.fanOut.deadlineAtMs - nowMs);
      if (decision.kind === 'call') state.inFlight += 1;
      return { state, decision };
    }
    case 'result':
      // A restart forgets calls under way, whose results still come.
      state.inFlight = Math.max(0, state.inFlight - 1);
      return { state, decision: null };
  }
}

/** Largest mailbox: many times the calls that can be under way, so only a stuck actor ever reaches it. */
const MAILBOX_LENGTH_MAX = 10_000;

export function spawnDspActor(parent: ActorParent, options: DspActorOptions): Mailbox<DspMessage> {
  const { definition, transport, clock, observer } = options;
  const { limits } = definition;

  const call = (fanOut: FanOut, timeoutMs: number, nowMs: number): void => {
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
        deadlineAtMs: nowMs + timeoutMs,
        abortAtMs: fanOut.deadlineAtMs,
      },
      (result) => deliver(fanOut, readReply(result, context), true),
    );
    fanOut.abandons.push(abandon);
  };

  const deliver = (fanOut: FanOut, reply: DspReply, wasCalled: boolean): void => {
    if (wasCalled) mailbox.post({ kind: 'result', reply });
    observer.onReply(definition.id, reply);
    if (!fanOut.replyTo.post({ kind: 'replied', reply })) observer.onLate(definition.id);
  };

  const mailbox = spawnActor<DspState, DspMessage>(parent, clock, {
    name: `dsp-${definition.id}`,
    initialState: () => ({ inFlight: 0 }),
    handle: (state, message, nowMs) => {
      const next = handleDsp(state, message, limits, nowMs);
      if (message.kind === 'solicit') {
        if (next.decision?.kind === 'call') call(message.fanOut, next.decision.timeoutMs, nowMs);
        else if (next.decision?.kind === 'skip') {
          deliver(message.fanOut, skippedReply(definition.id, next.decision.reason), false);
        }
      }
      return next.state;
    },
    supervisor: options.supervisor,
    lengthMax: MAILBOX_LENGTH_MAX,
    overflow: 'refuse-newest',
    onOverflow: options.onOverflow,
  });
  return mailbox;
}
