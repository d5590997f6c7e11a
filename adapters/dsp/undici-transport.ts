/**
 * DspTransport over HTTP/1.1 with undici's `dispatch` on one persistent pool per DSP.
 *
 * One total deadline covers waiting for a connection, connecting, headers and body. A call that misses it has timed out
 * for its caller at once; it is aborted at `abortAtMs`, which destroys its socket: with HTTP/1.1 there is no other way to
 * stop an answer that is under way. In between a late answer saves the connection. Redirects are not followed; a status
 * of 3xx is an answer like any other and means an error to the caller.
 */
import { type Dispatcher, Pool } from 'undici';
import type { Clock, Timers } from '../../engine/ports/clock.ts';
import type { DspCall, DspTransport, DspTransportResult } from '../../engine/ports/dsp-transport.ts';
import { lookupFunction, type ResolveHost } from '../dns/resolve-host.ts';
import { decodeBody, gzipOnce } from './content-encoding.ts';
import { DeadlineQueue, type Expiring } from './deadline-queue.ts';

export interface DspEndpoint {
  readonly id: string;
  /** Absolute http(s) URL of the bidder. */
  readonly url: string;
  /** Sent with every call, e.g. authorization. Values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** The DSP agreed to gzipped requests. */
  readonly gzipRequests: boolean;
  /** Size of the persistent pool, see `engine/dsp/pool-size.ts`. */
  readonly connections: number;
  /**
   * Calls that may wait for a free connection; beyond, calls are refused (`pool-full`): waiting would only make them late.
   * Also bounds the calls that were given up while they waited and that undici still holds (`CONNECT_BACKLOG`).
   */
  readonly waitingMax: number;
}

export interface UndiciTransportOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly endpoints: readonly DspEndpoint[];
  /** Of names in the URLs. Must answer a known name at once: a connection waits for it, and with it the first call. */
  readonly resolveHost: ResolveHost;
  /** Largest answer, compressed and inflated. OPENRTB: 1 MiB. */
  readonly responseBytesMax: number;
  /** Bound on TCP and TLS set-up of a connection that outlives the call which asked for it. */
  readonly connectTimeoutMs: number;
  readonly keepAliveMs: number;
  /** A call's owner threw when its time was up. */
  readonly onFault: (error: unknown) => void;
}

export interface UndiciTransport extends DspTransport {
  /**
   * Opens a few connections to every DSP before the first auction. Otherwise 50 connection set-ups fall into one auction,
   * its calls time out, their aborts close the connections, and the next auction starts from nothing again. Settles
   * after `connectTimeoutMs` at the latest; a DSP that cannot be reached is no error here.
   */
  readonly preconnect: () => Promise<void>;
  /** Open and busy connections of a DSP, for metrics. */
  readonly connections: (dspId: string) => { readonly open: number; readonly busy: number };
}

/**
 * What answers under way from one DSP may hold together. Honest ones are some kilobytes and mostly come in one piece; a DSP
 * that streams without end on a hundred connections would hold `responseBytesMax` on each of them.
 */
const BYTES_HELD_PER_DSP_MAX = 4 * 1024 * 1024;
/** Enough for auctions that overlap in the first second; more open one by one as they are needed. */
const PRECONNECTIONS_MAX = 4;

export function createUndiciTransport(options: UndiciTransportOptions): UndiciTransport {
  const deadlines = new DeadlineQueue(options.clock, options.timers, options.onFault);
  const lines = new Map<string, DspLine>();
  for (const endpoint of options.endpoints) lines.set(endpoint.id, new DspLine(endpoint, options));

  return {
    call(call, onResult) {
      const line = lines.get(call.dspId);
      if (line === undefined) throw new Error(`no endpoint is configured for DSP "${call.dspId}"`);
      const exchange = new DspExchange(line, call, onResult, deadlines, options);
      exchange.start();
      return exchange.abandon;
    },
    async preconnect() {
      const openings: Promise<void>[] = [];
      for (const line of lines.values()) {
        for (let count = Math.min(line.connections, PRECONNECTIONS_MAX); count > 0; count--) {
          openings.push(line.preconnect(options));
        }
      }
      await Promise.all(openings);
    },
    connections(dspId) {
      const stats = lines.get(dspId)?.pool.stats;
      return { open: stats?.connected ?? 0, busy: stats?.running ?? 0 };
    },
    async close() {
      deadlines.close();
      await Promise.all([...lines.values()].map((line) => line.pool.destroy()));
    },
  };
}

/** What is decided once per DSP: pool, path and header lines. */
class DspLine {
  readonly pool: Pool;
  readonly path: string;
  readonly gzipRequests: boolean;
  readonly connections: number;
  readonly inFlightMax: number;
  inFlight = 0;
  readonly backlogMax: number;
  /** Calls that are over and still queued in undici, which lets go of them only once it has, or fails to get, a connection. */
  backlog = 0;
  /** Of answers that have begun and not ended. */
  bytesHeld = 0;
  /** Timed out for their callers, still under way: oldest first. They hold connections only until somebody needs one. */
  readonly lingering = new Set<DspExchange>();
  readonly #headers: Readonly<Record<DspCall['version'], string[]>>;

