/** What all models of clicks or conversions have in common. */

import { readFactorizationMachine } from './factorization-machine.ts';
import { readGbdtInSteps } from './gbdt.ts';
import { readLogisticRegression } from './logistic.ts';
import { finish, type Steps } from './steps.ts';

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
  gbdt: readGbdtInSteps,
  /** libFM model text. */
  fm: atOnce(readFactorizationMachine),
  /** JSON of this project, see `logistic.ts`. */
  logistic: atOnce(readLogisticRegression),
} as const satisfies Record<string, (text: string) => Steps<Model>>;

export type ModelKind = keyof typeof READERS;

export const MODEL_KINDS = Object.keys(READERS) as readonly ModelKind[];

/** Throws a `ModelFormatError`. */
export function readModel(kind: ModelKind, text: string): Model {
  return finish(READERS[kind](text));
}

export function readModelInSteps(kind: ModelKind, text: string): Steps<Model> {
  return READERS[kind](text);
}

/** Small enough for one step. */
function atOnce(read: (text: string) => Model): (text: string) => Steps<Model> {
  // biome-ignore lint/correctness/useYield: it is one step.
  return function* (text) {
    return read(text);
  };
}
