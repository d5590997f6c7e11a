/** Reads events back out of raw files, as they were stored, also while others write, merge and remove files. */
import { type DamagedFile, findDamaged } from './damaged-files.ts';
import { type DuckDb, parquet } from './duckdb.ts';
import { HOUR_MS, listRawFiles, type TimeWindow } from './layout.ts';

/** Files that are merged or removed between listing and reading them: listed again, they are no longer there. */
const TRIES_MAX = 5;

/**
 * Events of the hours that the window touches, as they were stored but for halves of characters (`withoutLoneSurrogates`): each once, by
 * time, of whole hours. What does not fit into memory is sorted on disk. A file that
 * cannot be read is told and left out. Rejects when the files of an hour cannot be read otherwise.
 */
export async function* readRawPayloads(
  db: DuckDb,
  archive: string,
  window: TimeWindow,
  onDamaged: (file: DamagedFile) => void,
): AsyncGenerator<string, void, undefined> {
  const hours = new Set((await listRawFiles(archive, window)).map(({ startMs }) => startMs));
  for (const hourMs of hours) {
    let lastId: string | null = null;
    for await (const rows of await openHour(db, archive, hourMs, onDamaged)) {
      for (const [id, payload] of rows) {
        // Ids are those of events: the same one twice is the same event twice. Without one it is nobody's copy.
        if (id !== null && id === lastId) continue;
        lastId = id;
        yield payload;
      }
    }
  }
}

type PayloadRow = readonly [id: string | null, payload: string];

/** Sorting reads all before the first row: what fails fails here, and nothing was given that would come again. */
async function openHour(db: DuckDb, archive: string, hourMs: number, onDamaged: (file: DamagedFile) => void) {
  const damaged = new Set<string>();
  for (let tries = 1; ; tries += 1) {
    const files = await listRawFiles(archive, { fromMs: hourMs, toMs: hourMs + HOUR_MS });
    const paths = files.map(({ path }) => path).filter((path) => !damaged.has(path));
    if (paths.length === 0) return NO_ROWS;
    try {
      return await firstRows(db, `SELECT id, payload FROM ${parquet(paths)} ORDER BY at_ms, id`);
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
      for (const file of await findDamaged(db, paths)) {
        damaged.add(file.path);
        onDamaged(file);
      }
    }
  }
}

const NO_ROWS: AsyncIterable<PayloadRow[]> = (async function* () {})();

/** The rows of a query that has given its first ones: a failure of its reading has shown by then. */
async function firstRows({ connection }: DuckDb, sql: string): Promise<AsyncIterable<PayloadRow[]>> {
  const rows = (await connection.stream(sql)).yieldRowsJs()[Symbol.asyncIterator]();
  const first = await rows.next();
  return (async function* () {
    for (let next = first; next.done !== true; next = await rows.next()) yield next.value as unknown as PayloadRow[];
  })();
}
