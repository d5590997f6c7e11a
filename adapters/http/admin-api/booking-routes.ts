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
import { isDeepStrictEqual } from 'node:util';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { BookingError } from '../../../engine/campaign/booking-documents.ts';
import type { Creative } from '../../../engine/campaign/campaign.ts';
import type { BookingTable, PutResult, Stored } from '../../../engine/ports/campaign-store.ts';
import { type Caller, mayDo, type Role } from './access.ts';
import { mergePatch } from './merge-patch.ts';
import { type Booked, RESOURCES, type Resource, type ResourceName } from './resources.ts';

export type BookingTables = { readonly [Name in ResourceName]: BookingTable<Booked[Name]> };

/** A refusal on purpose: status, and what was wrong for whoever sent it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  /** In the document; empty when it is not about a part of it. */
  readonly path: string;

  constructor(status: number, path: string, message: string) {
    super(message);
    this.status = status;
    this.path = path;
  }
}

const PAGE_MAX = 1000;
const PAGE_DEFAULT = 100;
/** A field-wise change does not care what else has changed meanwhile, but gives way to others in the end. */
const PATCH_TRIES = 5;

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any route of the admin listener runs. */
    caller: Caller;
  }
}

/** Refuses with 403 unless the caller has the role. */
export function needs(role: Role): (request: FastifyRequest) => Promise<void> {
  return async ({ caller }) => {
    if (!mayDo(caller, role)) throw new Refusal(403, '', `needs the role ${role}`);
  };
}

export function bookingRoutes(app: FastifyInstance, name: ResourceName, tables: BookingTables): void {
  const resource = RESOURCES[name] as unknown as Resource<AnyBooked>;
  const bookings = bookingsOf(name, tables);
  const path = `/admin/v1/${name}`;

  app.get<{ Querystring: Query }>(path, { onRequest: needs('read') }, async ({ query }, reply) => {
    const page = await bookings.list(query);
    return reply.send(page);
  });
  app.get<{ Params: { id: string } }>(`${path}/:id`, { onRequest: needs('read') }, async ({ params }, reply) =>
    send(reply, 200, resource, await bookings.get(params.id)),
  );
  app.put<{ Params: { id: string } }>(`${path}/:id`, { onRequest: needs('ops') }, async (request, reply) => {
    const { params, body, caller, headers } = request;
    const expected = expectedVersion(headers['if-match'], headers['if-none-match']);
    const { stored, isNew } = await bookings.replace(params.id, body, expected, caller);
    return send(reply, isNew ? 201 : 200, resource, stored);
  });
  app.patch<{ Params: { id: string } }>(`${path}/:id`, { onRequest: needs('ops') }, async (request, reply) => {
    const { params, body, caller, headers } = request;
    const expected = expectedVersion(headers['if-match'], undefined);
    return send(reply, 200, resource, await bookings.patch(params.id, body, expected, caller));
  });
}

type AnyBooked = Booked[ResourceName];
export type AnyBookings = Bookings<AnyBooked>;

/** Each kind goes with its own table, so what comes out of one goes into the other. */
export function bookingsOf(name: ResourceName, tables: BookingTables): AnyBookings {
  return new Bookings(
    RESOURCES[name] as unknown as Resource<AnyBooked>,
    tables[name] as unknown as BookingTable<AnyBooked>,
  );
}

type Query = Readonly<Record<string, string | undefined>>;

/** `any`: as it is now; `none`: it must not exist. */
type Expected = number | 'any' | 'none';

/** One kind of documents, on its table. */
export class Bookings<Value extends { readonly id: string }> {
  readonly #resource: Resource<Value>;
  readonly #table: BookingTable<Value>;

  constructor(resource: Resource<Value>, table: BookingTable<Value>) {
    this.#resource = resource;
    this.#table = table;
  }

