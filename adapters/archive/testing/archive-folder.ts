/** An archive folder of its own for a test, and events to put into it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent, type GavelEvent } from '../../../engine/events/read-event.ts';
import type { ArchivedEvent } from '../../../engine/ports/event-archive.ts';
import { type DuckDb, openDuckDb, parquet, type Row } from '../duckdb.ts';
import { ALL_TIME, listRawFiles, spillFolder } from '../layout.ts';

export interface TestArchive {
  readonly folder: string;
  readonly db: DuckDb;
  /** All raw rows, as they are: what is there twice comes twice. */
  readonly rawRows: (columns: string) => Promise<Row[]>;
  readonly dispose: () => Promise<void>;
}

export async function openTestArchive(): Promise<TestArchive> {
  const folder = await mkdtemp(join(tmpdir(), "gavel-archive-'quoted'-"));
  const db = await openDuckDb({ threads: 1, memoryBytesMax: 256 * 1024 * 1024, spillFolder: spillFolder(folder) });
  return {
    folder,
    db,
    rawRows: async (columns) => {
      const files = await listRawFiles(folder, ALL_TIME);
      if (files.length === 0) return [];
      const rows = parquet(files.map(({ path }) => path));
      return db.rows(`SELECT ${columns} FROM ${rows} ORDER BY source_partition, source_offset`);
    },
    dispose: async () => {
      db.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** As they come from a log, offsets from `firstOffset` on. */
export function archived(events: readonly GavelEvent[], firstOffset = 1, partition = 0): ArchivedEvent[] {
  return events.map((event, index) => stored(encodeEvent(event), event.type, firstOffset + index, partition));
}

export function stored(payload: Uint8Array, type: string, offset: number, partition = 0): ArchivedEvent {
  return { partition, offset, id: `${partition}:${offset}`, type, payload };
}
