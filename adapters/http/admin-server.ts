/**
 * The admin listener, for people and tools that hold a token: DSPs, estimates (`admin-api/estimate-routes.ts`) and
 * campaigns (`admin-api/campaign-api.ts`). A listener of its own, so that no route of the public one can ever reach it,
 * and so that it answers when the public one is full.
 */
import fastify from 'fastify';
import { type AdminToken, admitCallers, needs } from './admin-api/access.ts';
import { type CampaignApiOptions, campaignApi } from './admin-api/campaign-api.ts';
import { type EstimateApiOptions, estimateApi } from './admin-api/estimate-routes.ts';
import { answerErrors } from './admin-api/refusal.ts';

export interface AdminServerOptions extends EstimateApiOptions {
  readonly host: string;
  readonly port: number;
  /** At least one. */
  readonly tokens: readonly AdminToken[];
  /** Body of `GET /admin/dsps`. */
  readonly dsps: () => object | Promise<object>;
  /** Null: nothing is booked here, and there is no `/admin/v1`. */
  readonly campaigns: CampaignApiOptions | null;
  /** A request failed for a reason of ours: for the log. */
  readonly onFault: (error: unknown) => void;
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
  const { host, port, tokens, dsps, campaigns, onFault } = options;
  const app = fastify({
    logger: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  answerErrors(app, campaigns === null ? PATHS : `${PATHS}, and what GET /admin/v1/openapi.json names`, onFault);
  admitCallers(app, tokens);
  app.get('/admin/dsps', { onRequest: needs('read') }, async () => dsps());
  estimateApi(app, options);
  if (campaigns !== null) campaignApi(app, campaigns);
  const url = await app.listen({ host, port });
  return { url, close: () => app.close() };
}
