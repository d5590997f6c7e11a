/**
 * Entry of the baseline: the least that any engine must do. The same ingress, the same calls with the same bytes over
 * pools of the same size, every answer collected and none read, no deadline; then an answer that was known before.
 */
import fastify from 'fastify';
import { type Dispatcher, Pool } from 'undici';
import { serveParent } from './serve-parent.ts';
import { usage } from './usage.ts';

export interface BareFanOutOptions {
  readonly dspUrls: readonly string[];
  readonly connectionsPerDsp: number;
  /** As the engine's: connections that are lost while the other one is measured would be opened again at this one's cost. */
  readonly keepAliveMs: number;
  /** Sent to every DSP: what the engine sends. */
  readonly callBody: string;
  /** Sent to the client: what the engine answers. */
  readonly answerBody: string;
}

const CALL_HEADERS = [
  ['content-type', 'application/json'],
  ['accept', 'application/json'],
  ['accept-encoding', 'gzip'],
  ['x-openrtb-version', '2.6'],
].flat();

class BareCall implements Dispatcher.DispatchHandler {
  readonly #onEnd: (answer: Buffer | null) => void;
  readonly #chunks: Buffer[] = [];

  constructor(onEnd: (answer: Buffer | null) => void) {
    this.#onEnd = onEnd;
  }

  /** Nothing to do, but undici takes a handler without it for one of its old kind. */
  onRequestStart(): void {}

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#onEnd(this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks));
  }

  onResponseError(): void {
    this.#onEnd(null);
  }
}

/** A baseline that fails is cheap: the parent looks at this. */
let failedCalls = 0;

async function start(options: BareFanOutOptions): Promise<string> {
  const lines = options.dspUrls.map((text) => {
    const url = new URL(text);
    const pool = new Pool(url.origin, {
      connections: options.connectionsPerDsp,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: options.keepAliveMs,
    });
    return {
      pool,
      call: { method: 'POST', path: url.pathname, headers: CALL_HEADERS, body: Buffer.from(options.callBody) } as const,
    };
  });
  const answer = Buffer.from(options.answerBody);
  const app = fastify({ logger: false });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.post('/openrtb2/auction', (_request, reply) => {
    const answers: (Buffer | null)[] = [];
    const onEnd = (body: Buffer | null): void => {
      if (body === null) failedCalls += 1;
      if (answers.push(body) === lines.length) reply.header('content-type', 'application/json').send(answer);
    };
    for (const { pool, call } of lines) pool.dispatch(call, new BareCall(onEnd));
  });
  return `${await app.listen({ host: '127.0.0.1', port: 0 })}/openrtb2/auction`;
}

const handlers = { start, usage, failedCalls: (): number => failedCalls };

export type BareFanOutHandlers = typeof handlers;

serveParent(handlers);
