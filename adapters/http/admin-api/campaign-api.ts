/** The campaign part of the admin listener: documents, import, audit, delivery, and what describes them. */
import type { FastifyInstance } from 'fastify';
import { type Period, PeriodError } from '../../../engine/budget/delivery-report.ts';
import { BOOKING_ID } from '../../../engine/campaign/accounts.ts';
import type { BookingKind, CampaignStore } from '../../../engine/ports/campaign-store.ts';
import { needs } from './access.ts';
import { bookingRoutes, type Query, queriedId } from './booking-routes.ts';
import { importBookings } from './import.ts';
import { moment } from './moment.ts';
import { openApiDocument } from './openapi.ts';
import { Refusal } from './refusal.ts';
import { RESOURCE_NAMES, RESOURCE_OF_KIND } from './resources.ts';

export interface CampaignApiOptions {
  readonly store: CampaignStore;
  /** Body of `GET /admin/v1/campaigns/{id}/delivery`; null: there is no such campaign. */
  readonly delivery: (campaignId: string, period: Partial<Period>) => Promise<object | null>;
  /** Of the product. */
  readonly version: string;
}

const IMPORT_BYTES_MAX = 16 * 1024 * 1024;
const AUDIT_PAGE_DEFAULT = 100;
const AUDIT_PAGE_MAX = 1000;

/** Routes of an `app` that sets `request.caller` before and answers a `Refusal` with its status. */
export function campaignApi(app: FastifyInstance, { store, delivery, version }: CampaignApiOptions): void {
  const description = openApiDocument(version);

  app.addContentTypeParser(/^application\/(x-)?yaml/, { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  app.addContentTypeParser(
    'application/merge-patch+json',
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  );

  for (const name of RESOURCE_NAMES) bookingRoutes(app, name, store);
  app.post('/admin/v1/import', { onRequest: needs('ops'), bodyLimit: IMPORT_BYTES_MAX }, ({ body, caller }) =>
    importBookings(body, store, caller),
  );
  app.get<{ Querystring: Query }>('/admin/v1/audit', { onRequest: needs('read') }, ({ query }) => audit(store, query));
  app.get<{ Params: { id: string }; Querystring: Query }>(
    '/admin/v1/campaigns/:id/delivery',
    { onRequest: needs('read') },
    async ({ params: { id }, query }) => {
      const report = BOOKING_ID.test(id) ? await delivery(id, periodOf(query)).catch(refusePeriod) : null;
      if (report === null) throw new Refusal(404, '', `there is no campaign ${JSON.stringify(id)}`);
      return report;
    },
  );
  app.get('/admin/v1/openapi.json', { onRequest: needs('read') }, async () => description);
}

async function audit(store: CampaignStore, query: Query): Promise<object> {
  const { kind, limit } = query;
  if (!isKind(kind)) {
    throw new Refusal(400, 'kind', `must be one of ${Object.keys(RESOURCE_OF_KIND).join(', ')}`);
  }
  const id = queriedId('id', query);
  if (id === undefined) throw new Refusal(400, 'id', 'is missing');
  const entries = await store.history(kind, id, auditLimit(limit));
  return {
    items: entries.map(({ atMs, actor, ...change }) => ({ at: new Date(atMs).toISOString(), by: actor, ...change })),
  };
}

function isKind(kind: string | undefined): kind is BookingKind {
  return kind !== undefined && Object.hasOwn(RESOURCE_OF_KIND, kind);
}

function auditLimit(text: string | undefined): number {
  const limit = Number(text ?? AUDIT_PAGE_DEFAULT);
  if (Number.isInteger(limit) && limit >= 1 && limit <= AUDIT_PAGE_MAX) return limit;
  throw new Refusal(400, 'limit', `must be a whole number from 1 to ${AUDIT_PAGE_MAX}`);
}

function periodOf({ from, to }: Query): Partial<Period> {
  const fromMs = moment('from', from);
  const toMs = moment('to', to);
  if (fromMs !== undefined && toMs !== undefined && !(fromMs < toMs))
    throw new Refusal(400, 'to', 'must be after from');
  return { ...(fromMs === undefined ? {} : { fromMs }), ...(toMs === undefined ? {} : { toMs }) };
}

function refusePeriod(error: unknown): never {
  if (error instanceof PeriodError) throw new Refusal(400, error.path, error.message);
  throw error;
}
