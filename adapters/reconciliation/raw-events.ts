/** Reads archived events, also while others write, merge and remove files. */
import { type DuckDb, parquet } from '../archive/duckdb.ts';
import { listRawFiles, type TimeWindow } from '../archive/layout.ts';

/** Files that are merged or removed between listing and reading them: listed again, they are no longer there. */
const TRIES_MAX = 5;

/**
 * Runs a statement over the raw files of the hours that the window touches: whole hours. Nothing when there is none. Rejects when one
 * cannot be read: whoever audits must not pass over it.
 */
export async function fromRawFiles(
  db: DuckDb,
  archive: string,
  window: TimeWindow,
  statement: (rows: string) => string,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const files = await listRawFiles(archive, window);
    if (files.length === 0) return;
    try {
      await db.run(statement(parquet(files.map(({ path }) => path))));
      return;
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
    }
  }
}
