/** The database of campaigns and their money: PostgreSQL, or PGlite in the data folder. */
import { join } from 'node:path';
import type { CampaignApiOptions } from '../adapters/http/admin-api/campaign-api.ts';
import { openCampaignStore } from '../adapters/ledger/campaign-store.ts';
import { openPgliteDatabase } from '../adapters/ledger/database.pglite.ts';
import { openPostgresDatabase } from '../adapters/ledger/database.postgres.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { openDeliveryReports } from '../adapters/ledger/delivery-reports.ts';
import { readFigures } from '../adapters/ledger/ledger.ts';
import { migrate } from '../adapters/ledger/migrate.ts';
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
  { campaigns, dataDirectory }: Pick<Config, 'campaigns' | 'dataDirectory'>,
  clock: Clock,
  onError: (error: Error) => void,
): Promise<CampaignBooks> {
  const database =
    campaigns.databaseUrl === ''
      ? await openPgliteDatabase(join(dataDirectory, 'campaigns'))
      : openPostgresDatabase({
          url: campaigns.databaseUrl,
          connectionsMax: CONNECTIONS_MAX,
          statementTimeoutMs: STATEMENT_TIMEOUT_MS,
          connectTimeoutMs: CONNECT_TIMEOUT_MS,
          onError,
        });
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  const store = openCampaignStore(database, { nowMs: null });
  const delivery: DeliverySources = {
    store,
    reports: openDeliveryReports(database),
    figures: (accountIds) => readFigures(database, accountIds),
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
