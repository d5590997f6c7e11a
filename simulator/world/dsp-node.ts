import { createRequestReader } from '../../openrtb/read-request.ts';
import type { BidRequest } from '../../openrtb/types.ts';
import { type Decision, drawFault } from '../dsp/behaviour.ts';
import type { FaultShares } from '../dsp/faults.ts';
import { type ArrivingAnswer, arrivingAnswer } from './arriving-answer.ts';
import { type DspBehaviour, noticeOriginOf } from './dsp-behaviour.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** Answers a call, once; what it means to say is `decision`. */
export type DspReplies = (answer: ArrivingAnswer, decision: Decision) => void;

const readRequest = createRequestReader();
/** Calls of one auction share their bodies. */
const requests = new WeakMap<Uint8Array, BidRequest | null>();

/** What a fault of the world does to a DSP, whatever its behaviour is. */
export interface Disturbance {
  /** Chance of each. Those that need a bid strike when there is one. */
  readonly faults: FaultShares;
  /** Factor on the time that it takes. */
  readonly slower: number;
  /** What came in within so long is answered at the end of it, at once, ms; 0: as it comes. */
  readonly burstMs: number;
}

/** A DSP at its end of the network: reads requests, and answers when its behaviour says so. */
export class DspNode {
  readonly process: VirtualProcess;
  readonly behaviour: DspBehaviour;
  /** Null: it is as well as its behaviour says. */
  disturbance: Disturbance | null = null;

  constructor(process: VirtualProcess, behaviour: DspBehaviour) {
    this.process = process;
    this.behaviour = behaviour;
  }

  /** A bid request has arrived, in a task of the DSP's process. */
  receive(body: Uint8Array, reply: DspReplies): void {
    const request = requestIn(body);
    const decision = request === null ? REFUSED : this.#disturbed(this.behaviour.decide(request, this.process.nowMs));
    const answer = request === null ? BAD_REQUEST : arrivingAnswer(decision, noticeOriginOf(this.behaviour.id));
    if (answer === null) return;
    this.process.timers.schedule(decision.delayMs + answer.sendingMs, () => reply(answer, decision));
  }

  #disturbed(decision: Decision): Decision {
    if (this.disturbance === null) return decision;
    const { faults, slower, burstMs } = this.disturbance;
    const untilBurstMs = burstMs === 0 ? 0 : burstMs - (this.process.nowMs % burstMs);
    return {
      delayMs: decision.delayMs * slower + untilBurstMs,
      fault: drawFault(faults, this.process.random) ?? decision.fault,
      reply: decision.reply,
    };
  }
}

const REFUSED: Decision = { delayMs: 0, fault: null, reply: null };
const BAD_REQUEST: ArrivingAnswer = {
  sendingMs: 0,
  result: { kind: 'answered', status: 400, body: new Uint8Array() },
};

/** In 2.6 shape; null when the body is no valid bid request. */
export function requestIn(body: Uint8Array): BidRequest | null {
  let request = requests.get(body);
  if (request === undefined) {
    const reading = readRequest(body);
    request = reading.kind === 'ok' ? reading.request : null;
    requests.set(body, request);
  }
  return request;
}
