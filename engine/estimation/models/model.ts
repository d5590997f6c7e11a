/** What all models of clicks or conversions have in common. */

import { readFactorizationMachine } from './factorization-machine.ts';
import { readGbdt } from './gbdt.ts';
import { readLogisticRegression } from './logistic.ts';

export interface Model {
  /** Columns of a row. */
  readonly featureCount: number;
  /**
   * Scores `count` rows that lie one after the other in `rows` (`featureCount` numbers each, NaN for what is missing)
   * into the first `count` places of `out`. Allocates nothing. Throws a `RangeError` when an array is too short.
   */
  score(rows: Float64Array, count: number, out: Float64Array): void;
}

const READERS = {
  /** LightGBM model text. */
  gbdt: readGbdt,
  /** libFM model text. */
  fm: readFactorizationMachine,
  /** JSON of this project, see `logistic.ts`. */
  logistic: readLogisticRegression,
} as const satisfies Record<string, (text: string) => Model>;

export type ModelKind = keyof typeof READERS;

export const MODEL_KINDS = Object.keys(READERS) as readonly ModelKind[];

/** Throws a `ModelFormatError`. */
export function readModel(kind: ModelKind, text: string): Model {
  return READERS[kind](text);
}
