/**
 * RemoteModel over HTTP: a server of the Open Inference Protocol v2 (Triton, KServe, MLServer).
 *
 * Rows wait up to `gatherMs` for others, so that one call asks for many; a full batch goes at once. Calls are bounded in
 * number; what does not get its turn waits, and beyond `queueMax` rows is refused (`refuse-newest`). Each row is answered
 * at its own deadline, and a call for which nobody waits any more is aborted. A breaker stops calls when too many fail,
 * and probes with one at a time.
 */
import { Pool } from 'undici';
import { Breaker, type BreakerOptions, type BreakerState } from '../../engine/dsp/breaker.ts';
import type { Clock, TimerHandle, Timers } from '../../engine/ports/clock.ts';
import type { Random } from '../../engine/ports/random.ts';
import type { InferenceFailure, InferenceResult, RemoteModel } from '../../engine/ports/remote-model.ts';
import { DeadlineQueue, type Expiring } from '../dsp/deadline-queue.ts';
import {
  inferenceRequest,
  type ModelSignature,
  ProtocolError,
  readInferenceResponse,
  readSignature,
  type SignatureRules,
} from './inference-protocol.ts';

export interface RemoteModelOptions extends SignatureRules {
  /** `http://models:8080`. */
  readonly url: string;
  readonly model: string;
  /** Sent with every call, e.g. authorization. Values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly gatherMs: number;
  readonly batchRowsMax: number;
  /** Calls under way at a time. */
  readonly callsMax: number;
  /** Rows that may wait for a call. */
  readonly queueMax: number;
  /** What stands for a missing value: the number that the model was trained with, or null where the server knows that. */
  readonly missing: number | null;
  /** Of metadata and readiness, ms; also how often they are asked for until they are right. */
  readonly checkMs: number;
  readonly breaker: BreakerOptions;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly observer: RemoteModelObserver;
}

export interface RemoteModelObserver {
  readonly onReady: (signature: ModelSignature) => void;
  /** A fault of our own code as a deadline passed. */
  readonly onFault: (error: unknown) => void;
  /** Not reachable, not ready, or of another schema: no row is sent to it. Once for each attempt. */
  readonly onNotReady: (error: Error) => void;
  /** Rows of a batch and how long the server took, whatever came of it. */
  readonly onCall: (rowCount: number, latencyMs: number, failure: InferenceFailure | null) => void;
}

export const REMOTE_MODEL_DEFAULTS = {
  gatherMs: 5,
  batchRowsMax: 32,
  callsMax: 8,
  queueMax: 4096,
  missing: null,
  checkMs: 1000,
  /** A model server fails for all or for none: quicker to judge than a DSP, and quicker to try again. */
  breaker: {
    window: { windowMs: 10_000, sliceCount: 10 },
    errorRatioMax: 0.5,
    callCountMin: 20,
    failureRunMax: 5,
    failureRunMsMin: 100,
    backOffMs: 1000,
    // One probe in a while costs the server nothing, and within 5 s of its recovery it is to be used again.
    backOffMsMax: 4000,
    jitterShare: 0.2,
    probeCount: 3,
    probeSuccessRatioMin: 1,
    calmMs: 60_000,
  },
} as const satisfies Partial<RemoteModelOptions>;

/** 32 rates take 1 KB. */
const RESPONSE_BYTES_MAX = 1024 * 1024;
/** Never certain, as after calibration. */
const RATE_MIN = 1e-9;

/** Begins to look for the server; until it is found and right, `isFailing` and no row is sent. */
export function createRemoteModel(options: RemoteModelOptions): RemoteModel {
  return new InferenceClient(options);
}

/** A row that waits. */
class Waiting implements Expiring {
  readonly row: Float64Array;
  #onResult: ((result: InferenceResult) => void) | null;
  #onExpired: (() => void) | null = null;

  constructor(row: Float64Array, onResult: (result: InferenceResult) => void) {
    this.row = row;
    this.#onResult = onResult;
  }

  get isOver(): boolean {
    return this.#onResult === null;
  }

