/**
 * `/admin/deletions`: users who are to be deleted (docs/privacy.md).
 *
 *   POST   /admin/deletions                        asks for it; the same again is the same request
 *   GET    /admin/deletions?before=ID&limit=100    a page, the latest first
 *   GET    /admin/deletions/ID                     its state, store by store, and its certificate
 *   GET    /admin/deletions/openapi.json           this, described
 *   POST   /admin/deletions/verify                 whether a certificate is one of ours, unchanged
 *   GET    /admin/deletions/keepers                who keeps data outside the database
 *   POST   /admin/deletions/keepers/ID/retire      says that one never comes back, and that what it had is destroyed
 */
import type { FastifyInstance } from 'fastify';
import type { DeletionKind } from '../../../engine/ports/deletion-books.ts';
import { needs } from './access.ts';
import type { Query } from './booking-routes.ts';
import { deletionOpenApi } from './deletion-openapi.ts';
import { Refusal } from './refusal.ts';

export interface DeletionOrder {
  readonly kind: DeletionKind;
  /** Of `user`: whose ids they are; empty where requests name no publisher. */
  readonly publisher: string;
  readonly ids: readonly string[];
}

export interface DeletionApiOptions {
  /** `conflict`: the key stands for another subject; `full`: too many are open. */
  readonly request: (
    order: DeletionOrder,
    who: { readonly idempotencyKey: string | null; readonly by: string },
  ) => Promise<{ readonly view: object; readonly isNew: boolean } | 'conflict' | 'full'>;
  /** Null: there is none. */
  readonly view: (id: string) => Promise<object | null>;
  readonly list: (query: { readonly beforeId?: string; readonly limit: number }) => Promise<readonly object[]>;
  readonly verify: (certificate: unknown) => { readonly result: string };
  readonly keepers: () => Promise<readonly object[]>;
  /** Of the product. */
  readonly version: string;
  /** `present`: it is there; `unknown`: there is none, or it is retired. */
  readonly retireKeeper: (id: string, by: string) => Promise<'retired' | 'present' | 'unknown'>;
}

const IDS_MAX = 20;
const ID_LENGTH_MAX = 512;
const PAGE_DEFAULT = 100;
const PAGE_MAX = 1000;
/** Of deletions and keepers. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,200}$/;

export function deletionApi(app: FastifyInstance, options: DeletionApiOptions): void {
  app.post('/admin/deletions', { onRequest: needs('ops') }, async ({ body, headers, caller }, reply) => {
    const idempotencyKey = keyOf(headers['idempotency-key']);
    const asked = await options.request(readOrder(body), { idempotencyKey, by: caller.name });
    if (asked === 'conflict') throw new Refusal(409, 'Idempotency-Key', 'stands for another user');
    if (asked === 'full') throw new Refusal(503, '', 'too many deletions are open: ask again when some are certified');
    return reply.code(asked.isNew ? 202 : 200).send(asked.view);
  });
  app.get<{ Querystring: Query }>('/admin/deletions', { onRequest: needs('read') }, async ({ query }) => {
    const { before, limit } = query;
    const items = await options.list({
      limit: limitOf(limit),
      ...(before === undefined ? {} : { beforeId: idOf('before', before) }),
    });
    return { items };
  });
  const description = deletionOpenApi(options.version);
  app.get('/admin/deletions/openapi.json', { onRequest: needs('read') }, async () => description);
  app.post('/admin/deletions/verify', { onRequest: needs('read') }, async ({ body }) => options.verify(body));
  app.get('/admin/deletions/keepers', { onRequest: needs('read') }, async () => ({ items: await options.keepers() }));
  app.post<{ Params: { id: string } }>(
    '/admin/deletions/keepers/:id/retire',
    { onRequest: needs('ops') },
    async ({ params: { id }, caller }, reply) => {
      const result = ID.test(id) ? await options.retireKeeper(id, caller.name) : 'unknown';
      if (result === 'unknown')
        throw new Refusal(404, '', `there is no keeper ${JSON.stringify(id)} that is not retired`);
      if (result === 'present') throw new Refusal(409, '', 'it is there: stop it first, and wait for a minute');
      return reply.code(204).send();
    },
  );
  app.get<{ Params: { id: string } }>(
    '/admin/deletions/:id',
    { onRequest: needs('read') },
    async ({ params: { id } }) => {
      const view = ID.test(id) ? await options.view(id) : null;
      if (view === null) throw new Refusal(404, '', `there is no deletion ${JSON.stringify(id)}`);
      return view;
    },
  );
}

/** Throws a `Refusal` that names the place. */
function readOrder(body: unknown): DeletionOrder {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refusal(400, '', 'must be a JSON object');
  const { kind, publisher, ids, ...others } = body as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new Refusal(400, unknown, 'is no field; there are kind, publisher, ids');
  if (kind !== 'device' && kind !== 'user') throw new Refusal(400, 'kind', 'must be device or user');
  if (kind === 'user' && typeof publisher !== 'string') {
    throw new Refusal(400, 'publisher', 'must name whose ids they are; empty where requests name no publisher');
  }
  if (kind === 'device' && publisher !== undefined) {
    throw new Refusal(400, 'publisher', 'is nothing of a device, whose id is the same everywhere');
  }
  return { kind, publisher: kind === 'user' ? (publisher as string) : '', ids: readIds(ids) };
}

function readIds(ids: unknown): readonly string[] {
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > IDS_MAX) {
    throw new Refusal(400, 'ids', `must be a list of 1 to ${IDS_MAX} ids of one user`);
  }
  for (const [index, id] of ids.entries()) {
    if (typeof id === 'string' && id !== '' && id.length <= ID_LENGTH_MAX) continue;
    throw new Refusal(400, `ids[${index}]`, `must be a text of 1 to ${ID_LENGTH_MAX} characters`);
  }
  return ids as string[];
}

function keyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && IDEMPOTENCY_KEY.test(header)) return header;
  throw new Refusal(400, 'Idempotency-Key', 'must be 1 to 200 visible ASCII characters');
}

function idOf(name: string, id: string): string {
  if (ID.test(id)) return id;
  throw new Refusal(400, name, `is no id: ${JSON.stringify(id)}`);
}

function limitOf(text: string | undefined): number {
  const limit = Number(text ?? PAGE_DEFAULT);
  if (Number.isInteger(limit) && limit >= 1 && limit <= PAGE_MAX) return limit;
  throw new Refusal(400, 'limit', `must be a whole number from 1 to ${PAGE_MAX}`);
}
