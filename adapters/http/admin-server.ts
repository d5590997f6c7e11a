/**
 * The admin listener, for people and tools that hold a token: DSPs, estimates (`admin-api/estimate-routes.ts`), refunds
 * (`admin-api/refund-routes.ts`) and campaigns (`admin-api/campaign-api.ts`). A listener of its own, so that no route of the public one can ever reach it,
 * and so that it answers when the public one is full.
 */
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { type AdminToken, admitCallers, needs } from './admin-api/access.ts';
import { type CampaignApiOptions, campaignApi } from './admin-api/campaign-api.ts';
import { type CounterApiOptions, counterApi } from './admin-api/counter-routes.ts';
import { type DeletionApiOptions, deletionApi } from './admin-api/deletion-routes.ts';
import { type EstimateApiOptions, estimateApi } from './admin-api/estimate-routes.ts';
import { type RefundApiOptions, refundApi } from './admin-api/refund-routes.ts';
import { answerErrors, Refusal } from './admin-api/refusal.ts';

export interface AdminServerOptions extends EstimateApiOptions, RefundApiOptions {
  readonly host: string;
  readonly port: number;
  /** At least one. */
  readonly tokens: readonly AdminToken[];
  /** Body of `GET /admin/dsps`. */
  readonly dsps: () => object | Promise<object>;
  /** Null: nothing is booked here, and there is no `/admin/v1`. */
  readonly campaigns: CampaignApiOptions | null;
  /** Null: nothing is counted that could be read here. */
  readonly counters: CounterApiOptions | null;
  /** Null: nothing is booked here, and there is no `/admin/deletions`. */
  readonly deletions: DeletionApiOptions | null;
  /** A request failed for a reason of ours: for the log. */
  readonly onFault: (error: unknown) => void;
}

export interface AdminServer {
  /** Where it listens, e.g. `http://127.0.0.1:8081`. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** People and their tools: on further connections they are told to come again, and on twice as many nothing. */
const CONNECTIONS_MAX = 128;
/** An idle one leaves its place to others. */
const IDLE_MS_MAX = 5000;
const REQUEST_TIMEOUT_MS = 5000;
/** Read in one step of the loop that runs auctions. */
const BODY_BYTES_MAX = 256 * 1024;
const PATHS =
  'GET /admin/dsps, GET /admin/counters, GET /admin/counters/top, GET /admin/estimates, POST /admin/estimates/invalidate, POST /admin/outcomes, POST /admin/refunds';

/** Rejects when the address cannot be listened on; the message names it. */
export async function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const { host, port, tokens, dsps, campaigns, counters, deletions, onFault } = options;
  const app = fastify({
    logger: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_MS_MAX,
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
  });
  answerErrors(app, campaigns === null ? PATHS : `${PATHS}, and what GET /admin/v1/openapi.json names`, onFault);
  boundConnections(app, CONNECTIONS_MAX);
  admitCallers(app, tokens);
  app.get('/admin/dsps', { onRequest: needs('read') }, async () => dsps());
  counterApi(app, counters);
  estimateApi(app, options);
  refundApi(app, options);
  if (campaigns !== null) campaignApi(app, campaigns);
  if (deletions !== null) deletionApi(app, deletions);
  const url = await app.listen({ host, port });
  return { url, close: () => app.close() };
}

/** Beyond the bound a request is answered with 503 and its connection is closed, before it says who it is. */
function boundConnections(app: FastifyInstance, connectionsMax: number): void {
  const open = new Set<Socket>();
  const surplus = new WeakSet<Socket>();
  app.server.maxConnections = 2 * connectionsMax;
  app.server.on('connection', (socket: Socket) => {
    if (open.size >= connectionsMax) {
      surplus.add(socket);
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  app.addHook('onRequest', async ({ socket }, reply) => {
    if (!surplus.has(socket)) return;
    reply.header('connection', 'close').header('retry-after', '1');
    throw new Refusal(503, '', 'too many connections: close some, or come again');
  });
}
