/**
 * The public listener: `POST /openrtb2/auction`, `GET /status`, `GET /metrics`. It bounds what a client may cost (size,
 * time, connections) and turns a gone client into a cancelled auction; everything else is the exchange's.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyError, type FastifyReply, type FastifyRequest } from 'fastify';
import type { AdRequests } from '../../engine/ports/ad-requests.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { AUCTION_PATH, createAdRequestEndpoint } from './ad-request-endpoint.ts';

export interface HttpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly connectionsMax: number;
  /** A connection beyond `connectionsMax` was closed. */
  readonly onConnectionRefused: () => void;
  /** After inflating. */
  readonly requestBytesMax: number;
  readonly clock: Clock;
  readonly adRequests: AdRequests;
  /** Body of `GET /status`. */
  readonly status: () => object;
  readonly metrics: { readonly contentType: string; readonly text: () => Promise<string> };
}

export interface HttpServer {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Stops accepting, finishes what is under way, closes idle connections. */
  readonly close: () => Promise<void>;
}

/** How often node looks for slow clients: its default of 30 s would make the timeouts above it a fiction. */
const SLOW_CLIENT_CHECK_MS = 250;

/** Connections that wait to be accepted: with node's 511, clients who all come at once are told to try again in a second. */
const BACKLOG = 4096;

/** Rejects when the address cannot be listened on; the message names it. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  let isClosing = false;
  const serveAd = createAdRequestEndpoint({ ...options, isClosing: () => isClosing });
  const app = fastify({
    logger: false,
    bodyLimit: options.requestBytesMax,
    forceCloseConnections: 'idle',
    // What arrives on an open connection while closing is still served: nobody was told yet.
    return503OnClosing: false,
    serverFactory: (serveOther) =>
      listener(options, (request, response) => {
        if (!serveAd(request, response)) serveOther(request, response);
      }),
  });
  app.get('/status', (_request, reply) => reply.send(options.status()));
  app.get('/metrics', async (_request, reply) =>
    reply.type(options.metrics.contentType).send(await options.metrics.text()),
  );
  app.setErrorHandler(onError);
  app.setNotFoundHandler(onUnknownRoute);
  const closeSilent = trackSilentConnections(app.server);
  // Otherwise a connection that was busy when closing began would stay open until its client tires of it.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) reply.header('connection', 'close');
    done();
  });
  const url = await app.listen({ host: options.host, port: options.port, backlog: BACKLOG });
  return {
    url,
    close: async () => {
      isClosing = true;
      const closed = app.close();
      closeSilent();
      await closed;
    },
  };
}

/** Bounds in time and number. What exceeds `connectionsMax` is closed at once, by node, before it costs anything. */
function listener(options: HttpServerOptions, onRequest: RequestListener): Server {
  const { headersTimeoutMs, requestTimeoutMs, idleTimeoutMs, connectionsMax, onConnectionRefused } = options;
  const server = createServer(
    {
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: idleTimeoutMs,
      connectionsCheckingInterval: SLOW_CLIENT_CHECK_MS,
    },
    onRequest,
  );
  server.maxConnections = connectionsMax;
  server.on('drop', onConnectionRefused);
  // Also for connections that never send a byte: node's header timeout does not see them.
  server.setTimeout(idleTimeoutMs);
  return server;
}

/** Connections on which no byte has come are neither idle nor active to node: closing would wait for them. */
function trackSilentConnections(server: Server): () => void {
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  return () => {
    for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
  };
}

function onError(error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  const status = error.statusCode ?? 500;
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
