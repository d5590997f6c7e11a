/** The doors: the public port, and the admin listener beside it. */
import type { CampaignApiOptions } from '../adapters/http/admin-api/campaign-api.ts';
import type { CounterApiOptions } from '../adapters/http/admin-api/counter-routes.ts';
import type { DeletionApiOptions } from '../adapters/http/admin-api/deletion-routes.ts';
import { startAdminServer } from '../adapters/http/admin-server.ts';
import { type HttpServer, startHttpServer } from '../adapters/http/server.ts';
import { clientConnectionsWithin, descriptorLimit } from '../adapters/process/descriptors.ts';
import type { DspState } from '../adapters/workers/messages.ts';
import { adminTokens } from '../config/admin-tokens.ts';
import { connectionsTo } from '../config/engine-options.ts';
import type { OutcomesTaken } from '../engine/desk/outcome-billing.ts';
import type { Outcome } from '../engine/estimation/quality/awaited-outcomes.ts';
import type { AdRequests } from '../engine/ports/ad-requests.ts';
import type { Refunds } from '../engine/ports/refunds.ts';
import type { EstimateQualityParts } from './estimate-quality.ts';
import type { Parts } from './parts.ts';
import type { Tracking } from './tracking.ts';

/** Limit of the wire (docs/openrtb.md). */
const REQUEST_BYTES_MAX = 256 * 1024;

/** What the admin listener is about. */
export interface AdminSubjects extends Pick<EstimateQualityParts, 'status'> {
  readonly reportOutcomes: (outcomes: readonly Outcome[]) => Promise<OutcomesTaken>;
  readonly dsps: () => readonly DspState[];
  /** See `Estimation.invalidate`. */
  readonly invalidateEstimates: ((tag: number) => Promise<void>) | null;
  readonly campaigns: CampaignApiOptions | null;
  readonly counters: CounterApiOptions | null;
  readonly deletions: DeletionApiOptions | null;
  /** Null: nothing is billed here. */
  readonly refunds: Refunds | null;
}

export async function openAdmin(
  { config: { admin }, metrics, log, closing }: Parts,
  { dsps, status, reportOutcomes, invalidateEstimates, campaigns, counters, deletions, refunds }: AdminSubjects,
): Promise<void> {
  const { host, port } = admin;
  const tokens = adminTokens(admin);
  if (tokens.length === 0) {
    log.info('no admin.token: there is no admin listener');
    return;
  }
  const server = await startAdminServer({
    host,
    port,
    tokens,
    dsps,
    campaigns,
    counters,
    deletions,
    refunds,
    invalidateEstimates,
    onChange: (change) => log.info(change, 'changed by an admin'),
    onFault: (err) => log.error({ err }, 'an admin request failed'),
    estimates: status,
    reportOutcomes: async (outcomes) => {
      const counts = await reportOutcomes(outcomes);
      metrics.outcomesReported(counts);
      return counts;
    },
  });
  closing(server.close);
  log.info({ url: server.url }, 'admin listener opened');
}

export interface PublicDoor {
  readonly adRequests: AdRequests;
  /** Null: nothing is tracked. */
  readonly tracking: Tracking | null;
  /** Body of `GET /status`. */
  readonly status: () => object;
  /** Body of `GET /metrics`. */
  readonly metricsText: () => Promise<string>;
  /** False: another process accepts connections for this one. */
  readonly listens: boolean;
}

export async function openPublicDoor(
  parts: Parts,
  { metricsText, tracking, ...door }: PublicDoor,
): Promise<HttpServer> {
  const { config, clock, metrics, closing, onProcessFault } = parts;
  const server = await startHttpServer({
    ...config.server,
    ...door,
    events: tracking?.desk ?? null,
    connectionsMax: clientConnectionsMax(parts),
    requestBytesMax: REQUEST_BYTES_MAX,
    clock,
    metrics: { contentType: metrics.contentType, text: metricsText },
    observer: {
      onCut: metrics.clientConnectionCut,
      onRequestsFull: () => {
        metrics.queueRefused('ad-requests');
        metrics.intake.onRefused('overloaded');
      },
      onEventRequestRefused: () => tracking?.metrics.onRequestRefused(),
      onFault: (error) => onProcessFault('request', error),
    },
  });
  metrics.clientConnections(server.connectionCount);
  closing(() => server.close());
  return server;
}

/** As configured, or fewer where the process may not open so many files. */
function clientConnectionsMax({ config, log }: Parts): number {
  const { connectionsMax } = config.server;
  const limit = descriptorLimit();
  if (limit === null) return connectionsMax;
  const toDsps = config.dsps.reduce((sum, dsp) => sum + connectionsTo(dsp, config), 0);
  const fitting = clientConnectionsWithin(limit, toDsps);
  if (fitting < connectionsMax) log.warn({ limit, fitting }, 'the limit of open files leaves fewer client connections');
  return Math.min(connectionsMax, fitting);
}
