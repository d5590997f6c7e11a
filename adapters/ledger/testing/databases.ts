/** Databases of tests: a schema each, in one PGlite or one PostgreSQL for the file. */

import { openPgliteDatabase } from '../database.pglite.ts';
import { openPostgresDatabase, type PostgresOptions } from '../database.postgres.ts';
import type { Database } from '../database.ts';
import { migrate } from '../migrate.ts';

export interface TestDatabase {
  readonly database: Database;
  /** Another handle on the same tables, as of another process; closed with the first. */
  readonly another: () => Database;
  readonly dispose: () => Promise<void>;
}

export type CreateTestDatabase = () => Promise<TestDatabase>;

let schemas = 0;

/** One PGlite takes seconds to start: it is shared, and so is its one connection. */
export function pgliteTestDatabases(): CreateTestDatabase & { readonly stop: () => Promise<void> } {
  const shared = openPgliteDatabase(null);
  const create = async (): Promise<TestDatabase> => {
    const pglite = await shared;
    const schema = `test_${schemas++}`;
    await pglite.script(`CREATE SCHEMA ${schema}; SET search_path = ${schema}`);
    const database: Database = { ...pglite, close: async () => {} };
    await migrate(database);
    return { database, another: () => database, dispose: () => pglite.script(`DROP SCHEMA ${schema} CASCADE`) };
  };
  return Object.assign(create, { stop: async () => (await shared).close() });
}

function postgresOptions(url: string, changes: Partial<PostgresOptions> = {}): PostgresOptions {
  return {
    url,
    connectionsMax: 4,
    statementTimeoutMs: 20_000,
    connectTimeoutMs: 20_000,
    onError: () => {},
    ...changes,
  };
}

export interface PostgresTestDatabase extends TestDatabase {
  /** With its schema. */
  readonly url: string;
}

export function openDatabaseOf(url: string, changes: Partial<PostgresOptions> = {}): Database {
  return openPostgresDatabase(postgresOptions(url, changes));
}

export function postgresTestDatabases(server: string): () => Promise<PostgresTestDatabase> {
  return async () => {
    const schema = `test_${process.pid}_${schemas++}`;
    const url = inSchema(server, schema);
    const admin = openDatabaseOf(server, { connectionsMax: 1 });
    await admin.script(`CREATE SCHEMA ${schema}`);
    const opened: Database[] = [];
    const open = (): Database => {
      const database = openDatabaseOf(url);
      opened.push(database);
      return database;
    };
    const database = open();
    await migrate(database);
    return {
      url,
      database,
      another: open,
      dispose: async () => {
        for (const each of opened) await each.close();
        await admin.script(`DROP SCHEMA ${schema} CASCADE`);
        await admin.close();
      },
    };
  };
}

function inSchema(url: string, schema: string): string {
  const address = new URL(url);
  address.searchParams.set('options', `-c search_path=${schema}`);
  return address.href;
}