  constructor(endpoint: DspEndpoint, options: UndiciTransportOptions) {
    const url = new URL(endpoint.url);
    this.path = url.pathname + url.search;
    this.gzipRequests = endpoint.gzipRequests;
    this.connections = endpoint.connections;
    this.inFlightMax = endpoint.connections + endpoint.waitingMax;
    this.backlogMax = endpoint.waitingMax;
    this.#headers = { '2.5': headerLines(endpoint, '2.5'), '2.6': headerLines(endpoint, '2.6') };
    this.pool = new Pool(url.origin, {
      connections: endpoint.connections,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: options.keepAliveMs,
      connect: { timeout: options.connectTimeoutMs, lookup: lookupFunction(options.resolveHost) },
      allowH2: false,
    });
    // Connection errors reach each call by itself; without a listener undici would throw them.
    this.pool.on('connectionError', () => {});
  }

  /** OPTIONS asks for nothing, and unlike HEAD leaves undici's connection open. */
  preconnect({ timers, connectTimeoutMs }: UndiciTransportOptions): Promise<void> {
    return new Promise((resolve) => {
      let started: Dispatcher.DispatchController | null = null;
      let isGivenUp = false;
      const timer = timers.schedule(connectTimeoutMs, () => {
        isGivenUp = true;
        resolve();
        started?.abort(CALL_IS_OVER);
      });
      const settle = (): void => {
        timers.cancel(timer);
        resolve();
      };
      this.pool.dispatch(
        { method: 'OPTIONS', path: this.path },
        {
          onRequestStart: (controller) => {
            // Nobody would end it any more: what is sent now would hold the connection as long as the DSP likes.
            if (isGivenUp) throw CALL_IS_OVER;
            started = controller;
          },
          onResponseStart: () => {},
          onResponseData: () => {},
          onResponseEnd: settle,
          onResponseError: settle,
        },
      );
    });
  }

  giveUpOldestLingering(): void {
    for (const oldest of this.lingering) {
      oldest.giveUp();
      return;
    }
  }

  headersFor(version: DspCall['version']): string[] {
    return this.#headers[version];
  }
}

function headerLines(endpoint: DspEndpoint, version: string): string[] {
  const lines = [
    'content-type',
    'application/json',
    'accept',
    'application/json',
    'accept-encoding',
    'gzip',
    'x-openrtb-version',
    version,
  ];
  if (endpoint.gzipRequests) lines.push('content-encoding', 'gzip');
  for (const [name, value] of Object.entries(endpoint.headers)) lines.push(name.toLowerCase(), value);
  return lines;
}

type Phase = 'connect' | 'headers' | 'body';

/**
 * One call: undici's handler and the deadline's entry in one object, so that a call costs one allocation of ours. The
 * caller has its result once `#onResult` is null; the connection is free once the exchange is over.
 */
class DspExchange implements Dispatcher.DispatchHandler, Expiring {
  readonly #line: DspLine;
  readonly #deadlines: DeadlineQueue;
  readonly #options: UndiciTransportOptions;
  readonly #startedAtMs: number;
  #call: DspCall | null;
  #onResult: ((result: DspTransportResult) => void) | null;
  #controller: Dispatcher.DispatchController | null = null;
  /** Where `#deadlines` has it. */
  #expiresAtMs = 0;
  #place = -1;
  #isOver = false;
  /** Handed to undici, and no more heard of it. */
  #isQueued = false;
  #phase: Phase = 'connect';
  #status = 0;
  #encoding: string | undefined;
  /** First chunk, and a list only when there are more: most answers come in one. */
  #first: Buffer | null = null;
  #more: Buffer[] | null = null;
  /** Of the answer so far. */
  #size = 0;
  #bytesHeld = 0;

  constructor(
    line: DspLine,
    call: DspCall,
    onResult: (result: DspTransportResult) => void,
    deadlines: DeadlineQueue,
    options: UndiciTransportOptions,
  ) {
    this.#line = line;
    this.#call = call;
    this.#onResult = onResult;
    this.#deadlines = deadlines;
    this.#options = options;
    this.#startedAtMs = options.clock.monotonicMs();
  }

  start(): void {
    const line = this.#line;
    const { version, body, deadlineAtMs } = this.#call!;
    if (line.inFlight >= line.connections) line.giveUpOldestLingering();
    line.inFlight += 1;
    if (line.inFlight > line.inFlightMax) {
      this.#refuse({ kind: 'not-sent', reason: 'pool-full', latencyMs: 0 });
      return;
    }
    if (line.backlog > line.backlogMax) {
      this.#refuse({ kind: 'unreachable', code: 'CONNECT_BACKLOG', latencyMs: 0 });
      return;
    }
    this.#expireAt(deadlineAtMs);
    this.#isQueued = true;
    line.pool.dispatch(
      {
        method: 'POST',
        path: line.path,
        headers: line.headersFor(version),
        body: line.gzipRequests ? gzipOnce(body) : body,
      },
      this,
    );
  }

