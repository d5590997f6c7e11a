/**
 * The public listener: `POST /openrtb2/auction`, `/event`, `GET /status`, `GET /metrics`. It bounds what a client may cost (size,
 * time, connections) and turns a gone client into a cancelled auction; everything else is the exchange's.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { AdRequests } from '../../engine/ports/ad-requests.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { LISTEN_BACKLOG } from '../backlog.ts';
import { SLOW_CLIENT_PATIENCE_MS } from '../process/drain-budget.ts';
import { AUCTION_PATH, createAdRequestEndpoint } from './ad-request-endpoint.ts';
import { ClientConnections, type CutReason } from './client-connections.ts';
import { createEventEndpoint, type EventDesk } from './event-endpoint.ts';

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
  /** Null: nothing is tracked, and there is no `/event`. */
  readonly events: EventDesk | null;
  /** Body of `GET /status`; answered 503 with `status: 'draining'` once closing has begun. */
  readonly status: () => object;
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> };
  readonly observer: HttpServerObserver;
}

export interface HttpServerObserver {
  readonly onCut: (reason: CutReason) => void;
  /** An ad request was refused, because as many as there may be connections are under way. */
  readonly onRequestsFull: () => void;
  /** A request to `/event` was refused before there was a token to read. */
  readonly onEventRequestRefused: () => void;
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

/** How often node looks for slow clients: its default of 30 s would make the timeouts above it a fiction. */
const SLOW_CLIENT_CHECK_MS = 250;

/** Rejects when the address cannot be listened on; the message names it. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { observer } = options;
  const connections = new ClientConnections(options.connectionsMax, observer.onCut);
  let isClosing = false;
  const serveAd = createAdRequestEndpoint({ ...options, connections, isClosing: () => isClosing });
  const { events } = options;
  const serveEvent =
    events === null ? null : createEventEndpoint({ events, connections, observer, isClosing: () => isClosing });
  const app = fastify({
    logger: false,
    bodyLimit: options.requestBytesMax,
    forceCloseConnections: 'idle',
    // What arrives on an open connection while closing is still served: nobody was told yet.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => cutClient(error, socket, connections, observer),
    serverFactory: (serveOther) =>
      listener(options, (request, response) => {
        if (serveAd(request, response) || serveEvent?.(request, response) === true) return;
        serveOther(request, response);
      }),
  });
  app.server.on('connection', connections.opened);
  // Without a listener, a connection that the system has no descriptor for would end the process.
  app.server.on('error', () => observer.onCut('not-accepted'));
  app.get('/status', (_request, reply) =>
    isClosing ? reply.code(503).send({ ...options.status(), status: 'draining' }) : reply.send(options.status()),
  );
  app.get('/metrics', async (_request, reply) =>
    reply.type(options.metrics.contentType).send(await options.metrics.text()),
  );
  app.setErrorHandler<FastifyError>((error, request, reply) => onError(error, request, reply, observer));
  app.setNotFoundHandler(onUnknownRoute);
  // Otherwise a connection that was busy when closing began would stay open until its client tires of it.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) reply.header('connection', 'close');
    done();
  });
  const url = options.listens
    ? await app.listen({ host: options.host, port: options.port, backlog: LISTEN_BACKLOG })
    : await serveHanded(app);
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

/** Bounded in time; the number of its connections is bounded by `ClientConnections`. */
function listener(
  { headersTimeoutMs, requestTimeoutMs, idleTimeoutMs }: HttpServerOptions,
  onRequest: RequestListener,
): Server {
  const server = createServer(
    {
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: idleTimeoutMs,
      connectionsCheckingInterval: SLOW_CLIENT_CHECK_MS,
    },
    onRequest,
  );
  // Also for connections that never send a byte: node's header timeout does not see them.
  server.setTimeout(idleTimeoutMs);
  return server;
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

function onError(
  error: FastifyError,
  _request: FastifyRequest,
  reply: FastifyReply,
  { onFault }: HttpServerObserver,
): void {
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
