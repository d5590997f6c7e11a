/**
 * Gradient-boosted trees by LightGBM. Scores are LightGBM's own (`Booster.predict` of the whole model): the same
 * decisions for every value, and leaves added in the same order.
 */
import { checkBatch } from './check-batch.ts';
import { applyLink, type Link } from './lightgbm-objective.ts';
import { type LightgbmModel, parseLightgbmText } from './lightgbm-text.ts';
import type { LinearLeaves } from './lightgbm-tree.ts';
import type { Model } from './model.ts';
import { finish, type Steps } from './steps.ts';
import { buildTreePool, NUMERIC, type TreePool } from './tree-pool.ts';

/** From LightGBM's model text. Throws a `ModelFormatError`. */
export function readGbdt(text: string): GbdtModel {
  return finish(readGbdtInSteps(text));
}

export function* readGbdtInSteps(text: string): Steps<GbdtModel> {
  return new GbdtModel(yield* parseLightgbmText(text));
}

/** Create one by `readGbdt`. */
export class GbdtModel implements Model {
  readonly featureCount: number;
  readonly featureNames: readonly string[];
  readonly treeCount: number;
  readonly #pool: TreePool;
  readonly #link: Link;
  readonly #averagesTrees: boolean;

  constructor({ featureNames, trees, link, averagesTrees }: LightgbmModel) {
    this.featureCount = featureNames.length;
    this.featureNames = featureNames;
    this.treeCount = trees.length;
    this.#pool = buildTreePool(trees);
    this.#link = link;
    this.#averagesTrees = averagesTrees;
  }

  /** As `Booster.predict`. */
  score(rows: Float64Array, count: number, out: Float64Array): void {
    this.scoreRaw(rows, count, out);
    if (this.#averagesTrees) {
      for (let row = 0; row < count; row++) out[row] = out[row]! / this.treeCount;
    }
    applyLink(this.#link, out, count);
  }

  /** As `Booster.predict(raw_score=True)`: the sum of the trees, also of those whose mean is the prediction. */
  scoreRaw(rows: Float64Array, count: number, out: Float64Array): void {
    checkBatch(this.featureCount, rows, count, out);
    out.fill(0, 0, count);
    // Tree by tree: its nodes stay in the cache for all rows.
    for (let tree = 0; tree < this.treeCount; tree++) {
      if (this.#pool.isPlain[tree] === 1) addPlainTree(this.#pool, tree, rows, this.featureCount, count, out);
      else addTree(this.#pool, tree, rows, this.featureCount, count, out);
    }
  }
}

/**
 * Four rows at a time. One walk mostly waits, for the node that depends on the comparison before; four of them wait
 * together. No branch depends on data but the loop's end: half of all guesses would be wrong. `Number` of a comparison
 * compiles to an instruction, `? 1 : 0` to a branch (5.1 and 7.1 us a row: medians of five runs in turn, busy machine).
 */
function addPlainTree(
  pool: TreePool,
  tree: number,
  rows: Float64Array,
  stride: number,
  count: number,
  out: Float64Array,
): void {
  const { feature, threshold, nanGoesRight, child, value } = pool;
  const root = pool.root[tree]!;
  const firstLeaf = pool.firstLeaf[tree]!;
  let row = 0;
  for (; row + 4 <= count; row += 4) {
    const at0 = row * stride;
    const at1 = at0 + stride;
    const at2 = at1 + stride;
    const at3 = at2 + stride;
    let node0 = root;
    let node1 = root;
    let node2 = root;
    let node3 = root;
    // Negative while one of them is not at a leaf.
    while (((node0 - firstLeaf) | (node1 - firstLeaf) | (node2 - firstLeaf) | (node3 - firstLeaf)) < 0) {
      const x0 = rows[at0 + feature[node0]!]!;
      const x1 = rows[at1 + feature[node1]!]!;
      const x2 = rows[at2 + feature[node2]!]!;
      const x3 = rows[at3 + feature[node3]!]!;
      node0 = child[2 * node0 + (Number(x0 > threshold[node0]!) | (Number(Number.isNaN(x0)) & nanGoesRight[node0]!))]!;
      node1 = child[2 * node1 + (Number(x1 > threshold[node1]!) | (Number(Number.isNaN(x1)) & nanGoesRight[node1]!))]!;
      node2 = child[2 * node2 + (Number(x2 > threshold[node2]!) | (Number(Number.isNaN(x2)) & nanGoesRight[node2]!))]!;
      node3 = child[2 * node3 + (Number(x3 > threshold[node3]!) | (Number(Number.isNaN(x3)) & nanGoesRight[node3]!))]!;
    }
    out[row] = out[row]! + value[node0]!;
    out[row + 1] = out[row + 1]! + value[node1]!;
    out[row + 2] = out[row + 2]! + value[node2]!;
    out[row + 3] = out[row + 3]! + value[node3]!;
  }
  for (; row < count; row++) out[row] = out[row]! + value[findLeaf(pool, tree, rows, row * stride)]!;
}

/** Any tree. */
function addTree(
  pool: TreePool,
  tree: number,
  rows: Float64Array,
  stride: number,
  count: number,
  out: Float64Array,
): void {
  const linearLeaves = pool.linearLeaves[tree]!;
  const firstLeaf = pool.firstLeaf[tree]!;
  for (let row = 0; row < count; row++) {
    const leaf = findLeaf(pool, tree, rows, row * stride);
    const constant = pool.value[leaf]!;
    out[row] =
      out[row]! +
      (linearLeaves === null ? constant : linearOutput(linearLeaves, leaf - firstLeaf, rows, row * stride, constant));
  }
}

/** The row begins at `at`. */
function findLeaf(pool: TreePool, tree: number, rows: Float64Array, at: number): number {
  const { feature, threshold, nanGoesRight, child, categoryLimit } = pool;
  const firstLeaf = pool.firstLeaf[tree]!;
  let node = pool.root[tree]!;
  while (node < firstLeaf) {
    const x = rows[at + feature[node]!]!;
    const goesRight =
      categoryLimit[node] === NUMERIC
        ? x > threshold[node]! || (nanGoesRight[node] === 1 && Number.isNaN(x))
        : !isInCategorySet(pool, node, x);
    node = child[2 * node + (goesRight ? 1 : 0)]!;
  }
  return node;
}

/** Fractions are cut off, so what is above -1 is category 0. NaN is in no set. */
function isInCategorySet(pool: TreePool, node: number, x: number): boolean {
  if (!(x > -1 && x < pool.categoryLimit[node]!)) return false;
  const category = x | 0;
  return ((pool.categoryWords[pool.categoryStart[node]! + (category >> 5)]! >> (category & 31)) & 1) === 1;
}

/** Gives `constant` when a value that it needs is missing. */
function linearOutput(
  { constant: intercept, start, feature, coefficient }: LinearLeaves,
  leaf: number,
  rows: Float64Array,
  at: number,
  constant: number,
): number {
  let output = intercept[leaf]!;
  for (let term = start[leaf]!; term < start[leaf + 1]!; term++) {
    const x = rows[at + feature[term]!]!;
    if (Number.isNaN(x)) return constant;
    output += coefficient[term]! * x;
  }
  return output;
}
