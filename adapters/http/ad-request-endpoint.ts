/**
 * `POST /openrtb2/auction`, in front of the framework: what a refusal costs decides what is left for those taken, and at ten
 * times too much nine of ten requests are refused (docs/overload.md). All other paths and methods are the framework's.
 */
import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { AdAnswer, AdRequestPlace, AdRequests } from '../../engine/ports/ad-requests.ts';
import { refusal } from '../../engine/ports/ad-requests.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { NoBidReason } from '../../openrtb/codes.ts';
import type { ClientConnections } from './client-connections.ts';
import {
  type CompressedEncoding,
  gzipBody,
  type PlainEncoding,
  requestEncoding,
  wantsGzip,
} from './content-encoding.ts';
import { readBody } from './request-body.ts';

export interface AdRequestEndpointOptions {
  /** After inflating. */
  readonly requestBytesMax: number;
  readonly clock: Clock;
  readonly adRequests: AdRequests;
  readonly connections: ClientConnections;
  /** Ad requests under way on all connections together. */
  readonly connectionsMax: number;
  readonly observer: AdRequestObserver;
  /** From then on every answer asks its client to connect elsewhere. */
  readonly isClosing: () => boolean;
}

export interface AdRequestObserver {
  /** An ad request was refused, because as many as there may be connections are under way. */
  readonly onRequestsFull: () => void;
  /** A fault of ours while a request was handled: it was answered 500, or its connection closed. */
  readonly onFault: (error: unknown) => void;
}

/** False when the request is not for it: nothing has been done then. */
export type AdRequestEndpoint = (request: IncomingMessage, response: ServerResponse) => boolean;

export const AUCTION_PATH = '/openrtb2/auction';

export function createAdRequestEndpoint(options: AdRequestEndpointOptions): AdRequestEndpoint {
  return (request, response) => {
    if (request.method !== 'POST') return false;
    const account = accountIn(request.url!);
    if (account === null) return false;
    new AdExchange(request, response, options).begin(account);
    return true;
  };
}

/** `?account=ID`: only tells admission whose request it is, "" for nobody's. Null when it is another path. */
function accountIn(url: string): string | null {
  if (url === AUCTION_PATH) return '';
  if (!url.startsWith(AUCTION_PATH) || url[AUCTION_PATH.length] !== '?') return null;
  return new URLSearchParams(url.slice(AUCTION_PATH.length)).get('account') ?? '';
}

/** One request and its answer over HTTP. */
class AdExchange {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #options: AdRequestEndpointOptions;
  readonly #arrivedAtMs: number;
  /** More of the request is coming, and nobody will read it. */
  #endsConnection = false;

  constructor(request: IncomingMessage, response: ServerResponse, options: AdRequestEndpointOptions) {
    this.#request = request;
    this.#response = response;
    this.#options = options;
    this.#arrivedAtMs = options.clock.monotonicMs();
  }

