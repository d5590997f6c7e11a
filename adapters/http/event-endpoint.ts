/**
 * `GET /event?t=TOKEN` and `POST /event` with tokens by the batch (docs/tracking.md), in front of the framework as
 * auctions are. A 200 says that the event is stored; a click is led on then, or when it came too late to count.
 */
import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http';
import { EVENT_PATH } from '../../engine/tracking/ad-tracker.ts';
import type { Telling, Tracked, TrackingResult } from '../../engine/tracking/tracking-desk.ts';
import type { ClientConnections } from './client-connections.ts';
import { errorCodeIn, readTellings, tokenIn } from './event-request.ts';
import { readBody } from './request-body.ts';

/** Where tokens are taken to. */
export interface EventDesk {
  readonly tell: (token: string, telling: Telling) => Promise<Tracked>;
}

export interface EventEndpointOptions {
  readonly events: EventDesk;
  readonly connections: ClientConnections;
  readonly observer: {
    /** A fault of ours: it was answered 500. */
    readonly onFault: (error: unknown) => void;
    /** A request was refused before there was a token to read. */
    readonly onEventRequestRefused: () => void;
  };
  /** From then on every answer asks its client to connect elsewhere. */
  readonly isClosing: () => boolean;
}

/** False when the request is not for it: nothing has been done then. */
export type EventEndpoint = (request: IncomingMessage, response: ServerResponse) => boolean;

const BODY_BYTES_MAX = 512 * 1024;

export function createEventEndpoint(options: EventEndpointOptions): EventEndpoint {
  return (request, response) => {
    const query = queryIn(request.url!);
    if (query === null) return false;
    if (options.connections.requestBegan(request.socket, response)) {
      new EventExchange(request, response, options).begin(query);
    }
    return true;
  };
}

/** Null when it is another path. */
function queryIn(url: string): string | null {
  if (!url.startsWith(EVENT_PATH)) return null;
  if (url.length === EVENT_PATH.length) return '';
  return url[EVENT_PATH.length] === '?' ? url.slice(EVENT_PATH.length + 1) : null;
}

/** What a token of a URL is answered; `null`: as a picture, or by going where the click leads. */
const STATUS: Readonly<Record<TrackingResult, number | null>> = {
  stored: null,
  duplicate: null,
  prefetched: 204,
  malformed: 400,
  forged: 403,
  'retired-key': 403,
  expired: 410,
  overloaded: 503,
  'not-stored': 503,
};

/** One request and its answer. */
class EventExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: EventEndpointOptions;

  constructor(request: IncomingMessage, response: ServerResponse, options: EventEndpointOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
  }

  begin(query: string): void {
    switch (this.#request.method) {
      case 'GET':
        this.#attempt(() => this.#get(query));
        return;
      case 'POST':
        readBody(this.#request, BODY_BYTES_MAX, (body) => {
          if (body === null) this.#refuse(413, `the body is larger than ${BODY_BYTES_MAX} bytes`, CLOSE);
          // What browsers make of a beacon to a tracking URL.
          else if (body.length === 0) this.#attempt(() => this.#get(query));
          else this.#attempt(() => this.#post(body));
        });
        return;
      case 'OPTIONS':
        this.#send(204, PREFLIGHT, '');
        return;
      default:
        this.#refuse(405, `use GET ${EVENT_PATH}?t=TOKEN or POST ${EVENT_PATH}`, ALLOW);
    }
  }

  async #get(query: string): Promise<void> {
    const token = tokenIn(query);
    if (token === null) {
      this.#refuse(400, 'one t=TOKEN, of letters, digits, - and _, is missing in the query');
      return;
    }
    const isPrefetch = isLoadedAhead(this.#request);
    const { result, target } = await this.#options.events.tell(token, { isPrefetch, errorCode: errorCodeIn(query) });
    const status = STATUS[result];
    // Who clicks on an old page is led on, though nobody pays for it.
    if (target !== null && (status === null || result === 'expired'))
      this.#send(302, ['location', asciiUrl(target)], '');
    else if (status === null) this.#send(200, IMAGE_TYPE, IMAGE);
    else if (status === 204) this.#send(204, [], '');
    else this.#sendError(status, result, status === 503 ? RETRY : []);
  }

  /** All of a batch is told at once, so that the log takes it in few writes. */
  async #post(body: Buffer): Promise<void> {
    if ((this.#request.headers['content-encoding'] ?? 'identity') !== 'identity') {
      this.#refuse(415, 'send the body without content-encoding');
      return;
    }
    const tellings = readTellings(body.toString('utf8'));
    if (typeof tellings === 'string') {
      this.#refuse(400, tellings);
      return;
    }
    const { events } = this.#options;
    const told = tellings.map(async (telling): Promise<TrackingResult> => {
      // Told in vain for ever: it must not keep a sender from dropping the batch.
      if (telling === null) return this.#refuseEntry();
      const { token, errorCode } = telling;
      return (await events.tell(token, { isPrefetch: false, errorCode })).result;
    });
    const results = await Promise.all(told);
    const isWhole = results.every((result) => STATUS[result] !== 503);
    this.#send(isWhole ? 200 : 503, isWhole ? JSON_TYPE : [...JSON_TYPE, ...RETRY], JSON.stringify({ results }));
  }

  /** Runs in an event of the request, where nobody else would catch: a fault of ours costs one request, not the process. */
  #attempt(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      this.#options.observer.onFault(error);
      if (!this.#response.headersSent) this.#sendError(500, 'internal error');
    });
  }

  #refuseEntry(): TrackingResult {
    this.#options.observer.onEventRequestRefused();
    return 'malformed';
  }

  /** There is no token to read. */
  #refuse(status: number, message: string, headers: readonly string[] = []): void {
    this.#options.observer.onEventRequestRefused();
    this.#sendError(status, message, headers);
  }

  #sendError(status: number, message: string, headers: readonly string[] = []): void {
    this.#send(status, [...JSON_TYPE, ...headers], JSON.stringify({ error: message }));
  }

  #send(status: number, headers: readonly string[], body: string | Buffer): void {
    const length: OutgoingHttpHeader[] = status === 204 ? [] : ['content-length', Buffer.byteLength(body)];
    const closing = this.#options.isClosing() ? CLOSE : [];
    this.#response.writeHead(status, [...length, ...ALWAYS, ...headers, ...closing]).end(body);
  }
}

/** By a browser that perhaps never shows it. */
function isLoadedAhead({ headers }: IncomingMessage): boolean {
  return AHEAD_HEADERS.some((name) => {
    const value = headers[name];
    return value !== undefined && AHEAD.test(String(value));
  });
}

const AHEAD_HEADERS = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const;
const AHEAD = /prefetch|prerender|preview/i;

/** Headers hold no other characters. */
function asciiUrl(target: string): string {
  return new URL(target).href;
}

/** A transparent GIF of one pixel. */
const IMAGE = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

// Names and values in turn.
const IMAGE_TYPE = ['content-type', 'image/gif'];
const JSON_TYPE = ['content-type', 'application/json'];
const RETRY = ['retry-after', '1'];
const CLOSE = ['connection', 'close'];
const ALLOW = ['allow', 'GET, POST, OPTIONS'];
/** Any page may tell us: a token is all that counts, and no cookie is ever read. */
const ALWAYS = [
  'access-control-allow-origin',
  '*',
  'cross-origin-resource-policy',
  'cross-origin',
  'cache-control',
  'no-store',
];
const PREFLIGHT = [
  'access-control-allow-methods',
  'GET, POST',
  'access-control-allow-headers',
  'content-type',
  'access-control-max-age',
  '86400',
];
