/**
 * `POST /admin/v1/import`: a file of documents, in YAML or JSON, each with its id:
 *
 *   advertisers: [...]   creatives: [...]   campaigns: [...]   line-items: [...]
 *
 * All or nothing: one write of the store. Each is created or replaced; what is the same already is left alone.
 */
import { isDeepStrictEqual } from 'node:util';
import { BOOKING_ID } from '../../../engine/campaign/accounts.ts';
import type { Steps } from '../../../engine/estimation/models/steps.ts';
import type { Booking, BookingWrite, CampaignStore } from '../../../engine/ports/campaign-store.ts';
import { inSlices } from '../../in-slices.ts';
import { type Caller, mayDo } from './access.ts';
import { prepareWrite, readDocument } from './booking-writes.ts';
import { Refusal } from './refusal.ts';
import { RESOURCE_NAMES, RESOURCES, type ResourceName } from './resources.ts';
import { refusedBy, retryOvertaken } from './store-refusals.ts';
import { readYaml, YamlError } from './yaml-thread.ts';

/** Taken of each kind. */
export type Imported = { readonly [Name in ResourceName]: number };

interface Item {
  readonly name: ResourceName;
  readonly path: string;
  readonly id: string;
  readonly document: unknown;
}

/** One transaction: what one of the database's can be. */
const ITEMS_MAX = 5000;

/** `body`: the text of YAML, or what was read from JSON. Auctions go on beside it. */
export async function importBookings(body: unknown, store: CampaignStore, caller: Caller): Promise<Imported> {
  if (!mayDo(caller, 'ops') || !mayDo(caller, 'money')) throw new Refusal(403, '', 'needs the roles ops and money');
  const items = readItems(typeof body === 'string' ? await fromYaml(body) : body);
  if (items.length > ITEMS_MAX) throw new Refusal(400, '', `has ${items.length} documents, more than ${ITEMS_MAX}`);
  await inSlices(judged(items));
  await retryOvertaken(() => writeAll(items, store, caller));
  const counts = Object.fromEntries(RESOURCE_NAMES.map((name) => [name, 0])) as Record<ResourceName, number>;
  for (const { name } of items) counts[name] += 1;
  return counts;
}

/** Before anything is asked of the store. */
function* judged(items: readonly Item[]): Steps<void> {
  for (const { name, path, id, document } of items) {
    at(path, () => readDocument(name, id, document));
    yield;
  }
}

async function writeAll(items: readonly Item[], store: CampaignStore, caller: Caller): Promise<void> {
  const stored = await storedOf(items, store);
  const { writes, paths } = await inSlices(prepared(items, stored, caller));
  try {
    await store.write(writes, caller.name);
  } catch (error) {
    throw refusedBy(error, (index) => paths[index]!);
  }
}

interface Prepared {
  readonly writes: BookingWrite[];
  /** Of each of them. */
  readonly paths: string[];
}

function* prepared(items: readonly Item[], stored: ReadonlyMap<string, Booking>, caller: Caller): Steps<Prepared> {
  const writes: BookingWrite[] = [];
  const paths: string[] = [];
  for (const { name, path, id, document } of items) {
    yield;
    const current = stored.get(`${name} ${id}`) ?? null;
    const write = at(path, () => prepareWrite(name, { id, document, current, caller }));
    if (isDeepStrictEqual(current?.value, write.value)) continue;
    writes.push(write);
    paths.push(path);
  }
  return { writes, paths };
}

/** By resource and id. */
async function storedOf(items: readonly Item[], store: CampaignStore): Promise<ReadonlyMap<string, Booking>> {
  const stored = new Map<string, Booking>();
  for (const name of RESOURCE_NAMES) {
    const ids = items.filter((item) => item.name === name).map(({ id }) => id);
    for (const booking of await store.readMany(RESOURCES[name].kind, ids)) {
      stored.set(`${name} ${booking.value.id}`, booking);
    }
  }
  return stored;
}

function readItems(body: unknown): Item[] {
  const file = mapping(body);
  const items: Item[] = [];
  for (const key of Object.keys(file)) {
    if (!RESOURCE_NAMES.includes(key as ResourceName)) {
      throw new Refusal(400, key, `is no list of an import; there are ${RESOURCE_NAMES.join(', ')}`);
    }
  }
  for (const name of RESOURCE_NAMES) {
    const list = file[name] ?? [];
    if (!Array.isArray(list)) throw new Refusal(400, name, 'must be a list');
    const ids = new Set<string>();
    for (const [index, document] of list.entries()) {
      const path = `${name}[${index}]`;
      const id: unknown = (document as { id?: unknown } | null)?.id;
      if (typeof id !== 'string') throw new Refusal(400, `${path}.id`, 'is missing');
      if (!BOOKING_ID.test(id)) throw new Refusal(400, `${path}.id`, `must match ${BOOKING_ID.source}`);
      if (ids.has(id)) throw new Refusal(400, `${path}.id`, `${JSON.stringify(id)} is in the list twice`);
      ids.add(id);
      items.push({ name, path, id, document });
    }
  }
  return items;
}

async function fromYaml(text: string): Promise<unknown> {
  try {
    return await readYaml(text);
  } catch (error) {
    throw error instanceof YamlError ? new Refusal(400, '', error.message) : error;
  }
}

function mapping(file: unknown): Record<string, unknown> {
  if (typeof file === 'object' && file !== null && !Array.isArray(file)) return file as Record<string, unknown>;
  throw new Refusal(400, '', `must be a mapping of ${RESOURCE_NAMES.join(', ')}`);
}

/** Refusals name the document. */
function at<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new Refusal(error.status, error.path === '' ? path : `${path}.${error.path}`, error.message);
  }
}
