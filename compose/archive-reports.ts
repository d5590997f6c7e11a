/** Reports over the archive of a configuration, beside whoever writes it. */
import { existsSync } from 'node:fs';
import { type ReportAnswer, readReport } from '../adapters/archive/report-reader.ts';
import { archiveFolder } from '../config/archive.ts';
import type { Config } from '../config/types.ts';
import { openArchiveDb } from './archive.ts';

/** Null: there is no archive. */
export async function readArchiveReport(
  config: Config,
  wanted: Parameters<typeof readReport>[2],
): Promise<ReportAnswer | null> {
  const folder = archiveFolder(config);
  if (!existsSync(folder)) return null;
  const db = await openArchiveDb(config);
  try {
    return await readReport(db, folder, wanted);
  } finally {
    db.close();
  }
}
