/**
 * `POST /admin/v1/import`: a file of documents, in YAML or JSON, each with its id:
 *
 *   advertisers: [...]   creatives: [...]   campaigns: [...]   line-items: [...]
 *
 * All documents are checked before the first is stored. Each is then created or replaced; what is the same already is left
 * alone. So an import that ended half-way (the answer says where) is sent again as it is.
 */
import { LineCounter, parseDocument } from 'yaml';
import { type Caller, mayDo } from './access.ts';
import { type AnyBookings, type BookingTables, bookingsOf, Refusal } from './booking-routes.ts';
import { RESOURCE_NAMES, type ResourceName } from './resources.ts';

/** Stored of each kind. */
export type Imported = { readonly [Name in ResourceName]: number };

interface Item {
  readonly name: ResourceName;
  readonly path: string;
  readonly id: string;
  readonly document: unknown;
}

export async function importBookings(text: string, tables: BookingTables, caller: Caller): Promise<Imported> {
  if (!mayDo(caller, 'ops') || !mayDo(caller, 'money')) throw new Refusal(403, '', 'needs the roles ops and money');
  const items = readItems(text);
  const bookings = Object.fromEntries(RESOURCE_NAMES.map((name) => [name, bookingsOf(name, tables)])) as Record<
    ResourceName,
    AnyBookings
  >;
  for (const { name, path, id, document } of items) at(path, () => bookings[name].read(id, document));
  const counts = Object.fromEntries(RESOURCE_NAMES.map((name) => [name, 0])) as Record<ResourceName, number>;
  for (const { name, path, id, document } of items) {
    try {
      await bookings[name].upsert(id, document, caller);
    } catch (error) {
      throw placed(path, error);
    }
    counts[name] += 1;
  }
  return counts;
}

function readItems(text: string): Item[] {
  const file = parsed(text);
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
      if (ids.has(id)) throw new Refusal(400, `${path}.id`, `${JSON.stringify(id)} is in the list twice`);
      ids.add(id);
      items.push({ name, path, id, document });
    }
  }
  return items;
}

/** JSON is YAML. */
function parsed(text: string): Record<string, unknown> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const problem = document.errors[0];
  if (problem !== undefined) {
    const { line } = lines.linePos(problem.pos[0]);
    throw new Refusal(400, '', `line ${line}: ${problem.message.split('\n', 1)[0]}`);
  }
  let file: unknown;
  try {
    // Aliases that would unfold into a bomb throw.
    file = document.toJS();
  } catch (error) {
    throw new Refusal(400, '', (error as Error).message);
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file)) {
    throw new Refusal(400, '', `must be a mapping of ${RESOURCE_NAMES.join(', ')}`);
  }
  return file as Record<string, unknown>;
}

function at<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw placed(path, error);
  }
}

function placed(path: string, error: unknown): unknown {
  if (!(error instanceof Refusal)) return error;
  return new Refusal(error.status, error.path === '' ? path : `${path}.${error.path}`, error.message);
}