  /** The call for it has been made; `onExpired` when it waits no longer. */
  sent(onExpired: () => void): void {
    this.#onExpired = onExpired;
  }

  settle(result: InferenceResult): void {
    const onResult = this.#onResult;
    this.#onResult = null;
    onResult?.(result);
  }

  expire(): void {
    if (this.isOver) return;
    this.settle(failed('deadline'));
    this.#onExpired?.();
  }
}

class InferenceClient implements RemoteModel {
  readonly #options: RemoteModelOptions;
  readonly #pool: Pool;
  readonly #path: string;
  readonly #breaker: Breaker;
  readonly #deadlines: DeadlineQueue;
  readonly #calls = new Set<AbortController>();
  #signature: ModelSignature | null = null;
  #version = '';
  #queue: Waiting[] = [];
  #gathering: TimerHandle = null;
  #checking: TimerHandle = null;
  #isClosed = false;

  constructor(options: RemoteModelOptions) {
    this.#options = options;
    const url = new URL(options.url);
    this.#pool = new Pool(url.origin, { connections: options.callsMax, headersTimeout: 0, bodyTimeout: 0 });
    this.#path = `${url.pathname.replace(/\/$/, '')}/v2/models/${encodeURIComponent(options.model)}`;
    this.#breaker = new Breaker(options.breaker, options.clock.monotonicMs());
    this.#deadlines = new DeadlineQueue(options.clock, options.timers, options.observer.onFault);
    void this.#check();
  }

  readonly version = (): string => this.#version;

  readonly isFailing = (): boolean => {
    this.#breaker.advance(this.#options.clock.monotonicMs());
    return this.#signature === null || this.#breaker.state !== 'closed';
  };

  readonly breakerState = (): BreakerState => this.#breaker.state;

