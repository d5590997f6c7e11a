/**
 * The public listener: `POST /openrtb2/auction`, `GET /status`, `GET /metrics`. It bounds what a client may cost (size,
 * time, connections) and turns a gone client into a cancelled auction; everything else is the exchange's.
 */
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { AdAnswer, AdRequestPlace, AdRequests } from '../../engine/ports/ad-requests.ts';
import { refusal } from '../../engine/ports/ad-requests.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { NoBidReason } from '../../openrtb/codes.ts';
import { ClientConnections, type CutReason } from './client-connections.ts';
import { gzipBody, requestEncoding, wantsGzip } from './content-encoding.ts';

export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Open connections, and ad requests under way on all of them together. */
  readonly connectionsMax: number;
  /** How long a closing server waits for requests on connections that are idle, ms. */
  readonly drainIdleMs: number;
  /** False: opens no port of its own; `take` brings the connections that another process has accepted. */
  readonly listens: boolean;
  /** After inflating. */
  readonly requestBytesMax: number;
  readonly clock: Clock;
  readonly adRequests: AdRequests;
  /** Body of `GET /status`; answered 503 with `status: 'draining'` once closing has begun. */
  readonly status: () => object;
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> };
  readonly observer: HttpServerObserver;
}

export interface HttpServerObserver {
  readonly onCut: (reason: CutReason) => void;
  /** An ad request was refused, because as many as there may be connections are under way. */
  readonly onRequestsFull: () => void;
  /** A fault of ours while a request was handled: it was answered 500, or its connection closed. */
  readonly onFault: (error: unknown) => void;
}

export interface HttpServer {
  /** Where it listens, e.g. `http://127.0.0.1:8080`; empty when it opens no port of its own. */
  readonly url: string;
  readonly connectionCount: () => number;
  /** Serves a connection that another process has accepted. */
  readonly take: (socket: Socket) => void;
  /**
   * Stops accepting, answers what is under way and what still comes on open connections, each with `connection: close`.
   * Connections without a request are closed after `drainIdleMs`. `take` still takes: what it brings was accepted before.
   */
  readonly close: () => Promise<void>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Monotonic ms at which the headers were there. */
    arrivedAtMs: number;
  }
}

const AUCTION_PATH = '/openrtb2/auction';
/** How often node looks for slow clients: its default of 30 s would make the timeouts above it a fiction. */
const SLOW_CLIENT_CHECK_MS = 250;

/** How long closing waits for a request that is still being sent. */
const SLOW_CLIENT_PATIENCE_MS = 2000;

/** Rejects when the address cannot be listened on; the message names it. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const connections = new ClientConnections(options.connectionsMax, options.observer.onCut);
  const app = fastify({
    logger: false,
    bodyLimit: options.requestBytesMax,
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: options.idleTimeoutMs,
    // Also for connections that never send a byte: node's header timeout does not see them.
    connectionTimeout: options.idleTimeoutMs,
    forceCloseConnections: 'idle',
    // What arrives on an open connection while closing is still served: nobody was told yet.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => cutClient(error, socket, connections, options.observer),
    http: {
      headersTimeout: Math.min(options.headersTimeoutMs, options.requestTimeoutMs),
      connectionsCheckingInterval: SLOW_CLIENT_CHECK_MS,
    },
  });
  app.server.on('connection', connections.opened);
  // Without a listener, a connection that the system has no descriptor for would end the process.
  app.server.on('error', () => options.observer.onCut('not-accepted'));
  const ingress = { ...options, connections };
  app.decorateRequest('arrivedAtMs', 0);
  acceptAnyBody(app, options.clock);
  app.post(AUCTION_PATH, (request, reply) => auction(request, reply, ingress));
  let isClosing = false;
  app.get('/status', (_request, reply) =>
    isClosing ? reply.code(503).send({ ...options.status(), status: 'draining' }) : reply.send(options.status()),
  );
  app.get('/metrics', async (_request, reply) =>
    reply.type(options.metrics.contentType).send(await options.metrics.text()),
  );
  app.setErrorHandler<FastifyError>((error, request, reply) => onError(error, request, reply, options.observer));
  app.setNotFoundHandler(onUnknownRoute);
  // Otherwise a connection that was busy when closing began would stay open until its client tires of it.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) reply.header('connection', 'close');
    done();
  });
  const url = options.listens ? await app.listen({ host: options.host, port: options.port }) : await serveHanded(app);
  return {
    url,
    connectionCount: () => connections.openCount,
    take: (socket) => {
      app.server.emit('connection', socket.setNoDelay(true));
    },
    close: async () => {
      // In this order: clients whose connections end come back at once, and must find the port closed, not closing.
      await stopListening(app);
      isClosing = true;
      await Promise.race([connections.gone(), delay(options.drainIdleMs, undefined, { ref: false })]);
      app.server.closeIdleConnections();
      connections.cutSilent();
      const patience = setTimeout(connections.cutIdle, Math.min(options.requestTimeoutMs, SLOW_CLIENT_PATIENCE_MS));
      await connections.gone();
      clearTimeout(patience);
      await app.close();
    },
  };
}

/** Without a port node never says `listening`, which is what starts its watch over slow clients. */
async function serveHanded(app: FastifyInstance): Promise<string> {
  await app.ready();
  app.server.emit('listening');
  return '';
}

/**
 * Closes the port and nothing else: http's own `close` cuts idle connections at once, also those on which a request is on
 * its way.
 */
async function stopListening(app: FastifyInstance): Promise<void> {
  if (!app.server.listening) return;
  // Connections that the kernel has made already are accepted before: closing the port would reset them.
  await new Promise((resolve) => setImmediate(resolve));
  NetServer.prototype.close.call(app.server);
}

