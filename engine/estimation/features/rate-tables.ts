/** All tables of a schema, as they travel in a model's bundle (`rates.json`). */
import { JsonFields, parseJson } from '../models/json-fields.ts';
import { rateKeyName } from './declare.ts';
import { RateTable, type RateTableData, readRateTable } from './rate-table.ts';
import { RATE_KEYS } from './schema.ts';

/** By `rateKeyName`. */
export type RateTables = ReadonlyMap<string, RateTable>;
/** What `rates.json` holds: every table of the schema, by name. */
export type RateTablesData = Readonly<Record<string, RateTableData>>;

/** Throws a `ModelFormatError`: also for a table too few or too many, since the model saw exactly those. */
export function readRateTables(text: string): RateTables {
  const names = RATE_KEYS.map(rateKeyName);
  const json = parseJson(text, 'rates');
  const fields = new JsonFields(json, 'rates');
  fields.allowOnly(names);
  return new Map(
    names.map((name) => {
      if (!fields.has(name)) fields.fail(name, 'is missing');
      return [name, readRateTable((json as Record<string, unknown>)[name], `rates.${name}`)];
    }),
  );
}

/** No past: every rate is average. */
export function emptyRateTables(): RateTables {
  return new Map(RATE_KEYS.map((key) => [rateKeyName(key), new RateTable({ keys: [], lifts: [], impressions: [] })]));
}

export function rateTables(data: RateTablesData): RateTables {
  return new Map(Object.entries(data).map(([name, table]) => [name, new RateTable(table)]));
}
