/** Answers reports out of an archive folder, also while others write to it. */
import { type DamagedFile, findDamaged } from './damaged-files.ts';
import type { DuckDb, Row } from './duckdb.ts';
import { hourlyRows } from './hourly-view.ts';
import { listHourlyFiles, listRawFiles, listSetAside, type TimeWindow } from './layout.ts';
import { type ReportColumn, type ReportName, type ReportRequest, reportQuery } from './reports.ts';

export interface ReportAnswer {
  readonly columns: readonly ReportColumn[];
  readonly rows: readonly Row[];
  /** What is in these is missing. */
  readonly damaged: readonly DamagedFile[];
}

/** Files that are merged or removed between listing and reading them: listed again, they are no longer there. */
const TRIES_MAX = 5;

/** Whole hours. Files that cannot be read are left out, and named. */
export async function readReport(
  db: DuckDb,
  archive: string,
  {
    name,
    window,
    request,
  }: { readonly name: ReportName; readonly window: TimeWindow; readonly request: ReportRequest },
): Promise<ReportAnswer> {
  const setAside = await listSetAside(archive, window);
  const damaged: DamagedFile[] = setAside.map(({ path }) => ({
    path,
    message: 'was set aside when it was to be summed up',
  }));
  const { columns, sql, values } = reportQuery(name, request);
  for (let tries = 1; ; tries += 1) {
    try {
      const unreadable = new Set(damaged.map(({ path }) => path));
      const hourly = await hourlyRows(db, archive, window, (path) => !unreadable.has(path));
      return { columns, rows: await db.rows(sql(hourly), values), damaged };
    } catch (error) {
      if (tries === TRIES_MAX) throw error;
      // What was told again is looked for in all hours before.
      const earlier = { fromMs: 0, toMs: window.toMs };
      const read = [...(await listRawFiles(archive, earlier)), ...(await listHourlyFiles(archive, window))];
      const paths = read.map(({ path }) => path).filter((path) => damaged.every((known) => known.path !== path));
      damaged.push(...(await findDamaged(db, paths)));
    }
  }
}