  /** The content type is not looked at: OpenRTB says `application/json`, but senders get it wrong and the body decides. */
  begin(account: string): void {
    const { requestBytesMax } = this.#options;
    const header = this.#request.headers['content-encoding'];
    const encoding = requestEncoding(header);
    if (encoding.kind === 'unknown') {
      this.#send(415, ACCEPTED_ENCODINGS, JSON.stringify(unknownEncoding(header!)));
      return;
    }
    readBody(this.#request, requestBytesMax, (body) => {
      if (body !== null) this.#admit(account, body, encoding);
      else {
        this.#endsConnection = true;
        this.#answer(tooLarge(requestBytesMax));
      }
    });
  }

  /** Runs in an event of the request, where nobody else would catch: a fault of ours costs one request, not the process. */
  #admit(account: string, body: Buffer, encoding: PlainEncoding | CompressedEncoding): void {
    try {
      this.#findRoom(account, body, encoding);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Beyond what may be under way nothing is spent on a request. */
  #findRoom(account: string, body: Buffer, encoding: PlainEncoding | CompressedEncoding): void {
    const { connections, connectionsMax, adRequests, observer } = this.#options;
    if (!connections.requestBegan(this.#request.socket, this.#response)) return;
    if (connections.requestsUnderWay > connectionsMax) {
      observer.onRequestsFull();
      this.#send(429, [], OVERLOADED);
      return;
    }
    const place = adRequests.admit(account, encoding.kind === 'plain' ? body : null);
    if (place === null) this.#send(429, [], OVERLOADED);
    else if (encoding.kind === 'plain') this.#take(place, body);
    else this.#inflate(place, body, encoding);
  }

  #inflate(place: AdRequestPlace, body: Buffer, { inflate }: CompressedEncoding): void {
    const { requestBytesMax } = this.#options;
    const onInflated = (error: Error | null, inflated: Buffer): void => {
      try {
        if (error === null) this.#take(place, inflated);
        else {
          place.giveBack();
          this.#answer(uninflatable(error, requestBytesMax));
        }
      } catch (fault) {
        this.#fail(fault);
      }
    };
    try {
      inflate(body, { maxOutputLength: requestBytesMax }, onInflated);
    } catch (error) {
      // No memory for its state: zlib says so by throwing, and nobody would give the place back.
      place.giveBack();
      throw error;
    }
  }

  #take(place: AdRequestPlace, body: Uint8Array): void {
    // The client left while its body was being inflated: `close` has been and will not come again.
    if (this.#response.destroyed) {
      place.giveBack();
      return;
    }
    const cancel = place.take(body, this.#arrivedAtMs, (answer) => this.#answer(answer));
    this.#response.once('close', () => {
      if (!this.#response.writableFinished) cancel();
    });
  }

  #fail(error: unknown): void {
    this.#options.observer.onFault(error);
    if (!this.#response.headersSent) this.#send(500, [], INTERNAL_ERROR);
  }

  #answer({ httpStatus, body }: AdAnswer): void {
    const text = JSON.stringify(body);
    if (!wantsGzip(this.#request.headers['accept-encoding'], text.length)) {
      this.#send(httpStatus, VERSION, text);
      return;
    }
    gzipBody(Buffer.from(text), (error, zipped) => {
      if (error === null) this.#send(httpStatus, VERSION_ZIPPED, zipped);
      else this.#send(httpStatus, VERSION_UNZIPPED, text);
    });
  }

  /** A text goes out in one write with its head. */
  #send(status: number, headers: readonly string[], body: string | Buffer): void {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const all: OutgoingHttpHeader[] = ['content-type', 'application/json', 'content-length', length, ...headers];
    if (this.#endsConnection || this.#options.isClosing()) all.push('connection', 'close');
    this.#response.writeHead(status, all).end(body);
  }
}

// Names and values in turn.
const VERSION = ['x-openrtb-version', '2.6'];
const VERSION_UNZIPPED = [...VERSION, 'vary', 'accept-encoding'];
const VERSION_ZIPPED = [...VERSION_UNZIPPED, 'content-encoding', 'gzip'];
const ACCEPTED_ENCODINGS = ['accept-encoding', 'gzip, deflate, br'];
/** As little as an answer can be. */
const OVERLOADED = `{"id":"","nbr":${NoBidReason.Overloaded}}`;
const INTERNAL_ERROR = '{"error":"internal error"}';
const ENCODING_CHARACTERS_SHOWN = 64;

function unknownEncoding(header: string): object {
  const name = header.slice(0, ENCODING_CHARACTERS_SHOWN);
  const message = `content-encoding "${name}" is not supported; use gzip, deflate, br or none`;
  return {
    nbr: NoBidReason.InvalidRequest,
    ext: { gavel: { error: { path: '', code: 'unknown-encoding', message } } },
  };
}

function uninflatable(error: Error, bytesMax: number): AdAnswer {
  if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(bytesMax);
  const message = 'the body does not inflate: it is not what content-encoding says';
  return refusal(400, { path: '', code: 'bad-encoding', message }, NoBidReason.InvalidRequest, null);
}

function tooLarge(bytesMax: number): AdAnswer {
  const message = `the request is larger than ${bytesMax} bytes after inflating`;
  return refusal(413, { path: '', code: 'too-large', message }, NoBidReason.InvalidRequest, null);
}
