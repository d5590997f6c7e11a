/** Which files cannot be read: looked for when a query over many has failed, since that does not always say. */
import { existsSync } from 'node:fs';
import { type DuckDb, parquet } from './duckdb.ts';

export interface DamagedFile {
  readonly path: string;
  /** For people. */
  readonly message: string;
}

/** Reads all of each file. One that is no longer there is not damaged. */
export async function findDamaged(db: DuckDb, paths: readonly string[]): Promise<DamagedFile[]> {
  const damaged: DamagedFile[] = [];
  for (const path of paths) {
    try {
      await db.rows(`SELECT bit_xor(hash(COLUMNS(*))) FROM ${parquet([path])}`);
    } catch (error) {
      if (!existsSync(path)) continue;
      damaged.push({ path, message: (error as Error).message.split('\n', 1)[0]! });
    }
  }
  return damaged;
}