  readonly infer = (row: Float64Array, deadlineAtMs: number, onResult: (result: InferenceResult) => void): void => {
    const waiting = new Waiting(row.slice(), onResult);
    const refusal = this.#refusal();
    if (refusal !== null) {
      queueMicrotask(() => waiting.settle(failed(refusal)));
      return;
    }
    this.#deadlines.add(deadlineAtMs, waiting);
    this.#queue.push(waiting);
    if (this.#queue.length >= this.#options.batchRowsMax) this.#send();
    else this.#gather();
  };

  readonly close = async (): Promise<void> => {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { timers } = this.#options;
    timers.cancel(this.#gathering);
    timers.cancel(this.#checking);
    this.#deadlines.close();
    for (const waiting of this.#queue.splice(0)) waiting.settle(failed('closed'));
    for (const call of this.#calls) call.abort();
    await this.#pool.destroy();
  };

  #refusal(): InferenceFailure | null {
    if (this.#isClosed) return 'closed';
    this.#breaker.advance(this.#options.clock.monotonicMs());
    if (this.#signature === null || this.#breaker.state === 'open') return 'breaker-open';
    return this.#queue.length >= this.#options.queueMax ? 'queue-full' : null;
  }

  #gather(): void {
    if (this.#gathering !== null || this.#queue.length === 0) return;
    this.#gathering = this.#options.timers.schedule(this.#options.gatherMs, () => {
      this.#gathering = null;
      this.#send();
    });
  }

  /** What waits, as far as calls may be made; the end of a call makes room for the next. */
  #send(): void {
    // Half open, one call at a time shows whether it works again.
    const callsMax = this.#breaker.state === 'half-open' ? 1 : this.#options.callsMax;
    if (this.#calls.size >= callsMax) return;
    this.#queue = this.#queue.filter(({ isOver }) => !isOver);
    while (this.#queue.length > 0 && this.#calls.size < callsMax && this.#signature !== null) {
      void this.#call(this.#queue.splice(0, this.#options.batchRowsMax), this.#signature);
    }
  }

  async #call(batch: readonly Waiting[], signature: ModelSignature): Promise<void> {
    const { clock, random, observer, missing } = this.#options;
    const call = new AbortController();
    this.#calls.add(call);
    let waitingCount = batch.length;
    for (const waiting of batch) {
      waiting.sent(() => {
        waitingCount -= 1;
        if (waitingCount === 0) call.abort();
      });
    }
    const startedAtMs = clock.monotonicMs();
    const isProbe = this.#breaker.state === 'half-open';
    const body = inferenceRequest(
      signature,
      batch.map(({ row }) => row),
      missing,
    );
    const failure = await this.#ask(body, call.signal, batch);
    const nowMs = clock.monotonicMs();
    this.#calls.delete(call);
    if (this.#isClosed) return;
    this.#breaker.record(failure !== null, isProbe, nowMs, random);
    observer.onCall(batch.length, nowMs - startedAtMs, failure);
    if (this.#breaker.state === 'open') this.#refuseAll();
    else this.#send();
  }

  /** Settles the batch, and gives what was wrong with the answer. */
  async #ask(body: string, signal: AbortSignal, batch: readonly Waiting[]): Promise<InferenceFailure | null> {
    const outcome = await this.#exchange('POST', `${this.#path}/infer`, signal, body).then(
      (text) => readOutcome(text, batch.length),
      (error: unknown) => failureOf(error, signal, this.#isClosed),
    );
    if (typeof outcome === 'string') {
      for (const waiting of batch) waiting.settle(failed(outcome));
      return outcome;
    }
    if (outcome.version !== '') this.#version = outcome.version;
    let failure: InferenceFailure | null = null;
    for (const [index, waiting] of batch.entries()) {
      const result = readRate(outcome.values[index], this.#version);
      if (result.kind === 'failed') failure = result.reason;
      waiting.settle(result);
    }
    return failure;
  }

  #refuseAll(): void {
    for (const waiting of this.#queue.splice(0)) waiting.settle(failed('breaker-open'));
  }

  async #check(): Promise<void> {
    const { timers, checkMs, observer } = this.#options;
    const limit = new AbortController();
    const timer = timers.schedule(checkMs, () => limit.abort());
    try {
      await this.#exchange('GET', `${this.#path}/ready`, limit.signal);
      const signature = readSignature(await this.#exchange('GET', this.#path, limit.signal), this.#options);
      if (this.#isClosed) return;
      this.#signature = signature;
      this.#version = signature.version;
      observer.onReady(signature);
    } catch (error) {
      if (this.#isClosed) return;
      observer.onNotReady(error as Error);
      this.#checking = timers.schedule(checkMs, () => void this.#check());
    } finally {
      timers.cancel(timer);
    }
  }

  async #exchange(method: 'GET' | 'POST', path: string, signal: AbortSignal, body?: string): Promise<string> {
    const headers = { 'content-type': 'application/json', ...this.#options.headers };
    const response = await this.#pool.request({ method, path, headers, signal, body: body ?? null });
    if (response.statusCode !== 200) {
      await response.body.dump();
      throw new RefusedError(`${method} ${path}: status ${response.statusCode}`);
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > RESPONSE_BYTES_MAX) throw new ProtocolError(`an answer of more than ${RESPONSE_BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

function failed(reason: InferenceFailure): InferenceResult {
  return { kind: 'failed', reason };
}

function readOutcome(text: string, rowCount: number): ReturnType<typeof readInferenceResponse> | 'unreadable' {
  try {
    return readInferenceResponse(text, rowCount);
  } catch {
    return 'unreadable';
  }
}

function failureOf(error: unknown, signal: AbortSignal, isClosed: boolean): InferenceFailure {
  if (isClosed) return 'closed';
  if (signal.aborted) return 'deadline';
  if (error instanceof RefusedError) return 'refused';
  return error instanceof ProtocolError ? 'unreadable' : 'unreachable';
}

function readRate(value: unknown, version: string): InferenceResult {
  if (typeof value !== 'number' || !(value >= 0 && value <= 1)) return failed('out-of-range');
  return { kind: 'estimate', value: Math.min(1 - RATE_MIN, Math.max(RATE_MIN, value)), version };
}
