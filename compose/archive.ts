/** What takes events to the archive, in a process that runs no auction. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { keepArchive } from '../adapters/archive/archive-keeper.ts';
import type { DamagedFile } from '../adapters/archive/damaged-files.ts';
import { type DuckDb, openDuckDb } from '../adapters/archive/duckdb.ts';
import { spillFolder } from '../adapters/archive/layout.ts';
import { createParquetArchive } from '../adapters/archive/parquet-archive.ts';
import { FolderLockedError, lockFolder } from '../adapters/event-log/folder-lock.ts';
import type { ArchiveMetrics } from '../adapters/metrics/archive-metrics.ts';
import { archiveFolder, archiveRetention } from '../config/archive.ts';
import type { Config } from '../config/types.ts';
import { ArchiveConsumer } from '../engine/events/archive-consumer.ts';
import { archiveOfConsumer } from './archive-deletions.ts';
import { embeddedEvents, type NamedSource } from './embedded-events.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

const LOCK_RETRY_MS = 1000;
const KEEP_INTERVAL_MS = 60_000;

/** A DuckDB for the archive of a configuration. */
export function openArchiveDb(config: Config): Promise<DuckDb> {
  const { threads, memoryBytesMax } = config.archive;
  return openDuckDb({ threads, memoryBytesMax, spillFolder: spillFolder(archiveFolder(config)) });
}

/**
 * Begins, and goes on until the end of the parts. From the logs in the data folder one process at a time does; the others wait for its
 * end. Rejects when folder or Kafka cannot be had. `fromStart`: all that is there once more.
 */
export async function openArchiving(parts: Parts, { fromStart }: { readonly fromStart: boolean }): Promise<void> {
  const archiving = { fromStart, metrics: parts.metrics.archive() };
  if (parts.config.events.kafka.brokers !== '') {
    const { kafkaEvents } = await import('./kafka-source.ts');
    await archive(parts, kafkaEvents(parts, 'archive'), archiving);
    return;
  }
  const lock = join(archiveFolder(parts.config), 'writing');
  await mkdir(lock, { recursive: true });
  await whenUnlocked(parts, lock, async (own) => archive(own, await embeddedEvents(own, 'archive'), archiving));
}

interface Archiving {
  readonly fromStart: boolean;
  readonly metrics: ArchiveMetrics;
}

/** When it rejects it may be tried again. */
async function archive(parts: Parts, { source, name }: NamedSource, { fromStart, metrics }: Archiving): Promise<void> {
  const { config, clock, timers, log, closing } = parts;
  const folder = archiveFolder(config);
  const db = await openArchiveDb(config);
  closing(async () => db.close());
  const files = createParquetArchive({
    db,
    folder,
    source: name,
    rawRetentionMs: archiveRetention(config).rawMs,
    nowMs: clock.wallMs,
    onWritten: metrics.onWritten,
  });
  if (fromStart) await files.forgetPlaces();
  const onFailure = (err: unknown): void => {
    metrics.onFailure();
    log.warn({ err }, 'archive: events could not be written; they wait');
  };
  const consumer = new ArchiveConsumer({ archive: files, limits: config.archive, timers, onFailure });
  closing(() => consumer.close().catch(onFailure));
  const consumption = await source.consume(await archiveOfConsumer(parts, consumer));
  closing(consumption.close);
  openKeeping(parts, await db.connectAgain(), metrics);
  metrics.readWaitingFrom(() => consumer.waitingCount);
  log.info({ folder }, 'archiving events');
}

/** Its first round is an interval from now: processes that live shorter have nothing to keep. */
function openKeeping(parts: Parts, db: DuckDb, metrics: ArchiveMetrics): void {
  const { config, clock, log } = parts;
  const { rawMs, hourlyMs } = archiveRetention(config);
  const options = {
    db,
    folder: archiveFolder(config),
    rawRetentionMs: rawMs,
    hourlyRetentionMs: hourlyMs,
    onDamaged: (file: DamagedFile) => {
      metrics.onDamaged();
      log.error({ file }, 'archive: a file cannot be read and was set aside');
    },
  };
  repeat(parts, KEEP_INTERVAL_MS, async () => {
    await keepArchive(options, clock.wallMs()).catch((err: unknown) => {
      metrics.onKeepingFailed();
      log.warn({ err }, 'archive: could not be kept; it is tried again');
    });
  });
}

/** `work` once the lock is this process's: at once, or when whoever has it has ended. Rejects when the first try fails otherwise. */
async function whenUnlocked(parts: Parts, folder: string, work: (own: Parts) => Promise<void>): Promise<void> {
  const { log } = parts;
  const opened: (() => Promise<void>)[] = [];
  const own: Parts = { ...parts, closing: (closeOne) => opened.push(closeOne) };
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  const begins = async (): Promise<boolean> => {
    try {
      own.closing(await lockFolder(folder));
      await work(own);
      return true;
    } catch (error) {
      await close();
      if (error instanceof FolderLockedError) return false;
      throw error;
    }
  };
  parts.closing(close);
  let isDone = await begins();
  if (isDone) return;
  log.info({ folder }, 'another process archives; waiting for its end');
  // Ends before `close` is called, and waits for what is under way.
  repeat(parts, LOCK_RETRY_MS, async () => {
    if (isDone) return;
    isDone = await begins().catch((err: unknown) => {
      log.error({ err }, 'archive: could not begin');
      return false;
    });
  });
}
