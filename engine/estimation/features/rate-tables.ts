/** All tables of a schema, as they travel in a model's bundle (`rates.json`). */
import { parseJson } from '../models/json-fields.ts';
import { ModelFormatError } from '../models/model-format-error.ts';
import { finish, type Steps } from '../models/steps.ts';
import { rateKeyName } from './declare.ts';
import { RateTable, type RateTableData, readRateTable } from './rate-table.ts';
import { RATE_KEYS } from './schema.ts';

/** By `rateKeyName`. */
export type RateTables = ReadonlyMap<string, RateTable>;
/** What `rates.json` holds: every table of the schema, by name. */
export type RateTablesData = Readonly<Record<string, RateTableData>>;

/** Throws a `ModelFormatError`: also for a table too few or too many, since the model saw exactly those. */
export function readRateTables(text: string): RateTables {
  return finish(readRateTablesInSteps(text));
}

/** A table each step. */
export function* readRateTablesInSteps(text: string): Steps<RateTables> {
  const names: ReadonlySet<string> = new Set(RATE_KEYS.map(rateKeyName));
  const tables = new Map<string, RateTable>();
  for (const member of membersOf(text)) {
    const [[name, json] = ['', null]] = Object.entries(parseJson(`{${member}}`, 'rates') as object);
    if (!names.has(name)) throw new ModelFormatError(`rates.${name}`, 'is no table of the schema');
    if (tables.has(name)) throw new ModelFormatError(`rates.${name}`, 'is there twice');
    tables.set(name, readRateTable(json, `rates.${name}`));
    yield;
  }
  for (const name of names) if (!tables.has(name)) throw new ModelFormatError(`rates.${name}`, 'is missing');
  return tables;
}

const SEPARATOR = /\s*([,}])/y;

/**
 * The texts of the members of an object whose members are objects that hold none. Parsing them one by one takes as long as
 * parsing them together, but not at once.
 */
function* membersOf(text: string): Generator<string> {
  let at = text.indexOf('{') + 1;
  if (text.slice(0, at).trim() !== '{') throw new ModelFormatError('rates', 'is not an object');
  for (;;) {
    const end = text.indexOf('}', at) + 1;
    SEPARATOR.lastIndex = end;
    const separator = end === 0 ? null : SEPARATOR.exec(text);
    if (separator === null) throw new ModelFormatError('rates', `is not JSON: tables end after ${at} characters`);
    const next = SEPARATOR.lastIndex;
    yield text.slice(at, end);
    at = next;
    if (separator[1] === '}') break;
  }
  if (text.slice(at).trim() !== '') throw new ModelFormatError('rates', 'is not JSON: there is more after its end');
}

/** No past: every rate is average. */
export function emptyRateTables(): RateTables {
  return new Map(RATE_KEYS.map((key) => [rateKeyName(key), new RateTable({ keys: [], lifts: [], impressions: [] })]));
}

export function rateTables(data: RateTablesData): RateTables {
  return new Map(Object.entries(data).map(([name, table]) => [name, new RateTable(table)]));
}
