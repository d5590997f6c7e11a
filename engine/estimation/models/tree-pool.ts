/**
 * All trees of a model in one pool of nodes, as arrays of numbers: what is walked for every row. Each tree's inner nodes
 * come first, its leaves after them, so that one comparison tells them apart; a leaf's children are itself, so that a
 * walk that has arrived may go on while another has not.
 */
import {
  CATEGORICAL_BIT,
  DEFAULT_LEFT_BIT,
  type LightgbmTree,
  type LinearLeaves,
  MISSING,
  MISSING_SHIFT,
} from './lightgbm-tree.ts';

export interface TreePool {
  /** Of each tree: its root. One entry more says where the last tree ends. */
  readonly root: Int32Array;
  /** Of each tree: its first leaf. */
  readonly firstLeaf: Int32Array;
  /** Of each tree: 1 when all splits are numeric and all leaves constant. */
  readonly isPlain: Uint8Array;
  /** Of each tree: null when its leaves are constant. */
  readonly linearLeaves: readonly (LinearLeaves | null)[];

  /** Of each node: the column that it looks at. */
  readonly feature: Int32Array;
  /** Of each node: values above it go right. */
  readonly threshold: Float64Array;
  /** Of each node: 1 when NaN goes right. */
  readonly nanGoesRight: Int32Array;
  /** Two of each node, left and right. */
  readonly child: Int32Array;
  /** Of each leaf. */
  readonly value: Float64Array;
  /** Of each node: categories from here on go right, those below are looked up; -1 for a numeric split. */
  readonly categoryLimit: Int32Array;
  /** Of each categorical node: the first word of the set of those that go left. */
  readonly categoryStart: Int32Array;
  readonly categoryWords: Int32Array;
}

/** LightGBM's kZeroThreshold: what is not farther from 0 is 0. A single-precision constant there. */
const ZERO_BAND = Math.fround(1e-35);
/** The first number below the band. */
const BELOW_ZERO_BAND = -1.0000000180025096e-35;
/** A `categoryLimit`. */
export const NUMERIC = -1;
/** Of a bit set. */
const CATEGORIES_PER_WORD = 32;
/** Nodes that a split of which zeros go against the threshold needs more. */
const BAND_NODES = 2;

export function buildTreePool(trees: readonly LightgbmTree[]): TreePool {
  return new PoolBuilder(trees).build();
}

class PoolBuilder {
  readonly #trees: readonly LightgbmTree[];
  readonly #pool: TreePool;
  #nextWord = 0;

