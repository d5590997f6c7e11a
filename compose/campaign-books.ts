/** The database of campaigns and their money: PostgreSQL, or PGlite in the data folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CampaignApiOptions } from '../adapters/http/admin-api/campaign-api.ts';
import { openPgliteDatabase } from '../adapters/ledger/database.pglite.ts';
import { openPostgresDatabase } from '../adapters/ledger/database.postgres.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { migrate } from '../adapters/ledger/migrate.ts';
import type { Config } from '../config/types.ts';
import { VERSION } from '../config/version.ts';
import type { Clock } from '../engine/ports/clock.ts';
import { type Books, sqlBooks } from './books.ts';
import { campaignDelivery, type DeliverySources } from './campaign-delivery.ts';
import type { Parts } from './parts.ts';

export interface CampaignBooks extends Books {
  /** For what only SQL does: deletions, statements, reconciliation. Null: these books are a stand-in. */
  readonly database: Database | null;
  readonly delivery: DeliverySources;
  /** For the admin listener. */
  readonly api: CampaignApiOptions;
}

/** Those of a database. */
export interface DatabaseBooks extends CampaignBooks {
  readonly database: Database;
}

/** For money: leases, wins, bills, what was booked. */
const CONNECTIONS_MAX = 8;
/** For people who read reports and lists: however many ask, they take none of those. */
const READING_CONNECTIONS_MAX = 2;
/** A statement that takes longer is late. */
export const BOOKS_TIMEOUT_MS = 5000;
/** To bring the tables up to date, the wait for another engine that does it included. */
const MIGRATION_MS_MAX = 600_000;
const CONNECT_TIMEOUT_MS = 5000;

/** As a part of a running system, which closes it. */
export async function openBooks({ config, clock, log, books: standIn, closing }: Parts): Promise<CampaignBooks> {
  if (standIn !== null) {
    closing(standIn.close);
    return { ...standIn, database: null, ...readable(standIn, clock) };
  }
  // With PGlite that takes some seconds.
  log.info('opening the books of campaigns');
  const books = await openCampaignBooks(config, clock, (err) =>
    log.warn({ err }, 'a connection to the database broke'),
  );
  closing(books.close);
  return books;
}

/** Brings the tables up to date. Rejects when the database cannot be reached, or another process has the folder. */
export async function openCampaignBooks(
  config: Pick<Config, 'campaigns' | 'dataDirectory'>,
  clock: Clock,
  onError: (error: Error) => void,
): Promise<DatabaseBooks> {
  const databases = await openDatabases(config, onError);
  try {
    await databases.migrate();
  } catch (error) {
    await databases.close();
    throw error;
  }
  return booksOf(databases, clock);
}

/** Those that an engine made, as they are. Null: there are none. Rejects as `openCampaignBooks`. */
export async function readCampaignBooks(
  config: Pick<Config, 'campaigns' | 'dataDirectory'>,
  clock: Clock,
): Promise<DatabaseBooks | null> {
  if (config.campaigns.databaseUrl === '' && !existsSync(pgliteFolder(config))) return null;
  const databases = await openDatabases(config, () => {});
  try {
    const [found] = await databases.reading.query<{ found: boolean }>(
      `SELECT to_regclass('campaign') IS NOT NULL AS found`,
    );
    if (found!.found) return booksOf(databases, clock);
  } catch (error) {
    await databases.close();
    throw error;
  }
  await databases.close();
  return null;
}

function pgliteFolder({ dataDirectory }: Pick<Config, 'dataDirectory'>): string {
  return join(dataDirectory, 'campaigns');
}

/** One database by two handles, which are the same where there is one connection. */
interface Databases {
  readonly money: Database;
  readonly reading: Database;
  readonly migrate: () => Promise<void>;
  readonly close: () => Promise<void>;
}

async function openDatabases(
  config: Pick<Config, 'campaigns' | 'dataDirectory'>,
  onError: (error: Error) => void,
): Promise<Databases> {
  const { databaseUrl: url } = config.campaigns;
  if (url === '') {
    const pglite = await openPgliteDatabase(pgliteFolder(config));
    return { money: pglite, reading: pglite, migrate: () => migrate(pglite), close: pglite.close };
  }
  const open = (connectionsMax: number, statementTimeoutMs = BOOKS_TIMEOUT_MS): Database =>
    openPostgresDatabase({ url, connectionsMax, statementTimeoutMs, connectTimeoutMs: CONNECT_TIMEOUT_MS, onError });
  const [money, reading] = [open(CONNECTIONS_MAX), open(READING_CONNECTIONS_MAX)];
  return {
    money,
    reading,
    migrate: async () => {
      const patient = open(1, MIGRATION_MS_MAX);
      await migrate(patient).finally(patient.close);
    },
    close: async () => {
      await reading.close();
      await money.close();
    },
  };
}

function booksOf({ money, reading, close }: Databases, clock: Clock): DatabaseBooks {
  const books = sqlBooks(money);
  const read = sqlBooks(reading);
  const { write } = books.store;
  return { ...books, database: money, ...readable({ ...read, store: { ...read.store, write } }, clock), close };
}

/** What people read. */
function readable(books: Books, { wallMs }: Clock): Pick<CampaignBooks, 'delivery' | 'api'> {
  const { store, reports, figures, traffic } = books;
  const delivery: DeliverySources = { store, reports, figures, traffic, nowMs: wallMs };
  return {
    delivery,
    api: { store, delivery: (id, period) => campaignDelivery(delivery, id, period), version: VERSION },
  };
}