/**
 * What node found wrong before there was a request to answer: as little as can be said, and the connection is closed. A turn
 * later, because requests in the same packet are on their way to their handler.
 */
function cutClient(
  error: NodeJS.ErrnoException,
  socket: Socket,
  connections: ClientConnections,
  { onCut }: HttpServerObserver,
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { reason, status } = CLIENT_FAULTS[error.code ?? ''] ?? MALFORMED;
  onCut(reason);
  socket.pause();
  setImmediate(() => {
    // Where a request is under way, this would be taken for its answer.
    if (connections.endAfterAnswers(socket)) return;
    if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    socket.destroy();
  });
}

/** OpenRTB says `application/json`, but senders get it wrong and the body decides. The encoding must be one we know. */
function acceptAnyBody(app: FastifyInstance, clock: Clock): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', (request, reply, done) => {
    request.arrivedAtMs = clock.monotonicMs();
    request.raw.headers['content-type'] = 'application/json';
    if (requestEncoding(request.headers['content-encoding']).kind !== 'unknown') return done();
    const name = String(request.headers['content-encoding']).slice(0, 64);
    reply.code(415).header('accept-encoding', 'gzip, deflate, br');
    reply.send({
      nbr: NoBidReason.InvalidRequest,
      ext: {
        gavel: {
          error: {
            path: '',
            code: 'unknown-encoding',
            message: `content-encoding "${name}" is not supported; use gzip, deflate, br or none`,
          },
        },
      },
    });
  });
}

interface Ingress extends HttpServerOptions {
  readonly connections: ClientConnections;
}

/** Beyond what may be under way nothing is spent on a request. */
function auction(request: FastifyRequest, reply: FastifyReply, ingress: Ingress): void {
  const { connections, connectionsMax, observer } = ingress;
  if (!connections.requestBegan(request.raw.socket, reply.raw)) return;
  if (connections.requestsUnderWay <= connectionsMax) {
    admit(request, reply, ingress);
    return;
  }
  observer.onRequestsFull();
  refuse(reply);
}

function refuse(reply: FastifyReply): void {
  reply.code(429).header('content-type', 'application/json').send(OVERLOADED);
}

function admit(request: FastifyRequest, reply: FastifyReply, options: HttpServerOptions): void {
  const body = Buffer.isBuffer(request.body) ? request.body : EMPTY;
  const encoding = requestEncoding(request.headers['content-encoding']);
  const isCompressed = encoding.kind === 'compressed';
  const place = options.adRequests.admit(accountOf(request), isCompressed ? null : body);
  if (place === null) {
    refuse(reply);
    return;
  }
  if (!isCompressed) {
    take(place, body, request, reply);
    return;
  }
  encoding.inflate(body, { maxOutputLength: options.requestBytesMax }, (error, inflated) => {
    if (error === null) {
      // Behind an await of sorts: fastify does not see what is thrown here.
      try {
        take(place, inflated, request, reply);
      } catch (fault) {
        reply.send(fault);
      }
      return;
    }
    place.giveBack();
    sendAnswer(uninflatable(error, options.requestBytesMax), request, reply);
  });
}

/** `?account=ID`; only tells admission whose request this is. */
function accountOf(request: FastifyRequest): string {
  const { account } = request.query as Readonly<Record<string, unknown>>;
  return typeof account === 'string' ? account : '';
}

function take(place: AdRequestPlace, body: Uint8Array, request: FastifyRequest, reply: FastifyReply): void {
  // The client left while its body was being inflated: `close` has been and will not come again.
  if (reply.raw.destroyed) {
    place.giveBack();
    return;
  }
  const cancel = place.take(body, request.arrivedAtMs, (answer) => sendAnswer(answer, request, reply));
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) cancel();
  });
}

function sendAnswer(answer: AdAnswer, request: FastifyRequest, reply: FastifyReply): void {
  reply.code(answer.httpStatus).header('content-type', 'application/json').header('x-openrtb-version', '2.6');
  const body = Buffer.from(JSON.stringify(answer.body));
  if (!wantsGzip(request.headers['accept-encoding'], body.length)) {
    reply.send(body);
    return;
  }
  gzipBody(body, (error, zipped) => {
    reply.header('vary', 'accept-encoding');
    if (error === null) reply.header('content-encoding', 'gzip').send(zipped);
    else reply.send(body);
  });
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

function onError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
  { onFault }: HttpServerObserver,
): void {
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    sendAnswer(tooLarge(request.routeOptions.bodyLimit ?? 0), request, reply);
    return;
  }
  const status = error.statusCode ?? 500;
  if (status >= 500) onFault(error);
  reply.code(status).send({ error: status < 500 ? error.message : 'internal error' });
}

function onUnknownRoute(request: FastifyRequest, reply: FastifyReply): void {
  const isKnownPath = request.url.split('?', 1)[0] === AUCTION_PATH;
  if (isKnownPath)
    reply
      .code(405)
      .header('allow', 'POST')
      .send({ error: `use POST ${AUCTION_PATH}` });
  else reply.code(404).send({ error: `no such path; ad requests go to POST ${AUCTION_PATH}` });
}

const MALFORMED = { reason: 'malformed', status: '400 Bad Request' } as const;
/** By error code of node's HTTP server. */
const CLIENT_FAULTS: Readonly<Record<string, { readonly reason: CutReason; readonly status: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { reason: 'slow', status: '408 Request Timeout' },
  HPE_HEADER_OVERFLOW: { reason: 'headers-too-large', status: '431 Request Header Fields Too Large' },
};
const EMPTY = Buffer.alloc(0);
/** As little as an answer can be: what refusing costs decides what is left for those taken. */
const OVERLOADED = Buffer.from(`{"id":"","nbr":${NoBidReason.Overloaded}}`);
