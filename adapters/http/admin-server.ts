/**
 * The admin listener: for people and tools that hold a token. A listener of its own, so that no route of the public one can
 * ever reach it, and so that it answers when the public one is full.
 */
import fastify, { type FastifyInstance } from 'fastify';
import { type AdminToken, createAuthentication } from './admin-api/access.ts';
import { needs, Refusal } from './admin-api/booking-routes.ts';
import { type CampaignApiOptions, campaignApi } from './admin-api/campaign-api.ts';

export interface AdminServerOptions {
  readonly host: string;
  readonly port: number;
  /** At least one. */
  readonly tokens: readonly AdminToken[];
  /** Body of `GET /admin/dsps`. */
  readonly dsps: () => object | Promise<object>;
  /** Null: nothing is booked here, and there is no `/admin/v1`. */
  readonly campaigns: CampaignApiOptions | null;
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
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { host, port, tokens, dsps, campaigns } = options;
  const app = fastify({ logger: false, requestTimeout: REQUEST_TIMEOUT_MS, forceCloseConnections: true });
  app.server.maxConnections = CONNECTIONS_MAX;
  const authenticate = createAuthentication(tokens);
  app.decorateRequest('caller');
  // Before routing: without a token nobody learns which paths there are.
  app.addHook('onRequest', async (request, reply) => {
    const caller = authenticate(request.headers.authorization);
    if (caller === null) {
      return reply
        .code(401)
        .header('www-authenticate', 'Bearer')
        .send({ error: 'the bearer token is missing or wrong' });
    }
    request.caller = caller;
    reply.header('cache-control', 'no-store');
    return undefined;
  });
  answerErrors(app, campaigns === null ? '/admin/dsps' : '/admin/dsps and /admin/v1/openapi.json');
  app.get('/admin/dsps', { onRequest: needs('read') }, async (_request, reply) => reply.send(await dsps()));
  if (campaigns !== null) campaignApi(app, campaigns);
  const url = await app.listen({ host, port });
  return { url, close: () => app.close() };
}

function answerErrors(app: FastifyInstance, paths: string): void {
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: `no such path; there is GET ${paths}` }));
  app.setErrorHandler((error: Error & { readonly statusCode?: number }, _request, reply) => {
    if (error instanceof Refusal) {
      const { status, path, message } = error;
      return reply.code(status).send(path === '' ? { error: message } : { error: message, path });
    }
    const { statusCode = 500 } = error;
    if (statusCode < 500) return reply.code(statusCode).send({ error: error.message });
    // What is wrong inside is for the log of whoever runs it: the store is away, most of the time.
    return reply.code(503).send({ error: 'the campaign store cannot be reached or failed; try again' });
  });
}
