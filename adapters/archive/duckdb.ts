/**
 * A DuckDB in memory, bounded: it reads and writes Parquet files, and keeps nothing. Its work runs in a thread of its own;
 * the one that calls waits without blocking.
 */
import { mkdir } from 'node:fs/promises';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';

export interface DuckDbOptions {
  /** Threads of one query. */
  readonly threads: number;
  readonly memoryBytesMax: number;
  /** Made when missing: what does not fit into memory goes there. */
  readonly spillFolder: string;
}

export type Row = Readonly<Record<string, unknown>>;

/** One connection: one query at a time, and temporary tables of its own. */
export interface DuckDb {
  readonly connection: DuckDBConnection;
  readonly run: (sql: string, values?: readonly DuckDBValue[]) => Promise<void>;
  /** Integers of 64 bits as bigint, dates and times as text, NULL as null. */
  readonly rows: (sql: string, values?: readonly DuckDBValue[]) => Promise<Row[]>;
  /** Another connection, within the same bounds; closed with the first. */
  readonly connectAgain: () => Promise<DuckDb>;
  readonly close: () => void;
}

const MIB = 1024 * 1024;

/** Rejects when the spill folder cannot be made. */
export async function openDuckDb({ threads, memoryBytesMax, spillFolder }: DuckDbOptions): Promise<DuckDb> {
  await mkdir(spillFolder, { recursive: true });
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(threads),
    memory_limit: `${Math.ceil(memoryBytesMax / MIB)}MiB`,
    temp_directory: spillFolder,
    // Rows have no order of their own in a file, and so none has to be kept while one is written.
    preserve_insertion_order: 'false',
    // All that is needed is built in; nothing is fetched.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connections: DuckDBConnection[] = [];
  const connect = async (): Promise<DuckDb> => {
    const connection = await instance.connect();
    connections.push(connection);
    return {
      connection,
      run: async (sql, values = []) => {
        await connection.run(sql, [...values]);
      },
      rows: async (sql, values = []) => (await connection.runAndReadAll(sql, [...values])).getRowObjectsJS(),
      connectAgain: connect,
      close: () => {
        for (const opened of connections.splice(0)) opened.closeSync();
        instance.closeSync();
      },
    };
  };
  return connect();
}

/** Text as a literal of SQL: for the names of files, which no parameter can stand for. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Rows of files; day and hour in the names of their folders are no columns. A column that a file does not have is NULL there. */
export function parquet(paths: readonly string[]): string {
  return `read_parquet([${paths.map(literal).join(', ')}], hive_partitioning = false, union_by_name = true)`;
}
