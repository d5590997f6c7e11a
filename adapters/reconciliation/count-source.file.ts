/**
 * Counts of another system, out of a CSV or JSON file: a row for each hour or day, publisher, DSP and campaign (docs/reconciliation.md).
 */
import { NANO_DIGITS, parseDecimal } from '../../engine/campaign/decimal.ts';
import {
  COUNT_MEASURES,
  type CountDimension,
  type CountMeasure,
  type CountSource,
  type ThingCounts,
} from '../../engine/ports/count-source.ts';
import { type DuckDb, literal, type Row } from '../archive/duckdb.ts';
import { DAY_MS, HOUR_MS, type TimeWindow } from '../archive/layout.ts';

/** Somebody has to mend the file. The message names file, row and column. */
export class CountFileError extends Error {
  override readonly name = 'CountFileError';
}

/** DSPs by these names are our own campaigns. */
const HOUSE: ReadonlySet<string> = new Set(['house', '']);
const DAY = /^\d{4}-\d\d-\d\d$/;
const HOUR = /^(\d{4}-\d\d-\d\d)[T ](\d\d)(:00(:00)?)?Z?$/;
/** Rows that are taken together into memory. */
const PAGE_ROWS = 10_000;

type Things = ReadonlyMap<CountDimension, Map<string, Sums>>;
interface Sums {
  impressions: number;
  clicks: number;
  readonly spend: Map<string, bigint>;
}

/** `db` reads the file. Rejects with a CountFileError. */
export async function openCountFile(db: DuckDb, path: string, window: TimeWindow): Promise<CountSource> {
  const table = await loadFile(db, path);
  const columns = new Set((await db.rows(`DESCRIBE ${table}`)).map(({ column_name }) => column_name as string));
  if (!columns.has('at')) throw new CountFileError(`${path}: has no column "at", the hour or day of a row`);
  const measures = new Set(COUNT_MEASURES.filter((measure) => columns.has(measure)));
  const things = new Map<CountDimension, Map<string, Sums>>(
    (['day', 'hour', 'publisher', 'dsp', 'campaign'] as const).map((dimension) => [dimension, new Map()]),
  );
  let [grainMs, number] = [0, 0];
  for (let offset = 0; ; offset += PAGE_ROWS) {
    const rows = await db.rows(
      `SELECT * EXCLUDE (number) FROM ${table} WHERE number > ${offset} ORDER BY number LIMIT ${PAGE_ROWS}`,
    );
    for (const row of rows) {
      number += 1;
      const place = `${path}: row ${number}`;
      const slot = slotOf(row, place);
      if (grainMs !== 0 && grainMs !== slot.lengthMs)
        throw new CountFileError(`${place}: "at" is of another length than before`);
      grainMs = slot.lengthMs;
      if (slot.startMs >= window.fromMs && slot.startMs < window.toMs) add(things, row, slot, measures, place);
    }
    if (rows.length < PAGE_ROWS) break;
  }
  if (grainMs !== 0 && (window.fromMs % grainMs !== 0 || window.toMs % grainMs !== 0)) {
    const unit = grainMs === DAY_MS ? 'day' : 'hour';
    throw new CountFileError(`${path}: counts by the ${unit}: the window must begin and end with one`);
  }
  const dimensions = new Set<CountDimension>(['day']);
  if (grainMs === HOUR_MS) dimensions.add('hour');
  for (const dimension of ['publisher', 'dsp', 'campaign'] as const)
    if (columns.has(dimension)) dimensions.add(dimension);
  return { name: path, measures, dimensions, read: async (dimension) => countsOf(things.get(dimension)!) };
}

/** All columns as text: what a number is, is said here. */
async function loadFile(db: DuckDb, path: string): Promise<string> {
  const isJson = /\.(json|ndjson|jsonl)$/i.test(path);
  const file = literal(path);
  const rows = isJson
    ? `read_json(${file})`
    : `read_csv(${file}, header = true, all_varchar = true, strict_mode = true, parallel = false)`;
  const columns = isJson ? 'CAST(COLUMNS(*) AS VARCHAR)' : '*';
  try {
    await db.run(
      `CREATE OR REPLACE TABLE count_file AS SELECT ${columns}, row_number() OVER () AS number FROM ${rows}`,
    );
  } catch (error) {
    throw new CountFileError(`${path}: ${(error as Error).message.split('\n', 1)[0]}`, { cause: error });
  }
  return 'count_file';
}

interface Slot {
  readonly startMs: number;
  readonly lengthMs: number;
}

function slotOf(row: Row, place: string): Slot {
  const at = textOf(row, 'at');
  const hour = HOUR.exec(at);
  const startMs = DAY.test(at) ? Date.parse(at) : hour === null ? Number.NaN : Date.parse(`${hour[1]}T${hour[2]}:00Z`);
  if (Number.isFinite(startMs)) return { startMs, lengthMs: DAY.test(at) ? DAY_MS : HOUR_MS };
  throw new CountFileError(`${place}: "at" must be a day or hour in UTC, 2026-11-21 or 2026-11-21T14, is "${at}"`);
}

function add(things: Things, row: Row, { startMs }: Slot, measures: ReadonlySet<CountMeasure>, place: string): void {
  const impressions = measures.has('impressions') ? countIn(row, 'impressions', place) : 0;
  const clicks = measures.has('clicks') ? countIn(row, 'clicks', place) : 0;
  const spend = measures.has('spend') ? moneyIn(row, place) : 0n;
  const currency = textOf(row, 'currency') || 'USD';
  const [dsp, campaign] = [textOf(row, 'dsp'), textOf(row, 'campaign')];
  const iso = new Date(startMs).toISOString();
  const ids: readonly (readonly [CountDimension, string])[] = [
    ['day', iso.slice(0, 10)],
    ['hour', iso.slice(0, 13)],
    ['publisher', textOf(row, 'publisher')],
    ['dsp', HOUSE.has(dsp) ? '' : dsp],
    ['campaign', HOUSE.has(dsp) || campaign === '' ? campaign : `${dsp}/${campaign}`],
  ];
  for (const [dimension, id] of ids) {
    if (id === '') continue;
    const of = things.get(dimension)!;
    const sums = of.get(id) ?? { impressions: 0, clicks: 0, spend: new Map() };
    of.set(id, sums);
    sums.impressions += impressions;
    sums.clicks += clicks;
    if (spend !== 0n) sums.spend.set(currency, (sums.spend.get(currency) ?? 0n) + spend);
  }
}

function countIn(row: Row, column: CountMeasure, place: string): number {
  const text = textOf(row, column);
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new CountFileError(`${place}: "${column}" must be a whole number, is "${text}"`);
}

function moneyIn(row: Row, place: string): bigint {
  const text = textOf(row, 'spend');
  const nanos = parseDecimal(text, NANO_DIGITS);
  if (nanos !== null) return nanos;
  throw new CountFileError(`${place}: "spend" must be a decimal number of at most ${NANO_DIGITS} places, is "${text}"`);
}

function textOf(row: Row, column: string): string {
  const value = row[column];
  return typeof value === 'string' ? value.trim() : '';
}

function countsOf(things: ReadonlyMap<string, Sums>): ReadonlyMap<string, ThingCounts> {
  return new Map([...things].map(([id, sums]) => [id, { ...sums, charges: null }]));
}
