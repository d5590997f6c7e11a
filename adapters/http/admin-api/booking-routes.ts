/**
 * `/admin/v1`: what is booked, read and changed over HTTP. One set of routes for all four kinds of documents:
 *
 *   GET    /admin/v1/campaigns?advertiser=acme&after=c1&limit=100   a page, in order of ids
 *   GET    /admin/v1/campaigns/c1                                   one, with its ETag
 *   PUT    /admin/v1/campaigns/c1                                   creates it, or replaces the version in If-Match
 *   PATCH  /admin/v1/campaigns/c1                                   changes single fields (JSON Merge Patch, RFC 7396)
 *
 * Nothing is deleted: money was spent under it. A campaign is ended, the rest paused.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { BOOKING_ID } from '../../../engine/campaign/accounts.ts';
import type { Booking, CampaignStore } from '../../../engine/ports/campaign-store.ts';
import { type Caller, needs } from './access.ts';
import { documentOf, prepareWrite } from './booking-writes.ts';
import { mergePatch } from './merge-patch.ts';
import { Refusal } from './refusal.ts';
import { RESOURCES, type ResourceName } from './resources.ts';
import { OvertakenError, refusedBy, retryOvertaken } from './store-refusals.ts';

const PAGE_MAX = 1000;
const PAGE_DEFAULT = 100;

export type Query = Readonly<Record<string, string | undefined>>;

/** `any`: as it is now; `none`: it must not exist. */
type Expected = number | 'any' | 'none';

interface Change {
  readonly id: string;
  readonly body: unknown;
  readonly expected: Expected;
  readonly caller: Caller;
}

export function bookingRoutes(app: FastifyInstance, name: ResourceName, store: CampaignStore): void {
  const path = `/admin/v1/${name}`;
  app.get<{ Querystring: Query }>(path, { onRequest: needs('read') }, ({ query }) => list(store, name, query));
  app.get<{ Params: { id: string } }>(`${path}/:id`, { onRequest: needs('read') }, async ({ params }, reply) =>
    send(reply, 200, await get(store, name, params.id)),
  );
  app.put<{ Params: { id: string } }>(`${path}/:id`, { onRequest: needs('ops') }, async (request, reply) => {
    const { params, body, caller, headers } = request;
    const expected = expectedVersion(headers['if-match'], headers['if-none-match']);
    const stored = await replace(store, name, { id: params.id, body, expected, caller });
    return send(reply, stored.version === 1 ? 201 : 200, stored);
  });
  app.patch<{ Params: { id: string } }>(`${path}/:id`, { onRequest: needs('ops') }, async (request, reply) => {
    const { params, body, caller, headers } = request;
    const expected = expectedVersion(headers['if-match'], undefined);
    return send(reply, 200, await patch(store, name, { id: params.id, body, expected, caller }));
  });
}

async function list(store: CampaignStore, name: ResourceName, query: Query): Promise<object> {
  const { kind, parentField } = RESOURCES[name];
  const known = ['after', 'limit', ...(parentField === null ? [] : [parentField])];
  for (const key of Object.keys(query)) {
    if (!known.includes(key)) throw new Refusal(400, key, `is no parameter; there are ${known.join(', ')}`);
  }
  const limit = Number(query.limit ?? PAGE_DEFAULT);
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
    throw new Refusal(400, 'limit', `must be a whole number from 1 to ${PAGE_MAX}`);
  }
  const parentId = parentField === null ? undefined : queriedId(parentField, query);
  const after = queriedId('after', query);
  const page: readonly Booking[] = await store.list(kind, {
    ...(parentId === undefined ? {} : { parentId }),
    ...(after === undefined ? {} : { afterId: after }),
    limit,
  });
  return {
    items: page.map(documentOf),
    // To be sent as `after`; null: that was all.
    next: page.length < limit ? null : page.at(-1)!.value.id,
  };
}

/** No other text gets to the database. */
export function queriedId(name: string, query: Query): string | undefined {
  const id = query[name];
  if (id === undefined || BOOKING_ID.test(id)) return id;
  throw new Refusal(400, name, `is no id: ${JSON.stringify(id)}`);
}

async function get(store: CampaignStore, name: ResourceName, id: string): Promise<Booking> {
  const { kind, noun } = RESOURCES[name];
  const stored = BOOKING_ID.test(id) ? await store.read(kind, id) : null;
  if (stored === null) throw new Refusal(404, '', `there is no ${noun.replace(/^an? /, '')} ${JSON.stringify(id)}`);
  return stored;
}

async function replace(store: CampaignStore, name: ResourceName, change: Change): Promise<Booking> {
  const { id, body, expected, caller } = change;
  if (!BOOKING_ID.test(id)) throw new Refusal(400, 'id', `${JSON.stringify(id)} must match ${BOOKING_ID.source}`);
  const current = await store.read(RESOURCES[name].kind, id);
  if (current === null && typeof expected === 'number') throw new Refusal(412, '', 'it does not exist');
  if (current !== null && expected === 'none') throw new Refusal(412, '', 'it exists');
  if (current !== null && expected === 'any') {
    throw new Refusal(428, '', `it exists: send If-Match: ${etagOf(current)} to replace that version, or PATCH it`);
  }
  return put(store, name, { id, document: body, current, expected, caller });
}

async function patch(store: CampaignStore, name: ResourceName, change: Change): Promise<Booking> {
  const { id, body, expected, caller } = change;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Refusal(400, '', 'must be a JSON object with the fields to change');
  }
  const once = async (): Promise<Booking> => {
    const current = await get(store, name, id);
    return put(store, name, { id, document: mergePatch(documentOf(current), body), current, expected, caller });
  };
  // A field-wise change does not care what else has changed meanwhile.
  return expected === 'any' ? retryOvertaken(once) : once();
}

async function put(
  store: CampaignStore,
  name: ResourceName,
  {
    id,
    document,
    current,
    expected,
    caller,
  }: {
    readonly id: string;
    readonly document: unknown;
    readonly current: Booking | null;
    readonly expected: Expected;
    readonly caller: Caller;
  },
): Promise<Booking> {
  if (typeof expected === 'number' && current !== null && current.version !== expected) {
    throw new OvertakenError(`it is at version ${etagOf(current)} by now`);
  }
  const write = prepareWrite(name, { id, document, current, caller });
  try {
    const [stored] = await store.write([write], caller.name);
    return stored!;
  } catch (error) {
    throw refusedBy(error, () => '');
  }
}

function send(reply: FastifyReply, status: number, stored: Booking): FastifyReply {
  return reply.code(status).header('etag', etagOf(stored)).send(documentOf(stored));
}

function etagOf({ version }: { readonly version: number }): string {
  return `"${version}"`;
}

const ETAG = /^"([1-9]\d{0,15})"$/;

function expectedVersion(ifMatch: string | undefined, ifNoneMatch: string | undefined): Expected {
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch !== '*') throw new Refusal(400, 'If-None-Match', 'must be *');
    return 'none';
  }
  if (ifMatch === undefined) return 'any';
  const version = ETAG.exec(ifMatch)?.[1];
  if (version === undefined) throw new Refusal(400, 'If-Match', 'must be the ETag as it was received, e.g. "3"');
  return Number(version);
}
