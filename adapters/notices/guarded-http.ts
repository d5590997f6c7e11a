/**
 * GET to a URL that came from a DSP: checked address, one total time limit, no redirects, bounded body. Its connections
 * are its own, apart from those that carry bid requests.
 */
import type { LookupFunction } from 'node:net';
import { Agent, request } from 'undici';
import type { Timers } from '../../engine/ports/clock.ts';
import type { HostResolvers } from '../dns/host-resolvers.ts';
import { lookupFunction } from '../dns/resolve-host.ts';
import { createUrlCheck, guardedLookup } from './address-guard.ts';

export interface GuardedHttpOptions {
  readonly timers: Timers;
  readonly allowedHosts: readonly string[];
  readonly resolvers: HostResolvers;
  /** More of a body than this is not read; the connection is closed. */
  readonly bodyBytesMax: number;
  readonly connectionsPerOrigin: number;
}

export type GetOutcome =
  /** `text` is null when the body was not asked for, is too long, or did not come in full and in time. */
  | { readonly kind: 'answered'; readonly status: number; readonly text: string | null }
  /** The URL or an address behind its name is not allowed; no connection was made. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'unreachable' };

export interface GuardedHttp {
  /**
   * Never rejects. The body is discarded. `timeoutMs` is for everything: name lookup, connect, TLS, headers and body;
   * the promise settles by then.
   */
  readonly get: (rawUrl: string, timeoutMs: number) => Promise<GetOutcome>;
  /** The same, with the body as UTF-8 text. */
  readonly getText: (rawUrl: string, timeoutMs: number) => Promise<GetOutcome>;
  /** Breaks off what is under way. */
  readonly destroy: () => Promise<void>;
}

const REFUSED: GetOutcome = { kind: 'refused' };
const TIMEOUT: GetOutcome = { kind: 'timeout' };
const UNREACHABLE: GetOutcome = { kind: 'unreachable' };
/** An abandoned connect ends by then. */
const CONNECT_TIMEOUT_MS = 1000;
/** A server may ask for longer; many hosts seen once each must not hold connections for long. */
const KEEP_ALIVE_MS = 4000;
/** Hosts come from bids, and each holds its connections for `KEEP_ALIVE_MS`: one more is `unreachable` until one is let go. */
const ORIGINS_MAX = 256;

export function createGuardedHttp(options: GuardedHttpOptions): GuardedHttp {
  const checkUrl = createUrlCheck(options.allowedHosts);
  const agentOptions = {
    connections: options.connectionsPerOrigin,
    maxOrigins: ORIGINS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
  };
  const agentWith = (lookup: LookupFunction) =>
    new Agent({ ...agentOptions, connect: { timeout: CONNECT_TIMEOUT_MS, lookup } });
  const publicAgent = agentWith(guardedLookup(options.resolvers.public));
  const allowedAgent = agentWith(lookupFunction(options.resolvers.configured));

  const fetchWith = async (readBody: ReadBody, rawUrl: string, timeoutMs: number): Promise<GetOutcome> => {
    const verdict = checkUrl(rawUrl);
    if (verdict.kind === 'refused') return REFUSED;
    const agent = verdict.kind === 'public' ? publicAgent : allowedAgent;
    return withinTime(options.timers, timeoutMs, (exchange) => exchange.run(verdict.url, agent, readBody));
  };
  const discard: ReadBody = (body, signal) => discardBody(body, signal, options.bodyBytesMax);
  const readText: ReadBody = (body) => readBodyText(body, options.bodyBytesMax);

  return {
    get: (rawUrl, timeoutMs) => fetchWith(discard, rawUrl, timeoutMs),
    getText: (rawUrl, timeoutMs) => fetchWith(readText, rawUrl, timeoutMs),
    destroy: async () => {
      await Promise.all([publicAgent.destroy(), allowedAgent.destroy()]);
    },
  };
}

type Body = Awaited<ReturnType<typeof request>>['body'];
type ReadBody = (body: Body, signal: AbortSignal) => Promise<string | null>;

/**
 * The limit is kept by a race: undici acts on an abort only once a request has its connection, so a slow name lookup or
 * connect ends by the agent's connect timeout, after the caller has long been told.
 */
function withinTime(
  timers: Timers,
  timeoutMs: number,
  start: (exchange: Exchange) => Promise<GetOutcome>,
): Promise<GetOutcome> {
  return new Promise((resolve) => {
    const exchange = new Exchange();
    const timer = timers.schedule(timeoutMs, () => {
      exchange.abort();
      resolve(exchange.soFar);
    });
    start(exchange)
      .catch((error: unknown) => (isRefusedAddress(error) ? REFUSED : UNREACHABLE))
      .then((outcome) => {
        timers.cancel(timer);
        resolve(outcome);
      });
  });
}

/** One request and its answer; knows at any time what it amounts to so far. */
class Exchange {
  readonly #abort = new AbortController();
  soFar: GetOutcome = TIMEOUT;

  async run(url: URL, agent: Agent, readBody: ReadBody): Promise<GetOutcome> {
    const { signal } = this.#abort;
    const { statusCode, body } = await request(url, { dispatcher: agent, signal });
    // The status is the answer, also when the body breaks off or is cut.
    this.soFar = { kind: 'answered', status: statusCode, text: null };
    const text = await readBody(body, signal).catch(() => null);
    return { kind: 'answered', status: statusCode, text };
  }

  abort(): void {
    this.#abort.abort();
  }
}

async function discardBody(body: Body, signal: AbortSignal, bytesMax: number): Promise<null> {
  return (await body.dump({ limit: bytesMax, signal })) ?? null;
}

/** Leaving the loop early destroys the body, and with it the connection. */
async function readBodyText(body: Body, bytesMax: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > bytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length).toString('utf8');
}

function isRefusedAddress(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'REFUSED_ADDRESS';
}
