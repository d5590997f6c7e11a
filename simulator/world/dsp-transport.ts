/** The way from an engine of a world to its DSPs, by the rules of the port. */
import type { Clock, TimerHandle } from '../../engine/ports/clock.ts';
import type { DspCall, DspTransport, DspTransportResult } from '../../engine/ports/dsp-transport.ts';
import type { Decision } from '../dsp/behaviour.ts';
import type { ArrivingAnswer } from './arriving-answer.ts';
import { type DspNode, requestIn } from './dsp-node.ts';
import type { Network } from './network.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** Stands at the engine's end of the network. `callId` is unique in a world. */
export interface CallObserver {
  readonly onSent: (callId: string, call: DspCall, requestId: string, tmaxMs: number) => void;
  /** Its last byte is on the engine's machine. */
  readonly onArrived: (callId: string, call: DspCall, answer: ArrivingAnswer, decision: Decision) => void;
  /** Once: what the engine was told of the call. */
  readonly onResult: (callId: string, call: DspCall, result: DspTransportResult) => void;
  /** Once, not before `onResult`: nothing of the call is left. */
  readonly onOver: (callId: string, call: DspCall) => void;
}

export interface WorldTransportOptions {
  readonly engine: VirtualProcess;
  readonly network: Network;
  readonly dsps: ReadonlyMap<string, DspNode>;
  /** Of one DSP that may be under way; one more is refused. */
  readonly inFlightMax: (dspId: string) => number;
  readonly observer: CallObserver;
}

/** One DSP as this engine sees it. */
interface Line {
  readonly dsp: DspNode;
  readonly inFlightMax: number;
  inFlight: number;
}

export class WorldTransport implements DspTransport {
  readonly #options: WorldTransportOptions;
  readonly #lines = new Map<string, Line>();
  #callCount = 0;

  constructor(options: WorldTransportOptions) {
    this.#options = options;
    for (const [id, dsp] of options.dsps) {
      this.#lines.set(id, { dsp, inFlightMax: options.inFlightMax(id), inFlight: 0 });
    }
  }

  /** Under way to all DSPs together. */
  get inFlight(): number {
    let sum = 0;
    for (const { inFlight } of this.#lines.values()) sum += inFlight;
    return sum;
  }

  readonly call: DspTransport['call'] = (call, onResult) => {
    const line = this.#lines.get(call.dspId);
    if (line === undefined) throw new Error(`no DSP of this world is called "${call.dspId}"`);
    const { engine } = this.#options;
    const callId = `${engine.name}/${engine.life}/${this.#callCount++}`;
    return new Exchange({ ...this.#options, callId, line, call, onResult }).begin();
  };

  readonly close = async (): Promise<void> => {};
}

interface ExchangeOptions extends WorldTransportOptions {
  readonly callId: string;
  readonly line: Line;
  readonly call: DspCall;
  readonly onResult: (result: DspTransportResult) => void;
}

/** One call. */
class Exchange {
  readonly #options: ExchangeOptions;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  #timer: TimerHandle = null;
  /** `waited-for`, then `lingering` when the caller has its result and an answer is measured still, then `over`. */
  #state: 'waited-for' | 'lingering' | 'over' = 'waited-for';

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#clock = options.engine.clock;
    this.#startedAtMs = this.#clock.monotonicMs();
  }

  /** Returns what abandons it. */
  begin(): () => void {
    const { engine, network, line, call, callId, observer } = this.#options;
    line.inFlight += 1;
    if (line.inFlight > line.inFlightMax) {
      queueMicrotask(() => this.#end({ kind: 'not-sent', reason: 'pool-full', latencyMs: 0 }));
      return this.#abandon;
    }
    const request = requestIn(call.body);
    observer.onSent(callId, call, request?.id ?? '', request?.tmax ?? 0);
    this.#timer = engine.timers.schedule(call.deadlineAtMs - this.#startedAtMs, () => this.#expire());
    network.send({
      from: engine,
      to: line.dsp.process,
      onArrival: () => line.dsp.receive(call.body, (answer, decision) => this.#sendBack(answer, decision)),
      onRefused: () => this.#arrive({ kind: 'unreachable', code: 'ECONNREFUSED' }),
    });
    return this.#abandon;
  }

  #sendBack(answer: ArrivingAnswer, decision: Decision): void {
    const { engine, network, line, call, callId, observer } = this.#options;
    network.send({
      from: line.dsp.process,
      to: engine,
      onDelivered: () => {
        if (this.#state !== 'over') observer.onArrived(callId, call, answer, decision);
      },
      onArrival: () => this.#arrive(answer.result),
    });
  }

  #arrive(result: ArrivingAnswer['result']): void {
    const latencyMs = this.#clock.monotonicMs() - this.#startedAtMs;
    if (this.#state === 'waited-for') this.#end({ ...result, latencyMs });
    else if (this.#state === 'lingering') {
      if (result.kind === 'answered') this.#options.call.onLateAnswer?.(latencyMs);
      this.#close();
    }
  }

  /** First at the deadline, then, when the answer is still under way, to abort it. */
  #expire(): void {
    const { call, engine } = this.#options;
    const nowMs = this.#clock.monotonicMs();
    if (this.#state === 'lingering') {
      this.#close();
      return;
    }
    this.#state = 'lingering';
    this.#tell({ kind: 'timeout', phase: 'headers', latencyMs: nowMs - this.#startedAtMs });
    if (call.abortAtMs <= nowMs) this.#close();
    else this.#timer = engine.timers.schedule(call.abortAtMs - nowMs, () => this.#expire());
  }

  readonly #abandon = (): void => {
    if (this.#state === 'waited-for') {
      this.#end({ kind: 'not-sent', reason: 'aborted', latencyMs: this.#clock.monotonicMs() - this.#startedAtMs });
    } else if (this.#state === 'lingering') this.#close();
  };

  #end(result: DspTransportResult): void {
    if (this.#state !== 'waited-for') return;
    this.#state = 'lingering';
    this.#tell(result);
    this.#close();
  }

  #tell(result: DspTransportResult): void {
    const { callId, call, onResult, observer } = this.#options;
    observer.onResult(callId, call, result);
    onResult(result);
  }

  #close(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    const { engine, line, callId, call, observer } = this.#options;
    line.inFlight -= 1;
    engine.timers.cancel(this.#timer);
    observer.onOver(callId, call);
  }
}
