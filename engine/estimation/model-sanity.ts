/**
 * Whether what a model elsewhere says can be meant: each of its rates may be one, and all of them together none. It
 * notices a model that says the same of everything, and one whose mean is far from all that is known.
 *
 * What is noticed holds until several calls in a row, each judged by itself, are sound: few rows are sent to a model that
 * is not trusted, and it is to be used soon after it is well.
 */
import type { Expectation } from '../ports/remote-model.ts';

export interface ModelSanityOptions {
  /** Different rows in a row with the same rate that make a constant. */
  readonly sameRowsMax: number;
  /** Rows with an expectation that a mean is taken of. */
  readonly meanRowCount: number;
  /** How far the odds of the mean may be from what is expected, as a factor. */
  readonly meanFactorMax: number;
  /** Sound calls in a row after which it is trusted again. */
  readonly soundCallsMin: number;
}

export const MODEL_SANITY_DEFAULTS: ModelSanityOptions = {
  // A calibrated model of few steps says the same of most rows: of 256, with 19 in 20 alike, once in 500,000 times.
  sameRowsMax: 256,
  // Enough for rows in which a sharp model has most of its clicks to be among them, if 1 in 30 is of that kind; few enough
  // for what the fallback learns meanwhile to shift it by a third at most.
  meanRowCount: 512,
  // Clicks of seasons, formats and markets differ by 10; what is off by more has mostly lost a unit or its features.
  meanFactorMax: 20,
  soundCallsMin: 3,
};

export type SanityFinding =
  /** The same rate for all rows. */
  | 'constant'
  /** The mean rate is far from the fallback's for the same rows, and as far from the priors. */
  | 'mean';

/** A row and its rate within (0, 1). */
export interface JudgedRow {
  readonly row: Float64Array;
  readonly rate: number;
  /** Null: nothing was learned yet. */
  readonly expectation: Expectation | null;
}

/** Rates that differ by less, relatively, are the same: noise of 32-bit floats is 1e-7. */
const SAME_WITHIN = 1e-6;

export class ModelSanity {
  readonly #options: ModelSanityOptions;
  #finding: SanityFinding | null = null;
  #soundCalls = 0;
  /** The latest run of rows with one rate: that rate, and hashes of the rows. */
  #sameRate = Number.NaN;
  readonly #sameRows = new Set<number>();
  readonly #window: MeanWindow;

  constructor(options: ModelSanityOptions = MODEL_SANITY_DEFAULTS) {
    this.#options = options;
    this.#window = new MeanWindow(options.meanRowCount);
  }

  /** Why the model is not trusted; null when it is. */
  get finding(): SanityFinding | null {
    return this.#finding;
  }

  /** The rows of a call have been answered. False: its rates are not to be used. */
  isSound(rows: readonly JudgedRow[]): boolean {
    if (rows.length === 0) return this.#finding === null;
    if (this.#finding !== null) return this.#isSoundAgain(rows);
    for (const { row, rate, expectation } of rows) {
      this.#countSame(row, rate);
      if (expectation !== null) this.#window.add(rate, expectation);
    }
    if (this.#sameRows.size >= this.#options.sameRowsMax) this.#finding = 'constant';
    else if (this.#window.isFull && this.#window.isFarOff(this.#options.meanFactorMax)) this.#finding = 'mean';
    this.#soundCalls = 0;
    return this.#finding === null;
  }

  #isSoundAgain(rows: readonly JudgedRow[]): boolean {
    const ofCall = new MeanWindow(rows.length);
    let isConstant = this.#finding === 'constant';
    for (const { rate, expectation } of rows) {
      if (!isSame(rate, this.#sameRate)) isConstant = false;
      if (expectation !== null) ofCall.add(rate, expectation);
    }
    if (isConstant || ofCall.isFarOff(this.#options.meanFactorMax)) {
      this.#soundCalls = 0;
      return false;
    }
    this.#soundCalls += 1;
    if (this.#soundCalls >= this.#options.soundCallsMin) this.#trust();
    return true;
  }

  #trust(): void {
    this.#finding = null;
    this.#sameRate = Number.NaN;
    this.#sameRows.clear();
    this.#window.clear();
  }

  #countSame(row: Float64Array, rate: number): void {
    if (!isSame(rate, this.#sameRate)) {
      this.#sameRate = rate;
      this.#sameRows.clear();
    }
    this.#sameRows.add(hashRow(row));
  }
}

/** Sums of the latest rates and of what was expected in their place. */
class MeanWindow {
  readonly #rates: Float64Array;
  readonly #learned: Float64Array;
  readonly #priors: Float64Array;
  #added = 0;

  constructor(rowCount: number) {
    this.#rates = new Float64Array(rowCount);
    this.#learned = new Float64Array(rowCount);
    this.#priors = new Float64Array(rowCount);
  }

  get isFull(): boolean {
    return this.#added >= this.#rates.length;
  }

  add(rate: number, { learned, prior }: Expectation): void {
    const at = this.#added % this.#rates.length;
    this.#added += 1;
    this.#rates[at] = rate;
    this.#learned[at] = learned;
    this.#priors[at] = prior;
  }

  clear(): void {
    this.#added = 0;
  }

  /**
   * By more than the factor from both: the fallback has learned from a model, which may have been the wrong one, and what
   * is near the priors does no more harm than no model does.
   */
  isFarOff(factorMax: number): boolean {
    const count = Math.min(this.#added, this.#rates.length);
    if (count === 0) return false;
    const odds = meanOdds(this.#rates, count);
    return (
      isBeyond(odds / meanOdds(this.#learned, count), factorMax) &&
      isBeyond(odds / meanOdds(this.#priors, count), factorMax)
    );
  }
}

function meanOdds(rates: Float64Array, count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index++) sum += rates[index]!;
  return sum / (count - sum);
}

function isBeyond(ratio: number, factorMax: number): boolean {
  return ratio > factorMax || ratio < 1 / factorMax;
}

function isSame(rate: number, other: number): boolean {
  return Math.abs(rate - other) <= SAME_WITHIN * other;
}

/** FNV-1a over the halves of its numbers. Rows that fall on the same count as one. */
function hashRow(row: Float64Array): number {
  const words = new Int32Array(row.buffer, row.byteOffset, row.length * 2);
  let hash = 0x811c9dc5;
  for (let index = 0; index < words.length; index++) hash = Math.imul(hash ^ words[index]!, 0x01000193);
  return hash;
}
