/** The campaign part of the admin listener: documents, import, audit, delivery, and what describes them. */
import type { FastifyInstance } from 'fastify';
import type { CampaignStore } from '../../../engine/ports/campaign-store.ts';
import { type BookingTables, bookingRoutes, needs, Refusal } from './booking-routes.ts';
import { importBookings } from './import.ts';
import { openApiDocument } from './openapi.ts';
import { RESOURCE_NAMES } from './resources.ts';

export interface CampaignApiOptions {
  readonly store: CampaignStore;
  /** Body of `GET /admin/v1/campaigns/{id}/delivery`; null: there is no such campaign. */
  readonly delivery: (campaignId: string) => Promise<object | null>;
  /** Of the product. */
  readonly version: string;
}

const IMPORT_BYTES_MAX = 16 * 1024 * 1024;
const AUDIT_PAGE_DEFAULT = 100;
const AUDIT_PAGE_MAX = 1000;

/** Routes of an `app` that sets `request.caller` before and answers a `Refusal` with its status. */
export function campaignApi(app: FastifyInstance, { store, delivery, version }: CampaignApiOptions): void {
  const tables: BookingTables = {
    advertisers: store.advertisers,
    creatives: store.creatives,
    campaigns: store.campaigns,
    'line-items': store.lineItems,
  };
  const description = openApiDocument(version);

  app.addContentTypeParser(/^application\/(x-)?yaml/, { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  app.addContentTypeParser(
    'application/merge-patch+json',
    { parseAs: 'string' },
    app.getDefaultJsonParser('error', 'error'),
  );

  for (const name of RESOURCE_NAMES) bookingRoutes(app, name, tables);
  app.post('/admin/v1/import', { onRequest: needs('ops'), bodyLimit: IMPORT_BYTES_MAX }, async ({ body, caller }) => {
    // JSON came parsed; it is the same document.
    return importBookings(typeof body === 'string' ? body : JSON.stringify(body ?? null), tables, caller);
  });
  app.get<{ Querystring: Record<string, string> }>(
    '/admin/v1/audit',
    { onRequest: needs('read') },
    async ({ query }) => {
      const limit = wholeNumber('limit', query.limit, AUDIT_PAGE_DEFAULT, AUDIT_PAGE_MAX)!;
      const before = wholeNumber('before', query.before, null, Number.MAX_SAFE_INTEGER);
      const entries = await store.audit({ kind: query.kind ?? null, id: query.id ?? null, before, limit });
      const items = entries.map(({ atMs, ...entry }) => ({ ...entry, at: new Date(atMs).toISOString() }));
      return { items, next: items.length < limit ? null : items.at(-1)!.sequence };
    },
  );
  app.get<{ Params: { id: string } }>(
    '/admin/v1/campaigns/:id/delivery',
    { onRequest: needs('read') },
    async ({ params }) => {
      const report = await delivery(params.id);
      if (report === null) throw new Refusal(404, '', `there is no campaign ${JSON.stringify(params.id)}`);
      return report;
    },
  );
  app.get('/admin/v1/openapi.json', { onRequest: needs('read') }, async () => description);
}

function wholeNumber(path: string, text: string | undefined, ifMissing: number | null, max: number): number | null {
  if (text === undefined) return ifMissing;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > max) throw new Refusal(400, path, `must be a whole number from 1 to ${max}`);
  return value;
}
