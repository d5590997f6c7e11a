/** Figures of reports, for tests. */
import type { DuckDb, Row } from '../duckdb.ts';
import type { TimeWindow } from '../layout.ts';
import { readReport } from '../report-reader.ts';
import type { ReportName, ReportRequest } from '../reports.ts';

/** The rows as they come, integers as numbers; damaged files must be none. */
export async function figures(
  db: DuckDb,
  archive: string,
  name: ReportName,
  window: TimeWindow,
  request: Partial<ReportRequest> = {},
): Promise<Row[]> {
  const standard: ReportRequest = { by: 'total', filters: {}, includesTests: false };
  const { rows, damaged } = await readReport(db, archive, { name, window, request: { ...standard, ...request } });
  if (damaged.length > 0) throw new Error(`damaged: ${JSON.stringify(damaged)}`);
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [key, typeof value === 'bigint' ? Number(value) : value]),
    ),
  );
}
