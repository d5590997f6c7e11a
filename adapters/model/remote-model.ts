/**
 * RemoteModel over HTTP: a server of the Open Inference Protocol v2 (Triton, KServe, MLServer).
 *
 * Rows wait up to `gatherMs` for others, so that one call asks for many; a full batch goes at once. Calls are bounded in
 * number; what does not get its turn waits, and beyond `queueMax` rows is refused (`refuse-newest`). Each row is answered
 * at its own deadline, and a call for which nobody waits any more is aborted. A breaker stops calls when too many fail,
 * and probes with one at a time.
 *
 * No estimate is used of a model whose metadata has not been compared with this engine's schema: it is read at start, when
 * an answer is of a version that is not known, and before the first probe, since what was away may come back as another.
 */
import { Pool } from 'undici';
import { Breaker, type BreakerOptions, type BreakerState } from '../../engine/dsp/breaker.ts';
import type { JudgedRow, SanityFinding } from '../../engine/estimation/model-sanity.ts';
import { neverCertain } from '../../engine/estimation/models/calibration.ts';
import type { Clock, TimerHandle, Timers } from '../../engine/ports/clock.ts';
import type { Random } from '../../engine/ports/random.ts';
import type { Expectation, InferenceFailure, InferenceResult, RemoteModel } from '../../engine/ports/remote-model.ts';
import { DeadlineQueue } from '../dsp/deadline-queue.ts';
import {
  type InferenceResponse,
  inferenceRequest,
  isServing,
  type ModelSignature,
  ProtocolError,
  readInferenceResponse,
  readSignature,
  type SignatureRules,
} from './inference-protocol.ts';
import { ServedVersions } from './served-versions.ts';
import { WaitingRow } from './waiting-row.ts';

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
  /** The metadata has been read and is right: at start, for a version not known before, and after an outage. */
  readonly onReady: (signature: ModelSignature) => void;
  /** A fault of our own code as a deadline passed. */
  readonly onFault: (error: unknown) => void;
  /** Not reachable, not ready, or of another schema: no estimate of it is used. Once for each attempt. */
  readonly onNotReady: (error: Error) => void;
  /** Estimates of this version are not to be trusted any more, or are again (null). */
  readonly onFinding: (version: string, finding: SanityFinding | null) => void;
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
/** How often the metadata is read in a row for an answer of a version that it does not list. */
const CHECK_TRIES = 4;

/** Begins to look for the server; until it is found and right, `isFailing` and no row is sent. */
export function createRemoteModel(options: RemoteModelOptions): RemoteModel {
  return new InferenceClient(options);
}

