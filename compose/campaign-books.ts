/** The database of campaigns and their money: PostgreSQL, or PGlite in the data folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CampaignApiOptions } from '../adapters/http/admin-api/campaign-api.ts';
import { openCampaignStore } from '../adapters/ledger/campaign-store.ts';
import { openPgliteDatabase } from '../adapters/ledger/database.pglite.ts';
import { openPostgresDatabase } from '../adapters/ledger/database.postgres.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { openDeliveryReports } from '../adapters/ledger/delivery-reports.ts';
import { readFigures } from '../adapters/ledger/ledger.ts';
import { migrate } from '../adapters/ledger/migrate.ts';
import { openTrafficMemories } from '../adapters/ledger/traffic-memories.ts';
import type { Config } from '../config/types.ts';
import { VERSION } from '../config/version.ts';
import type { CampaignStore } from '../engine/ports/campaign-store.ts';
import type { Clock } from '../engine/ports/clock.ts';
import { campaignDelivery, type DeliverySources } from './campaign-delivery.ts';
import type { Parts } from './parts.ts';

export interface CampaignBooks {
  readonly database: Database;
  readonly store: CampaignStore;
  readonly delivery: DeliverySources;
  /** For the admin listener. */
  readonly api: CampaignApiOptions;
  readonly close: () => Promise<void>;
}

const CONNECTIONS_MAX = 8;
const STATEMENT_TIMEOUT_MS = 5000;
const CONNECT_TIMEOUT_MS = 5000;

/** As a part of a running system, which closes it. */
export async function openBooks({ config, clock, log, closing }: Parts): Promise<CampaignBooks> {
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
): Promise<CampaignBooks> {
  const database = await openDatabase(config, onError);
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return booksOf(database, clock);
}

/** Those that an engine made, as they are. Null: there are none. Rejects as `openCampaignBooks`. */
export async function readCampaignBooks(
  config: Pick<Config, 'campaigns' | 'dataDirectory'>,
  clock: Clock,
): Promise<CampaignBooks | null> {
  if (config.campaigns.databaseUrl === '' && !existsSync(pgliteFolder(config))) return null;
  const database = await openDatabase(config, () => {});
  try {
    const [found] = await database.query<{ found: boolean }>(`SELECT to_regclass('campaign') IS NOT NULL AS found`);
    if (found!.found) return booksOf(database, clock);
  } catch (error) {
    await database.close();
    throw error;
  }
  await database.close();
  return null;
}

function pgliteFolder({ dataDirectory }: Pick<Config, 'dataDirectory'>): string {
  return join(dataDirectory, 'campaigns');
}

async function openDatabase(
  config: Pick<Config, 'campaigns' | 'dataDirectory'>,
  onError: (error: Error) => void,
): Promise<Database> {
  const { databaseUrl } = config.campaigns;
  return databaseUrl === ''
    ? openPgliteDatabase(pgliteFolder(config))
    : openPostgresDatabase({
        url: databaseUrl,
        connectionsMax: CONNECTIONS_MAX,
        statementTimeoutMs: STATEMENT_TIMEOUT_MS,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        onError,
      });
}

function booksOf(database: Database, clock: Clock): CampaignBooks {
  const store = openCampaignStore(database, { nowMs: null });
  const delivery: DeliverySources = {
    store,
    reports: openDeliveryReports(database),
    figures: (accountIds) => readFigures(database, accountIds),
    traffic: openTrafficMemories(database),
    nowMs: clock.wallMs,
  };
  return {
    database,
    store,
    delivery,
    api: { store, delivery: (id, period) => campaignDelivery(delivery, id, period), version: VERSION },
    close: database.close,
  };
}