  constructor(trees: readonly LightgbmTree[]) {
    this.#trees = trees;
    const nodeCount = trees.reduce((sum, tree) => sum + innerNodeCount(tree) + tree.leafCount, 0);
    const wordCount = trees.reduce((sum, tree) => sum + categoryWordCount(tree), 0);
    this.#pool = {
      root: new Int32Array(trees.length + 1),
      firstLeaf: new Int32Array(trees.length),
      isPlain: new Uint8Array(trees.length),
      linearLeaves: trees.map(({ linearLeaves }) => linearLeaves),
      feature: new Int32Array(nodeCount),
      threshold: new Float64Array(nodeCount),
      nanGoesRight: new Int32Array(nodeCount),
      child: new Int32Array(2 * nodeCount),
      value: new Float64Array(nodeCount),
      categoryLimit: new Int32Array(nodeCount).fill(NUMERIC),
      categoryStart: new Int32Array(nodeCount),
      categoryWords: new Int32Array(wordCount),
    };
  }

  build(): TreePool {
    const { root, firstLeaf, isPlain } = this.#pool;
    for (const [index, tree] of this.#trees.entries()) {
      const start = root[index]!;
      firstLeaf[index] = start + innerNodeCount(tree);
      root[index + 1] = firstLeaf[index]! + tree.leafCount;
      isPlain[index] = tree.categorySets.length === 0 && tree.linearLeaves === null ? 1 : 0;
      this.#addTree(tree, start, firstLeaf[index]!);
    }
    return this.#pool;
  }

  #addTree(tree: LightgbmTree, start: number, firstLeaf: number): void {
    const { child, value } = this.#pool;
    const setStart = this.#addCategorySets(tree);
    const place = (index: number): number => (index < 0 ? firstLeaf + ~index : start + index);
    let bandAt = start + tree.threshold.length;
    for (let node = 0; node < tree.threshold.length; node++) {
      const left = place(tree.leftChild[node]!);
      const right = place(tree.rightChild[node]!);
      if (isCategorical(tree, node)) {
        this.#addCategorical(tree, node, start + node, setStart);
        this.#link(start + node, left, right);
      } else if (zerosGoAgainstThreshold(tree, node)) {
        this.#addAroundZero({ tree, node, at: start + node, bandAt, left, right });
        bandAt += BAND_NODES;
      } else {
        this.#addNumeric(start + node, tree.splitFeature[node]!, tree.threshold[node]!, nanGoesRight(tree, node));
        this.#link(start + node, left, right);
      }
    }
    for (let leaf = 0; leaf < tree.leafCount; leaf++) {
      value[firstLeaf + leaf] = tree.leafValue[leaf]!;
      child[2 * (firstLeaf + leaf)] = firstLeaf + leaf;
      child[2 * (firstLeaf + leaf) + 1] = firstLeaf + leaf;
    }
  }

  #addNumeric(at: number, feature: number, threshold: number, isNanRight: boolean): void {
    this.#pool.feature[at] = feature;
    this.#pool.threshold[at] = thresholdAroundZero(threshold);
    this.#pool.nanGoesRight[at] = isNanRight ? 1 : 0;
  }

  /**
   * Three plain nodes for "left at or below the threshold, but zeros to the other side": the second and third stand on
   * the threshold's zero side and take the band out of it.
   */
  #addAroundZero({ tree, node, at, bandAt, left, right }: BandSplit): void {
    const feature = tree.splitFeature[node]!;
    const threshold = tree.threshold[node]!;
    const isZeroLeft = goesLeftWhenMissing(tree, node);
    this.#addNumeric(at, feature, threshold, !isZeroLeft);
    this.#addNumeric(bandAt, feature, BELOW_ZERO_BAND, false);
    this.#addNumeric(bandAt + 1, feature, ZERO_BAND, false);
    const [zeroSide, otherSide] = isZeroLeft ? [left, right] : [right, left];
    if (isZeroLeft) this.#link(at, left, bandAt);
    else this.#link(at, bandAt, right);
    this.#link(bandAt, otherSide, bandAt + 1);
    this.#link(bandAt + 1, zeroSide, otherSide);
  }

  #addCategorical(tree: LightgbmTree, node: number, at: number, setStart: Int32Array): void {
    const set = tree.threshold[node]!;
    this.#pool.feature[at] = tree.splitFeature[node]!;
    this.#pool.categoryStart[at] = setStart[set]!;
    this.#pool.categoryLimit[at] = tree.categorySets[set]!.length * CATEGORIES_PER_WORD;
  }

  /** Gives where each set of the tree begins. */
  #addCategorySets({ categorySets }: LightgbmTree): Int32Array {
    return Int32Array.from(categorySets, (set) => {
      const start = this.#nextWord;
      this.#pool.categoryWords.set(set, start);
      this.#nextWord += set.length;
      return start;
    });
  }

  #link(at: number, left: number, right: number): void {
    this.#pool.child[2 * at] = left;
    this.#pool.child[2 * at + 1] = right;
  }
}

interface BandSplit {
  readonly tree: LightgbmTree;
  readonly node: number;
  /** Places in the pool: of its first node, of the `BAND_NODES` others, of its children. */
  readonly at: number;
  readonly bandAt: number;
  readonly left: number;
  readonly right: number;
}

function innerNodeCount(tree: LightgbmTree): number {
  let count = tree.threshold.length;
  for (let node = 0; node < tree.threshold.length; node++) {
    if (zerosGoAgainstThreshold(tree, node)) count += BAND_NODES;
  }
  return count;
}

function categoryWordCount({ categorySets }: LightgbmTree): number {
  return categorySets.reduce((sum, { length }) => sum + length, 0);
}

function isCategorical({ decisionType }: LightgbmTree, node: number): boolean {
  return (decisionType[node]! & CATEGORICAL_BIT) !== 0;
}

function missingType({ decisionType }: LightgbmTree, node: number): number {
  return decisionType[node]! >> MISSING_SHIFT;
}

function goesLeftWhenMissing({ decisionType }: LightgbmTree, node: number): boolean {
  return (decisionType[node]! & DEFAULT_LEFT_BIT) !== 0;
}

/** Where nothing counts as missing, NaN is 0. */
function nanGoesRight(tree: LightgbmTree, node: number): boolean {
  return missingType(tree, node) === MISSING.none ? tree.threshold[node]! < 0 : !goesLeftWhenMissing(tree, node);
}

function zerosGoAgainstThreshold(tree: LightgbmTree, node: number): boolean {
  if (isCategorical(tree, node) || missingType(tree, node) !== MISSING.zero) return false;
  return goesLeftWhenMissing(tree, node) !== tree.threshold[node]! >= 0;
}

/** LightGBM makes 0 of all of a row that is in the band. Moving thresholds out of it does the same at no cost. */
function thresholdAroundZero(threshold: number): number {
  if (Math.abs(threshold) > ZERO_BAND) return threshold;
  return threshold >= 0 ? ZERO_BAND : BELOW_ZERO_BAND;
}