class InferenceClient implements RemoteModel {
  readonly #options: RemoteModelOptions;
  readonly #pool: Pool;
  readonly #path: string;
  readonly #breaker: Breaker;
  readonly #deadlines: DeadlineQueue;
  readonly #calls = new Set<AbortController>();
  readonly #versions = new ServedVersions();
  /** By version: under way. */
  readonly #versionChecks = new Map<string, Promise<void>>();
  /** Could not be accepted, and is not asked about again before that time. */
  #refused = { version: '', untilMs: Number.NEGATIVE_INFINITY };
  /** It has been found, and did not say of itself since that it is of another schema. */
  #isFound = false;
  #queue: WaitingRow[] = [];
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
    void this.#find();
  }

  readonly version = (): string => this.#versions.current;

  readonly isFailing = (): boolean => {
    this.#breaker.advance(this.#options.clock.monotonicMs());
    return !this.#isFound || this.#breaker.state !== 'closed';
  };

  readonly breakerState = (): BreakerState => this.#breaker.state;

  readonly infer = (
    row: Float64Array,
    deadlineAtMs: number,
    onResult: (result: InferenceResult) => void,
    expectation: Expectation | null = null,
  ): void => {
    const waiting = new WaitingRow(row.slice(), expectation, onResult);
    const refusal = this.#refusal();
    if (refusal !== null) {
      queueMicrotask(() => waiting.fail(refusal));
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
    for (const waiting of this.#queue.splice(0)) waiting.fail('closed');
    for (const call of this.#calls) call.abort();
    await this.#pool.destroy();
  };

  #refusal(): InferenceFailure | null {
    if (this.#isClosed) return 'closed';
    this.#breaker.advance(this.#options.clock.monotonicMs());
    if (!this.#isFound || this.#breaker.state === 'open') return 'breaker-open';
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
    while (this.#queue.length > 0 && this.#calls.size < callsMax) {
      void this.#call(this.#queue.splice(0, this.#options.batchRowsMax));
    }
  }

  async #call(batch: readonly WaitingRow[]): Promise<void> {
    const { clock, random, observer } = this.#options;
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
    const failure = await this.#settle(batch, call.signal);
    const nowMs = clock.monotonicMs();
    this.#calls.delete(call);
    if (this.#isClosed) return;
    const wasOpen = this.#breaker.state === 'open';
    // The server works. While it is deployed some of its answers may be of a version that the others do not know of.
    if (failure !== 'unchecked' || isProbe) this.#breaker.record(failure !== null, isProbe, nowMs, random);
    observer.onCall(batch.length, nowMs - startedAtMs, failure);
    if (this.#breaker.state !== 'open') {
      this.#send();
      return;
    }
    // What comes back may be another model.
    if (!wasOpen) this.#versions.forget();
    this.#refuseAll();
  }

  /** Gives why most of the batch got no estimate; null when most did. */
  async #settle(batch: readonly WaitingRow[], signal: AbortSignal): Promise<InferenceFailure | null> {
    const answer = await this.#ask(batch, signal).catch((error: unknown) => failureOf(error, signal, this.#isClosed));
    if (typeof answer !== 'string') return this.#settleEach(batch, answer);
    for (const waiting of batch) waiting.fail(answer);
    return answer;
  }

  /** Gives what a version with the schema of the rows says of them; throws when there is no such answer. */
  async #ask(batch: readonly WaitingRow[], signal: AbortSignal): Promise<InferenceResponse> {
    const signature = this.#versions.signature ?? (await this.#check(''));
    const rows = batch.map(({ row }) => row);
    const body = inferenceRequest(signature, rows, this.#options.missing);
    const text = await this.#exchange('POST', `${this.#path}/infer`, signal, body);
    const { values, version: said } = readInferenceResponse(text, batch.length);
    const version = said === '' ? this.#versions.current : said;
    const answering = this.#versions.signatureOf(version) ?? (await this.#check(version));
    if (!isSameInput(answering, signature)) throw new UncheckedError(`version ${version} takes another input`);
    return { values, version };
  }

  #settleEach(batch: readonly WaitingRow[], { values, version }: InferenceResponse): InferenceFailure | null {
    this.#versions.answered(version);
    const judged: JudgedRow[] = [];
    for (const [index, { row, expectation }] of batch.entries()) {
      const rate = values[index];
      if (isRate(rate)) judged.push({ row, rate, expectation });
    }
    const isSound = this.#isSound(version, judged);
    for (const [index, waiting] of batch.entries()) {
      const rate = values[index];
      if (!isRate(rate)) waiting.fail('out-of-range');
      else if (!isSound) waiting.fail('implausible');
      else waiting.settle({ kind: 'estimate', value: neverCertain(rate), version });
    }
    // One row that it cannot cope with is nothing against a model; it would be there in one batch after the other.
    if (2 * judged.length < batch.length) return 'out-of-range';
    return isSound ? null : 'implausible';
  }

  #isSound(version: string, judged: readonly JudgedRow[]): boolean {
    const sanity = this.#versions.sanityOf(version);
    const before = sanity.finding;
    const isSound = sanity.isSound(judged);
    if (sanity.finding !== before) this.#options.observer.onFinding(version, sanity.finding);
    return isSound;
  }

  #refuseAll(): void {
    for (const waiting of this.#queue.splice(0)) waiting.fail('breaker-open');
  }

  /** Looks for the server until it is there and right. */
  async #find(): Promise<void> {
    const { timers, checkMs, observer } = this.#options;
    try {
      const signature = await this.#readSignature();
      if (this.#isClosed) return;
      this.#versions.accept('', signature);
      this.#isFound = true;
      observer.onReady(signature);
    } catch (error) {
      if (this.#isClosed) return;
      observer.onNotReady(error as Error);
      this.#checking = timers.schedule(checkMs, () => void this.#find());
    }
  }

  /**
   * Gives what a version takes that is not known to have the right schema, once it is known to; else throws an
   * `UncheckedError`. An empty version stands for whatever is served.
   */
  async #check(version: string): Promise<ModelSignature> {
    let check = this.#versionChecks.get(version);
    if (check === undefined) {
      check = this.#accept(version).finally(() => this.#versionChecks.delete(version));
      this.#versionChecks.set(version, check);
    }
    await check;
    const signature = version === '' ? this.#versions.signature : this.#versions.signatureOf(version);
    if (signature === null) throw new UncheckedError(`version ${version} has not been accepted`);
    return signature;
  }

  async #accept(version: string): Promise<void> {
    const { clock, checkMs, observer } = this.#options;
    // Answers that were under way as the breaker opened: the metadata is read when it is tried again.
    if (!this.#isFound || this.#breaker.state === 'open') return;
    if (version === this.#refused.version && clock.monotonicMs() < this.#refused.untilMs) return;
    try {
      const signature = await this.#readSignatureOf(version);
      // What was read as the breaker opened may be of the model that went away.
      if (this.#isClosed || this.breakerState() === 'open') return;
      this.#versions.accept(version, signature);
      observer.onReady({ ...signature, version: this.#versions.current });
    } catch (error) {
      if (this.#isClosed) return;
      this.#refused = { version, untilMs: clock.monotonicMs() + checkMs };
      observer.onNotReady(error as Error);
      if (error instanceof ProtocolError) this.#lose();
    }
  }

  /** The server says itself that it is of another schema: no row is sent before it says otherwise. */
  #lose(): void {
    const { timers, checkMs } = this.#options;
    if (!this.#isFound) return;
    this.#isFound = false;
    this.#versions.forget();
    this.#refuseAll();
    this.#checking = timers.schedule(checkMs, () => void this.#find());
  }

  /** Behind a load balancer the metadata may be of another server than the answer. */
  async #readSignatureOf(version: string): Promise<ModelSignature> {
    for (let tries = 1; ; tries++) {
      const signature = await this.#readSignature();
      if (isServing(signature, version)) return signature;
      if (tries === CHECK_TRIES) {
        throw new UncheckedError(`answers of version ${version}, metadata of ${signature.versions.join(', ')}`);
      }
    }
  }

  async #readSignature(): Promise<ModelSignature> {
    const { timers, checkMs } = this.#options;
    const limit = new AbortController();
    const timer = timers.schedule(checkMs, () => limit.abort());
    try {
      await this.#exchange('GET', `${this.#path}/ready`, limit.signal);
      return readSignature(await this.#exchange('GET', this.#path, limit.signal), this.#options);
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

/** A version of the model that is not known to have the schema of the rows. */
class UncheckedError extends Error {
  override readonly name = 'UncheckedError';
}

function failureOf(error: unknown, signal: AbortSignal, isClosed: boolean): InferenceFailure {
  if (isClosed) return 'closed';
  if (signal.aborted) return 'deadline';
  if (error instanceof UncheckedError) return 'unchecked';
  if (error instanceof RefusedError) return 'refused';
  return error instanceof ProtocolError ? 'unreadable' : 'unreachable';
}

function isSameInput(one: ModelSignature, other: ModelSignature): boolean {
  return one.inputName === other.inputName && one.datatype === other.datatype;
}

/** Certainty is what a broken model has: 0 and 1 are none. */
function isRate(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < 1;
}
