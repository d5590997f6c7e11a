/**
 * Factorization machine of second order (Rendle 2010), the cheaper alternative to trees: with k factors for each of n
 * features,
 *
 *     sum = w0 + sum of w(i) x(i) + 1/2 sum over f of ((sum of v(i,f) x(i))^2 - sum of v(i,f)^2 x(i)^2)
 *
 * in O(k n), and only for features that are not 0. The score is sigmoid(sum), libFM's `-task c` with SGD; its MCMC and
 * ALS learners mean a probit, which is not the same model. A missing value (NaN) counts as 0.
 *
 * The file is what libFM's `-save_model` writes. The first two sections are missing when libFM trained without them.
 *
 *     #global bias W0
 *     -2.1
 *     #unary interactions Wj
 *     0.3                      one line a feature
 *     #pairwise interactions Vj,f
 *     0.01 -0.2                one line a feature, k numbers
 */
import { checkBatch } from './check-batch.ts';
import type { Model } from './model.ts';
import { ModelFormatError, quoted } from './model-format-error.ts';
import { parseFinite, words } from './number-list.ts';
import { sigmoid } from './sigmoid.ts';

const BIAS = '#global bias W0';
const UNARY = '#unary interactions Wj';
const PAIRWISE = '#pairwise interactions Vj,f';

/** Throws a `ModelFormatError`. */
export function readFactorizationMachine(text: string): FactorizationMachine {
  const sections = splitSections(text);
  const bias = numbersOf(sections.get(BIAS) ?? ['0'], BIAS, 1);
  if (bias.length !== 1) throw new ModelFormatError(BIAS, `${bias.length} numbers where one is expected`);
  const factorRows = sections.get(PAIRWISE);
  if (factorRows === undefined) throw new ModelFormatError(PAIRWISE, 'is missing');
  const featureCount = factorRows.length;
  if (featureCount === 0) throw new ModelFormatError(PAIRWISE, 'no features');
  const unaryRows = sections.get(UNARY);
  const weights = unaryRows === undefined ? new Float64Array(featureCount) : numbersOf(unaryRows, UNARY, 1);
  if (weights.length !== featureCount) {
    throw new ModelFormatError(UNARY, `${weights.length} features, but ${featureCount} in ${quoted(PAIRWISE)}`);
  }
  const factorCount = words(factorRows[0]!).length;
  return new FactorizationMachine(bias[0]!, weights, numbersOf(factorRows, PAIRWISE, factorCount));
}

/** The lines below each heading. */
function splitSections(text: string): Map<string, string[]> {
  const lines = text.split(/\r?\n/);
  // The end of the last line, not a line of its own.
  if (lines.at(-1) === '') lines.pop();
  const sections = new Map<string, string[]>();
  let section: string[] | null = null;
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith('#')) {
      if (section === null) throw new ModelFormatError(`line ${index + 1}`, `${quoted(line)} is under no heading`);
      section.push(line);
      continue;
    }
    const heading = [BIAS, UNARY, PAIRWISE].find((known) => known === line.trimEnd());
    if (heading === undefined || sections.has(heading)) {
      throw new ModelFormatError(`line ${index + 1}`, `${quoted(line)} is unknown or there twice`);
    }
    section = [];
    sections.set(heading, section);
  }
  return sections;
}

function numbersOf(lines: readonly string[], heading: string, columnCount: number): Float64Array {
  const numbers = new Float64Array(lines.length * columnCount);
  for (const [row, line] of lines.entries()) {
    const place = `${heading}, row ${row + 1}`;
    const columns = words(line);
    if (columns.length !== columnCount) {
      throw new ModelFormatError(place, `${columns.length} numbers where ${columnCount} are expected`);
    }
    for (let column = 0; column < columnCount; column++) {
      numbers[row * columnCount + column] = parseFinite(columns[column]!, place);
    }
  }
  return numbers;
}

export class FactorizationMachine implements Model {
  readonly featureCount: number;
  readonly factorCount: number;
  readonly #bias: number;
  readonly #weights: Float64Array;
  /** Feature after feature. */
  readonly #factors: Float64Array;
  /** Of each factor, over the features so far: sum of v x. */
  readonly #factorSums: Float64Array;
  /** Sum of w x, and of (v x)^2 over all factors. */
  #linear = 0;
  #squares = 0;

  /** `factors` holds the same number of factors for each weight. */
  constructor(bias: number, weights: Float64Array, factors: Float64Array) {
    this.featureCount = weights.length;
    this.factorCount = factors.length / weights.length;
    this.#bias = bias;
    this.#weights = weights;
    this.#factors = factors;
    this.#factorSums = new Float64Array(this.factorCount);
  }

  score(rows: Float64Array, count: number, out: Float64Array): void {
    checkBatch(this.featureCount, rows, count, out);
    for (let row = 0; row < count; row++) {
      const at = row * this.featureCount;
      this.#begin();
      for (let feature = 0; feature < this.featureCount; feature++) this.#add(feature, rows[at + feature]!);
      out[row] = this.#finish();
    }
  }

  /**
   * One row of which only `count` features are given, by index and value, each at most once: for one-hot features
   * without number. Throws a `RangeError` for an index that is no feature.
   */
  scoreSparse(features: Int32Array, values: Float64Array, count: number): number {
    this.#begin();
    for (let index = 0; index < count; index++) {
      const feature = features[index] ?? -1;
      if (feature < 0 || feature >= this.featureCount) throw new RangeError(`no feature ${feature}`);
      this.#add(feature, values[index]!);
    }
    return this.#finish();
  }

  #begin(): void {
    this.#linear = this.#bias;
    this.#squares = 0;
    this.#factorSums.fill(0);
  }

  #add(feature: number, x: number): void {
    if (x === 0 || Number.isNaN(x)) return;
    this.#linear += this.#weights[feature]! * x;
    const at = feature * this.factorCount;
    for (let factor = 0; factor < this.factorCount; factor++) {
      const term = this.#factors[at + factor]! * x;
      this.#factorSums[factor] = this.#factorSums[factor]! + term;
      this.#squares += term * term;
    }
  }

  #finish(): number {
    let pairs = -this.#squares;
    for (let factor = 0; factor < this.factorCount; factor++) pairs += this.#factorSums[factor]! ** 2;
    return sigmoid(this.#linear + pairs / 2);
  }
}
