/** Books and archive of a configuration, compared by a path that shares nothing with the one that bills. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { openPgliteDatabase } from '../adapters/ledger/database.pglite.ts';
import { openPostgresDatabase } from '../adapters/ledger/database.postgres.ts';
import type { Database, Queryable } from '../adapters/ledger/database.ts';
import { type BooksProblem, checkBooks } from '../adapters/reconciliation/books-checks.ts';
import { openArchiveCounts } from '../adapters/reconciliation/count-source.archive.ts';
import { openCountFile } from '../adapters/reconciliation/count-source.file.ts';
import { ledgerCounts } from '../adapters/reconciliation/count-source.ledger.ts';
import { reconcileCharges } from '../adapters/reconciliation/reconcile-charges.ts';
import { inWorkspace, type WorkspaceBounds } from '../adapters/reconciliation/workspace.ts';
import { archiveFolder } from '../config/archive.ts';
import { paidWithinMs } from '../config/reconciliation.ts';
import type { Config } from '../config/types.ts';
import type { ChargeReconciliation } from '../engine/reconciliation/charge-verdict.ts';
import { type CountComparison, compareCounts } from '../engine/reconciliation/count-comparison.ts';

export interface ReconcileWindow {
  /** Epoch ms, from, until before. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Wall clock, epoch ms. */
  readonly nowMs: number;
  /** For so long an event may be on its way into books and archive, ms. */
  readonly settleMs: number;
  /** Of the list of differences; all are counted. */
  readonly differencesMax: number;
}

export interface Reconciliation extends ChargeReconciliation {
  /** What is wrong with the books by themselves. */
  readonly problems: readonly BooksProblem[];
}

export interface CountWindow {
  /** Epoch ms, from, until before. */
  readonly fromMs: number;
  readonly toMs: number;
  /** `ledger`, or a CSV or JSON file of another system. */
  readonly against: string;
  /** As `CountComparisonOptions.threshold`. */
  readonly threshold: number;
}

/** Statements of whole journals take their time. */
const STATEMENT_TIMEOUT_MS = 600_000;
const CONNECT_TIMEOUT_MS = 5000;
const CONNECTIONS_MAX = 1;
/** Of a process that does nothing else: a day of 10 million events fits, and more goes to the disk. */
const BOUNDS: WorkspaceBounds = { threads: 2, memoryBytesMax: 2 * 1024 * 1024 * 1024 };

/** Null: there are no books. Rejects when database or archive cannot be read, or another process has the folder. */
export async function reconcile(config: Config, window: ReconcileWindow): Promise<Reconciliation | null> {
  const books = await openReadingBooks(config);
  if (books === null) return null;
  try {
    const charges = await reconcileBooks(config, books, window, BOUNDS);
    return { ...charges, problems: await checkBooks(books, window) };
  } finally {
    await books.close();
  }
}

/** What the archive has counted, beside another system. As `reconcile`; rejects with a CountFileError besides. */
export async function compareSystems(config: Config, window: CountWindow): Promise<CountComparison | null> {
  const { against, threshold } = window;
  const books = against === 'ledger' ? await openReadingBooks(config) : undefined;
  if (books === null) return null;
  try {
    return await inWorkspace(BOUNDS, async (db) => {
      const ours = await openArchiveCounts(db, archiveFolder(config), window, paidWithinMs(config.campaigns.held));
      const theirs = books === undefined ? await openCountFile(db, against, window) : ledgerCounts(books, window);
      return compareCounts(ours, theirs, { threshold });
    });
  } finally {
    await books?.close();
  }
}

export async function reconcileBooks(
  config: Config,
  books: Queryable,
  { fromMs, toMs, nowMs, settleMs, differencesMax }: ReconcileWindow,
  bounds: WorkspaceBounds,
): Promise<ChargeReconciliation> {
  return reconcileCharges({
    books,
    archive: archiveFolder(config),
    window: { fromMs, toMs },
    source: await logName(config),
    feePpm: config.campaigns.feePpm,
    paidWithinMs: paidWithinMs(config.campaigns.held),
    nowMs,
    settleMs,
    bounds,
    differencesMax,
  });
}

async function openReadingBooks({ campaigns, dataDirectory }: Config): Promise<Database | null> {
  const url = campaigns.databaseUrl;
  const folder = join(dataDirectory, 'campaigns');
  if (url === '' && !existsSync(folder)) return null;
  const books =
    url === ''
      ? await openPgliteDatabase(folder)
      : openPostgresDatabase({
          url,
          connectionsMax: CONNECTIONS_MAX,
          statementTimeoutMs: STATEMENT_TIMEOUT_MS,
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
          onError: () => {},
        });
  try {
    const [row] = await books.query<{ found: boolean }>("SELECT to_regclass('dsp_transfer') IS NOT NULL AS found");
    if (row!.found) return books;
  } catch (error) {
    await books.close();
    throw error;
  }
  await books.close();
  return null;
}

/** By which name its consumers keep their places; null: it cannot be known here. */
async function logName({ events, dataDirectory }: Config): Promise<string | null> {
  const { brokers, topicPrefix } = events.kafka;
  if (brokers !== '') {
    const { eventsTopic } = await import('../adapters/event-log/kafka/topics.ts');
    return `kafka:${eventsTopic(topicPrefix)}`;
  }
  const id = await readFile(join(eventLogFolder(dataDirectory), 'log.id'), 'utf8').catch(() => null);
  return id === null ? null : `log:${id.trim()}`;
}
