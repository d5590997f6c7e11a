/** What a statement of the books does to tables in memory. */
import type { Row } from '../database.ts';
import type { Tables } from './tables.ts';

export interface Moment {
  readonly tables: Tables;
  /** Epoch ms. */
  readonly nowMs: number;
}

/** Gives the rows that the statement gives. Parameters are those of the statement, which knows their types. */
// biome-ignore lint/suspicious/noExplicitAny: each statement says what its own parameters are
export type Statement = (moment: Moment, ...parameters: any[]) => readonly Row[];

/** One for each of some statements, by their names: a statement without is an error of types. */
export type Statements<Sql> = Readonly<Record<keyof Sql, Statement>>;

/** A `bigint` column's value. */
export function bigintOf(value: number | bigint): bigint {
  return BigInt(value);
}

/** The first ones by a column of time; those of one moment in the order in which they were stored. */
export function earliest<Of>(rows: Iterable<Of>, timeOf: (row: Of) => bigint, countMax: number): Of[] {
  return [...rows].sort((one, other) => Number(timeOf(one) - timeOf(other))).slice(0, countMax);
}

export function compareText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