  async list(query: Query): Promise<object> {
    const { parentField, document } = this.#resource;
    const known = ['after', 'limit', ...(parentField === null ? [] : [parentField])];
    for (const key of Object.keys(query)) {
      if (!known.includes(key)) throw new Refusal(400, key, `is no parameter; there are ${known.join(', ')}`);
    }
    const limit = Number(query.limit ?? PAGE_DEFAULT);
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
      throw new Refusal(400, 'limit', `must be a whole number from 1 to ${PAGE_MAX}`);
    }
    const parentId = parentField === null ? null : (query[parentField] ?? null);
    const page = await this.#table.list({ parentId, after: query.after ?? null, limit });
    return {
      items: page.map(({ value }) => document(value)),
      // To be sent as `after`; null: that was all.
      next: page.length < limit ? null : page.at(-1)!.value.id,
    };
  }

  async get(id: string): Promise<Stored<Value>> {
    const stored = await this.#table.get(id);
    if (stored === null) throw new Refusal(404, '', `there is no ${nounOf(this.#resource)} ${JSON.stringify(id)}`);
    return stored;
  }

  async replace(
    id: string,
    document: unknown,
    expected: Expected,
    caller: Caller,
  ): Promise<{ readonly stored: Stored<Value>; readonly isNew: boolean }> {
    const current = await this.#table.get(id);
    if (current === null && typeof expected === 'number') throw new Refusal(412, '', 'it does not exist');
    if (current !== null && expected === 'none') throw new Refusal(412, '', 'it exists');
    if (current !== null && expected === 'any') {
      throw new Refusal(428, '', `it exists: send If-Match: ${etagOf(current)} to replace that version, or PATCH it`);
    }
    const version = typeof expected === 'number' ? expected : null;
    const stored = await this.#put(id, document, current, version, caller);
    return { stored, isNew: current === null };
  }

  async patch(id: string, patch: unknown, expected: Expected, caller: Caller): Promise<Stored<Value>> {
    if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
      throw new Refusal(400, '', 'must be a JSON object with the fields to change');
    }
    for (let attempt = 1; ; attempt++) {
      const current = await this.get(id);
      const document = mergePatch(this.#resource.document(current.value), patch);
      try {
        return await this.#put(
          id,
          document,
          current,
          typeof expected === 'number' ? expected : current.version,
          caller,
        );
      } catch (error) {
        const isOvertaken = error instanceof Refusal && error.status === 412 && expected === 'any';
        if (!isOvertaken || attempt === PATCH_TRIES) throw error;
      }
    }
  }

  /** Creates, or replaces whatever there is, if it is anything else: for import. */
  async upsert(id: string, document: unknown, caller: Caller): Promise<Stored<Value>> {
    const current = await this.#table.get(id);
    if (current !== null && isDeepStrictEqual(current.value, this.read(id, document))) return current;
    return this.#put(id, document, current, current?.version ?? null, caller);
  }

  async #put(
    id: string,
    document: unknown,
    current: Stored<Value> | null,
    expected: number | null,
    caller: Caller,
  ): Promise<Stored<Value>> {
    const value = this.read(id, document);
    this.#checkMoney(value, current?.value ?? null, caller);
    const result = await this.#table.put(withApproval(value, current?.value ?? null), expected, caller.name);
    return storedOf(result);
  }

  read(id: string, document: unknown): Value {
    try {
      return this.#resource.read(id, document);
    } catch (error) {
      if (error instanceof BookingError) throw new Refusal(400, error.path, error.message);
      throw error;
    }
  }

  #checkMoney(value: Value, current: Value | null, caller: Caller): void {
    const { moneyFields, document } = this.#resource;
    if (moneyFields.length === 0 || mayDo(caller, 'money')) return;
    const wanted = document(value) as Record<string, unknown>;
    const before = (current === null ? {} : document(current)) as Record<string, unknown>;
    for (const field of moneyFields) {
      const isNothing = current === null && (wanted[field] === null || Number(wanted[field]) === 0);
      if (wanted[field] !== before[field] && !isNothing) throw new Refusal(403, field, 'needs the role money');
    }
  }
}

function nounOf({ noun }: { readonly noun: string }): string {
  return noun.replace(/^an? /, '');
}

function storedOf<Value>(result: PutResult<Value>): Stored<Value> {
  switch (result.kind) {
    case 'stored':
      return result.stored;
    case 'refused':
      throw new Refusal(409, result.field, result.message);
    case 'conflict': {
      const { current } = result;
      throw new Refusal(412, '', current === null ? 'it does not exist' : `it is at version ${etagOf(current)} by now`);
    }
  }
}

/** What was approved is the markup that somebody looked at. */
function withApproval<Value>(value: Value, current: Value | null): Value {
  if (!isCreative(value) || current === null || value.approval !== 'approved') return value;
  const before = current as unknown as Creative;
  const isSame = before.markup === value.markup || before.approval !== 'approved';
  return isSame ? value : { ...value, approval: 'pending' };
}

function isCreative(value: unknown): value is Creative {
  return typeof value === 'object' && value !== null && 'approval' in value;
}

function send<Value>(
  reply: FastifyReply,
  status: number,
  resource: Resource<Value>,
  stored: Stored<Value>,
): FastifyReply {
  return reply.code(status).header('etag', etagOf(stored)).send(resource.document(stored.value));
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
