/**
 * The admin listener, for people and tools that hold the token: `GET /admin/dsps`, `GET /admin/estimates`,
 * `POST /admin/estimates/invalidate` and `POST /admin/outcomes`. A listener of its own, so that no route of the public one can ever reach it, and so that it
 * answers when the public one is full.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { tagOf } from '../../engine/estimation/cache/invalidations.ts';
import type { Outcome, OutcomeCounts } from '../../engine/estimation/quality/awaited-outcomes.ts';
import { INVALIDATION_BODIES, readInvalidation } from './invalidation-body.ts';
import { OutcomeReportError, readOutcomes } from './outcome-report.ts';

export interface AdminServerOptions {
  readonly host: string;
  readonly port: number;
  /** Bearer token; not empty. */
  readonly token: string;
  /** Body of `GET /admin/dsps`. */
  readonly dsps: () => object | Promise<object>;
  /** Body of `GET /admin/estimates`. */
  readonly estimates: () => object | Promise<object>;
  /** Takes the body of `POST /admin/outcomes`. Rejects when it cannot tell what came of all of them: they may be sent again. */
  readonly reportOutcomes: (outcomes: readonly Outcome[]) => OutcomeCounts | Promise<OutcomeCounts>;
  /** Of predictions with a tag, in all processes; rejects when not all may know it. Null: no predictions are kept. */
  readonly invalidateEstimates: ((tag: number) => Promise<void>) | null;
  /** Something was changed through this listener: for the log, which gets no ids of users. */
  readonly onChange: (what: object) => void;
}

export interface AdminServer {
  /** Where it listens, e.g. `http://127.0.0.1:8081`. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** People and their tools: more connections than this are a mistake. */
const CONNECTIONS_MAX = 16;
const REQUEST_TIMEOUT_MS = 5000;
/** Read in one step of the loop that runs auctions. */
const BODY_BYTES_MAX = 256 * 1024;
const PATHS = 'GET /admin/dsps, GET /admin/estimates, POST /admin/estimates/invalidate, POST /admin/outcomes';

/** Rejects when the address cannot be listened on; the message names it. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { host, port, token, dsps, estimates } = options;
  const app = fastify({
    logger: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  const expected = digest(`Bearer ${token}`);
  // Before routing: without the token nobody learns which paths there are.
  app.addHook('onRequest', (request, reply, done) => {
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) return done();
    reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'the bearer token is missing or wrong' });
  });
  app.get('/admin/dsps', async (_request, reply) => reply.header('cache-control', 'no-store').send(await dsps()));
  app.get('/admin/estimates', async (_request, reply) =>
    reply.header('cache-control', 'no-store').send(await estimates()),
  );
  app.post('/admin/estimates/invalidate', (request, reply) => invalidate(request.body, options, reply));
  // A scope of its own: elsewhere bodies are parsed by their content type.
  app.register(async (scope) => serveOutcomes(scope, options));
  app.setErrorHandler((error: FastifyError, _request, reply) =>
    reply.code(error.statusCode ?? 500).send({ error: error.message }),
  );
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: `no such path; there is ${PATHS}` }));
  const url = await app.listen({ host, port });
  return { url, close: () => app.close() };
}

/** The body tells its form by itself: tools send logs under all kinds of content types. */
function serveOutcomes(scope: FastifyInstance, { reportOutcomes }: AdminServerOptions): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  scope.post('/admin/outcomes', async (request, reply) => {
    let outcomes: Outcome[];
    try {
      outcomes = readOutcomes(String(request.body ?? ''));
    } catch (error) {
      if (!(error instanceof OutcomeReportError)) throw error;
      return reply.code(400).send({ error: error.message, path: error.path });
    }
    try {
      return reply.send(await reportOutcomes(outcomes));
    } catch (error) {
      return reply.code(503).send({ error: (error as Error).message });
    }
  });
}

async function invalidate(
  body: unknown,
  { invalidateEstimates, onChange }: AdminServerOptions,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const event = readInvalidation(body);
  if (event === null) return reply.code(400).send({ error: `the body must be ${INVALIDATION_BODIES}` });
  if (invalidateEstimates === null) {
    return reply.code(409).send({ error: 'no predictions are kept: estimation.model.source is not remote' });
  }
  onChange({ invalidated: event.kind });
  try {
    await invalidateEstimates(tagOf(event));
  } catch (error) {
    return reply.code(503).send({ error: `not in all processes, ask again: ${(error as Error).message}` });
  }
  return reply.code(204).send();
}

/** Equal lengths for the comparison, whose time then tells nothing, not even how long the token is. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
