/**
 * The admin listener: `GET /admin/dsps` for people and tools that hold the token. A listener of its own, so that no route of
 * the public one can ever reach it, and so that it answers when the public one is full.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import fastify from 'fastify';

export interface AdminServerOptions {
  readonly host: string;
  readonly port: number;
  /** Bearer token; not empty. */
  readonly token: string;
  /** Body of `GET /admin/dsps`. */
  readonly dsps: () => object | Promise<object>;
}

export interface AdminServer {
  /** Where it listens, e.g. `http://127.0.0.1:8081`. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** People and their tools: more connections than this are a mistake. */
const CONNECTIONS_MAX = 16;
const REQUEST_TIMEOUT_MS = 5000;

/** Rejects when the address cannot be listened on; the message names it. */
export async function startAdminServer({ host, port, token, dsps }: AdminServerOptions): Promise<AdminServer> {
  const app = fastify({ logger: false, requestTimeout: REQUEST_TIMEOUT_MS, forceCloseConnections: true });
  app.server.maxConnections = CONNECTIONS_MAX;
  const expected = digest(`Bearer ${token}`);
  // Before routing: without the token nobody learns which paths there are.
  app.addHook('onRequest', (request, reply, done) => {
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) return done();
    reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'the bearer token is missing or wrong' });
  });
  app.get('/admin/dsps', async (_request, reply) => reply.header('cache-control', 'no-store').send(await dsps()));
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: 'no such path; there is GET /admin/dsps' }),
  );
  const url = await app.listen({ host, port });
  return { url, close: () => app.close() };
}

/** Equal lengths for the comparison, whose time then tells nothing, not even how long the token is. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
