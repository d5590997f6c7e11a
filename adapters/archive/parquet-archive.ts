/** The `EventArchive` as Parquet files in a folder. */
import type { EventArchive } from '../../engine/ports/event-archive.ts';
import type { DuckDb } from './duckdb.ts';
import { HOUR_MS } from './layout.ts';
import { openPlaces } from './places.ts';
import { type WrittenRows, writeRawFiles } from './raw-files.ts';

export interface ParquetArchiveOptions {
  readonly db: DuckDb;
  readonly folder: string;
  /** Names the log that the events come from. */
  readonly source: string;
  readonly rawRetentionMs: number;
  readonly nowMs: () => number;
  readonly onWritten: (written: WrittenRows) => void;
}

export interface ParquetArchive extends EventArchive {
  /** All partitions go on from their oldest events. */
  readonly forgetPlaces: () => Promise<void>;
}

export function createParquetArchive(options: ParquetArchiveOptions): ParquetArchive {
  const { db, folder, source, rawRetentionMs, nowMs, onWritten } = options;
  const places = openPlaces(folder, source);
  return {
    write: async (events) => {
      const now = nowMs();
      onWritten(await writeRawFiles(db, folder, events, { nowMs: now, keptFromMs: keptFrom(now, rawRetentionMs) }));
    },
    placeOf: places.of,
    storePlace: places.store,
    forgetPlaces: places.forget,
  };
}

/** Start of the oldest hour of which something is younger than that, epoch ms. */
export function keptFrom(nowMs: number, retentionMs: number): number {
  return Math.floor((nowMs - retentionMs) / HOUR_MS) * HOUR_MS;
}
