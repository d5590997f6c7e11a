/** The archive, the books and a file, having counted the same traffic. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { adTraffic, shuffled } from '../../engine/events/testing/event-traffic.ts';
import type { CountSource } from '../../engine/ports/count-source.ts';
import { compareCounts } from '../../engine/reconciliation/count-comparison.ts';
import { seededRandom } from '../../simulator/random.ts';
import type { DuckDb } from '../archive/duckdb.ts';
import { pgliteTestDatabases } from '../ledger/testing/databases.ts';
import { START_MS } from '../ledger/testing/world.ts';
import { openArchiveCounts } from './count-source.archive.ts';
import { CountFileError, openCountFile } from './count-source.file.ts';
import { ledgerCounts } from './count-source.ledger.ts';
import { HOUR_MS, PAID_WITHIN_MS, ReconciliationWorld } from './testing/reconciliation-world.ts';

const WINDOW = { fromMs: START_MS, toMs: START_MS + HOUR_MS };
/** So that a few hundred can be judged. */
const THRESHOLD = { threshold: 0.05 };

const databases = pgliteTestDatabases();
let world: ReconciliationWorld;
let folder: string;
let db: DuckDb;
let ours: CountSource;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gavel-counts-'quoted'-"));
  world = await ReconciliationWorld.open(await databases());
  db = world.archive.db;
  const accounts = [];
  for (const accountId of ['one', 'two']) {
    await world.setTerms({ accountId, budget: 1_000_000n });
    const { epoch, sequence } = await world.lease(500_000, accountId);
    accounts.push({ accountId, epoch, sequence });
  }
  const generator = seededRandom(4);
  const random = () => generator.next();
  const traffic = adTraffic({ prefix: 'c-', adCount: 600, random, nowMs: START_MS, leases: accounts });
  await world.takeBoth(...shuffled(traffic, random, 0.05));
  ours = await openArchiveCounts(db, world.archive.folder, WINDOW, PAID_WITHIN_MS);
  // The database starts, beside other tests.
}, 120_000);

afterAll(async () => {
  await world.dispose();
  await databases.stop();
  await rm(folder, { recursive: true });
});

async function file(name: string, text: string): Promise<CountSource> {
  const path = join(folder, name);
  await writeFile(path, text);
  return openCountFile(db, path, WINDOW);
}

const HEAD = 'at,publisher,dsp,campaign,impressions,clicks,spend,currency';

it('archive and books come to the same', async () => {
  const { verdict, deltas } = await compareCounts(ours, ledgerCounts(world.database, WINDOW), THRESHOLD);
  expect(verdict).toBe('safe');
  const things = deltas.filter(({ dimension, id }) => dimension === 'dsp' && id !== '(others)');
  expect(things.map(({ id }) => id).toSorted()).toEqual(['dsp-0', 'dsp-1', 'dsp-2']);
  // Refunds are not taken off on either side.
  for (const { ours: one, theirs } of deltas) expect(theirs).toBe(one);
});

it('a file that says the same is safe, and one that has lost a tenth is not', async () => {
  const publishers = await ours.read('publisher');
  const rowsBut = (share: number) =>
    [...publishers].map(([id, { impressions, clicks, spend }]) => {
      const [[currency, nanos] = ['USD', 0n]] = spend;
      const amount = `0.${String(nanos).padStart(9, '0')}`;
      return ['2026-03-10T12', id, 'house', 'spring', Math.floor(impressions * share), clicks, amount, currency];
    });
  const csvOf = (share: number) => [HEAD, ...rowsBut(share).map((cells) => cells.join(','))].join('\n');
  const publishersOnly = async (theirs: CountSource) =>
    compareCounts(ours, { ...theirs, dimensions: new Set(['hour', 'publisher']) }, THRESHOLD);
  expect((await publishersOnly(await file('same.csv', csvOf(1)))).verdict).toBe('safe');
  const { verdict, deltas } = await publishersOnly(await file('less.csv', csvOf(0.9)));
  expect(verdict).toBe('unsafe');
  const exceeding = deltas.filter((delta) => delta.verdict === 'exceeds');
  expect(new Set(exceeding.map(({ measure }) => measure))).toEqual(new Set(['impressions']));
  expect(new Set(exceeding.map(({ dimension }) => dimension))).toEqual(new Set(['total', 'hour', 'publisher']));
});

it('reads CSV and JSON, by hour or day, with what they have', async () => {
  const rows =
    '2026-03-10T12:00:00Z,"a, ""b""",dsp-1,c,3,1,0.5,EUR\n2026-03-10T12,a,,spring,2,0,1.25,USD\n2026-03-10T13,x,y,z,9,9,9,USD';
  const csv = await file('both.csv', `${HEAD}\n${rows}`);
  expect([...csv.measures, ...csv.dimensions]).toEqual([
    'impressions',
    'clicks',
    'spend',
    'day',
    'hour',
    'publisher',
    'dsp',
    'campaign',
  ]);
  const one = { impressions: 3, clicks: 1, charges: null, spend: new Map([['EUR', 500_000_000n]]) };
  const other = { impressions: 2, clicks: 0, charges: null, spend: new Map([['USD', 1_250_000_000n]]) };
  expect(await csv.read('publisher')).toEqual(
    new Map([
      ['a, "b"', one],
      ['a', other],
    ]),
  );
  expect(await csv.read('dsp')).toEqual(new Map([['dsp-1', one]]));
  expect(await csv.read('campaign')).toEqual(
    new Map([
      ['dsp-1/c', one],
      ['spring', other],
    ]),
  );
  expect([...(await csv.read('hour')).keys()]).toEqual(['2026-03-10T12']);
  const json = await file('both.ndjson', '{"at":"2026-03-10T12","publisher":"a","impressions":2}\n');
  expect([...json.measures, ...json.dimensions]).toEqual(['impressions', 'day', 'hour', 'publisher']);
  expect((await json.read('publisher')).get('a')!.impressions).toBe(2);
});

it.each([
  ['no-time.csv', 'publisher,impressions\na,1', 'has no column "at"'],
  ['time.csv', 'at,impressions\nyesterday,1', 'row 1: "at" must be a day or hour in UTC'],
  ['mixed.csv', 'at,impressions\n2026-03-10T12,1\n2026-03-10,1', 'row 2: "at" is of another length than before'],
  ['day.csv', 'at,impressions\n2026-03-10,1', 'counts by the day: the window must begin and end with one'],
  ['count.csv', 'at,impressions\n2026-03-10T12,-1', 'row 1: "impressions" must be a whole number, is "-1"'],
  ['spend.csv', 'at,spend\n2026-03-10T12,1e3', 'row 1: "spend" must be a decimal number of at most 9 places, is "1e3"'],
  ['none.json', '[', 'none.json: '],
])('refuses %s', async (name, text, message) => {
  const error = await file(name, text).catch((refusal: unknown) => refusal);
  expect(error).toBeInstanceOf(CountFileError);
  expect((error as Error).message).toContain(message);
});