  #refuse(result: DspTransportResult): void {
    queueMicrotask(() => {
      this.#finish(result);
      this.#end();
    });
  }

  readonly abandon = (): void => {
    this.#finish({ kind: 'not-sent', reason: 'aborted', latencyMs: this.#elapsedMs() });
    this.#abort();
  };

  /** First at the deadline of the caller, then, when the answer is still under way, to abort it. */
  expire(nowMs: number): void {
    if (this.#isOver) return;
    this.#finish({ kind: 'timeout', phase: this.#phase, latencyMs: nowMs - this.#startedAtMs });
    const { abortAtMs } = this.#call!;
    if (this.#phase === 'connect' || abortAtMs <= nowMs) {
      this.#abort();
      return;
    }
    this.#letGoOfBody();
    this.#line.lingering.add(this);
    this.#expireAt(abortAtMs);
  }

  #expireAt(atMs: number): void {
    this.#expiresAtMs = atMs;
    this.#place = this.#deadlines.add(atMs, this);
  }

  /** Its connection is needed. */
  giveUp(): void {
    this.#abort();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#leaveQueue();
    // The deadline passed while the call waited for a connection: nothing is written.
    if (this.#isOver) throw CALL_IS_OVER;
    this.#controller = controller;
    this.#phase = 'headers';
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#phase = 'body';
    this.#status = status;
    const encoding = headers['content-encoding'];
    this.#encoding = Array.isArray(encoding) ? encoding.join(',') : encoding;
    const declared = Number(headers['content-length']);
    if (declared > this.#options.responseBytesMax) this.#tooLarge();
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) return;
    this.#size += chunk.length;
    if (this.#size > this.#options.responseBytesMax) this.#tooLarge();
    else if (this.#onResult === null) return;
    else this.#hold(chunk);
  }

  #hold(chunk: Buffer): void {
    this.#line.bytesHeld += chunk.length;
    this.#bytesHeld += chunk.length;
    if (this.#line.bytesHeld > BYTES_HELD_PER_DSP_MAX) this.#tooLarge();
    else if (this.#first === null) this.#first = chunk;
    else if (this.#more === null) this.#more = [this.#first, chunk];
    else this.#more.push(chunk);
  }

  onResponseEnd(): void {
    if (this.#isOver) return;
    const latencyMs = this.#elapsedMs();
    if (this.#isTooLate(latencyMs)) this.#finish({ kind: 'timeout', phase: this.#phase, latencyMs });
    if (this.#onResult === null) this.#call?.onLateAnswer?.(latencyMs);
    else this.#finish(this.#answer(latencyMs));
    this.#end();
  }

  /** Before its timer has fired, unless our own loop is late: then it may have been here in time. */
  #isTooLate(latencyMs: number): boolean {
    const nowMs = this.#startedAtMs + latencyMs;
    return nowMs > this.#expiresAtMs && !this.#deadlines.isBehind(nowMs);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#leaveQueue();
    const code = (error as NodeJS.ErrnoException).code ?? error.name;
    this.#finish({ kind: 'unreachable', code, latencyMs: this.#elapsedMs() });
    this.#end();
  }

  #answer(latencyMs: number): DspTransportResult {
    const raw = this.#more === null ? (this.#first ?? EMPTY) : Buffer.concat(this.#more, this.#size);
    const decoded = decodeBody(raw, this.#encoding, this.#options.responseBytesMax);
    if (decoded.kind === 'unreadable') return { kind: 'unreadable', reason: decoded.reason, latencyMs };
    return { kind: 'answered', status: this.#status, body: decoded.body, latencyMs };
  }

  #tooLarge(): void {
    this.#finish({ kind: 'unreadable', reason: 'too-large', latencyMs: this.#elapsedMs() });
    this.#abort();
  }

  #abort(): void {
    const controller = this.#controller;
    this.#end();
    controller?.abort(CALL_IS_OVER);
  }

  #finish(result: DspTransportResult): void {
    const onResult = this.#onResult;
    this.#onResult = null;
    onResult?.(result);
  }

  /** Lets go of everything: the auction holds this object for a while yet. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#isQueued) this.#line.backlog += 1;
    this.#line.inFlight -= 1;
    this.#line.lingering.delete(this);
    this.#letGoOfBody();
    this.#deadlines.remove(this.#expiresAtMs, this.#place, this);
    this.#call = null;
    this.#controller = null;
  }

  #leaveQueue(): void {
    if (this.#isQueued && this.#isOver) this.#line.backlog -= 1;
    this.#isQueued = false;
  }

  #letGoOfBody(): void {
    this.#line.bytesHeld -= this.#bytesHeld;
    this.#bytesHeld = 0;
    this.#first = null;
    this.#more = null;
  }

  #elapsedMs(): number {
    return this.#options.clock.monotonicMs() - this.#startedAtMs;
  }
}

const EMPTY = Buffer.alloc(0);
/**
 * One shared error: building a stack trace for each aborted call costs more than the abort. Thrown from `onRequestStart` it
 * ends a request that has not been written and spares its connection, which an abort would destroy.
 */
const CALL_IS_OVER = new Error('the call is over');
