/** Every statement that the books run, by its text, as what it does to tables in memory. */
import { BILLING_NOTICES_SQL } from '../billing-notices.ts';
import { BOOKED_EVENTS_SQL } from '../booked-events.ts';
import { BOOKED_TERMS_SQL } from '../booked-terms.ts';
import { BOOKING_TABLES } from '../booking-rows.ts';
import { BOOKS_SQL } from '../books.ts';
import { CAMPAIGN_STORE_SQL, CHANGES_SQL, LIST_SQL } from '../campaign-store.ts';
import type { Row } from '../database.ts';
import { DELIVERY_SQL } from '../delivery-reports.ts';
import { BACKLOGS_SQL } from '../event-backlogs.ts';
import { EVENT_BOOKS_SQL } from '../event-books.ts';
import { WATERMARKS_SQL } from '../event-watermarks.ts';
import { LEDGER_SQL } from '../ledger.ts';
import { MONEY_SURVEY_SQL } from '../money-survey.ts';
import { PENDING_NOTICES_SQL } from '../pending-notices.ts';
import { RECEIVABLES_SQL } from '../receivables.ts';
import { REFUNDS_SQL } from '../refunds.ts';
import {
  ACCOUNT,
  AUDIT,
  CHARGE,
  DAY,
  LEASE,
  type RowsSql,
  rowsSql,
  SHARE,
  SLOT,
  type Table,
  TRANCHE,
  TRANSFER,
} from '../rows.ts';
import { SWEEP_SQL } from '../sweep.ts';
import { TRAFFIC_SQL } from '../traffic-memories.ts';
import {
  BOOKED_TERMS_STATEMENTS,
  CAMPAIGN_STORE_STATEMENTS,
  CHANGES_STATEMENTS,
  LIST_STATEMENTS,
} from './booking-statements.ts';
import {
  BACKLOGS_STATEMENTS,
  BILLING_NOTICES_STATEMENTS,
  BOOKED_EVENTS_STATEMENTS,
  EVENT_BOOKS_STATEMENTS,
  PENDING_NOTICES_STATEMENTS,
  RECEIVABLES_STATEMENTS,
  REFUNDS_STATEMENTS,
  WATERMARKS_STATEMENTS,
} from './event-statements.ts';
import {
  BOOKS_STATEMENTS,
  DELIVERY_STATEMENTS,
  LEDGER_STATEMENTS,
  MONEY_SURVEY_STATEMENTS,
  SWEEP_STATEMENTS,
  TRAFFIC_STATEMENTS,
} from './ledger-statements.ts';
import type { MemoryTable } from './memory-table.ts';
import { bigintOf, type Statement, type Statements } from './statement.ts';
import type { Tables } from './tables.ts';

/** Reads and writes of whole rows. */
function rowStatements(of: Table): Statements<RowsSql> {
  const tableIn = (tables: Tables): MemoryTable => tables[of.name as keyof Tables] as unknown as MemoryTable;
  const values = Object.keys(of.columns).filter((column) => !of.key.includes(column));
  return {
    insert: ({ tables }, ...columns: readonly unknown[][]) => {
      for (const row of rowsOf(of, columns)) tableIn(tables).insert(row);
      return [];
    },
    upsert: ({ tables }, ...columns: readonly unknown[][]) => {
      for (const row of rowsOf(of, columns)) tableIn(tables).put(row);
      return [];
    },
    add: ({ tables }, ...columns: readonly unknown[][]) => {
      for (const row of rowsOf(of, columns)) {
        const known = tableIn(tables).find(row);
        for (const column of known === undefined ? [] : values) {
          row[column] = (known![column] as bigint) + (row[column] as bigint);
        }
        tableIn(tables).put(row);
      }
      return [];
    },
    select: ({ tables }, ...keys: readonly unknown[][]): Row[] => {
      const table = tableIn(tables);
      return keys[0]!.flatMap((_, at): Row[] => {
        const key = Object.fromEntries(of.key.map((column, index) => [column, keys[index]![at]]));
        const row = table.find(key);
        return row === undefined ? [] : [table.copyOf(row)];
      });
    },
  };
}

function rowsOf({ columns: types }: Table, columns: readonly unknown[][]): Row[] {
  const names = Object.keys(types);
  return columns[0]!.map((_, at) => {
    const row: Row = {};
    for (const [index, name] of names.entries()) {
      const value = columns[index]![at] ?? null;
      row[name] = types[name] === 'bigint' && value !== null ? bigintOf(value as number) : value;
    }
    return row;
  });
}

function byText(): ReadonlyMap<string, Statement> {
  const all = new Map<string, Statement>();
  const add = <Sql extends { readonly [name: string]: string }>(sql: Sql, statements: Statements<Sql>): void => {
    for (const [name, text] of Object.entries(sql)) all.set(text, statements[name as keyof Sql]);
  };
  for (const table of [ACCOUNT, DAY, TRANCHE, LEASE, CHARGE, TRANSFER, SLOT, SHARE, AUDIT])
    add({ ...rowsSql(table) }, rowStatements(table));
  for (const table of Object.values(BOOKING_TABLES)) add({ ...rowsSql(table) }, rowStatements(table));
  add(BOOKS_SQL, BOOKS_STATEMENTS);
  add(LEDGER_SQL, LEDGER_STATEMENTS);
  add(SWEEP_SQL, SWEEP_STATEMENTS);
  add(MONEY_SURVEY_SQL, MONEY_SURVEY_STATEMENTS);
  add(DELIVERY_SQL, DELIVERY_STATEMENTS);
  add(TRAFFIC_SQL, TRAFFIC_STATEMENTS);
  add(CAMPAIGN_STORE_SQL, CAMPAIGN_STORE_STATEMENTS);
  add(LIST_SQL, LIST_STATEMENTS);
  add(CHANGES_SQL, CHANGES_STATEMENTS);
  add(BOOKED_TERMS_SQL, BOOKED_TERMS_STATEMENTS);
  add(EVENT_BOOKS_SQL, EVENT_BOOKS_STATEMENTS);
  add(RECEIVABLES_SQL, RECEIVABLES_STATEMENTS);
  add(REFUNDS_SQL, REFUNDS_STATEMENTS);
  add(BILLING_NOTICES_SQL, BILLING_NOTICES_STATEMENTS);
  add(PENDING_NOTICES_SQL, PENDING_NOTICES_STATEMENTS);
  add(BOOKED_EVENTS_SQL, BOOKED_EVENTS_STATEMENTS);
  add(BACKLOGS_SQL, BACKLOGS_STATEMENTS);
  add(WATERMARKS_SQL, WATERMARKS_STATEMENTS);
  return all;
}

export const STATEMENTS = byText();
