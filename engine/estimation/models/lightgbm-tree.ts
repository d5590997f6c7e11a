/** One `Tree=` section of a LightGBM model file. Whatever this returns can be walked without a further check. */
import { ModelFormatError, quoted } from './model-format-error.ts';
import { exactWords, finiteList, type IntegerRange, integerList, numberList, parseInteger } from './number-list.ts';

/** Of `decision_type`: bit 0 categorical, bit 1 missing values go left, bits 2 and 3 what counts as missing. */
export const CATEGORICAL_BIT = 1;
export const DEFAULT_LEFT_BIT = 2;
export const MISSING_SHIFT = 2;
export const MISSING = { none: 0, zero: 1, nan: 2 } as const;

/**
 * Nodes are numbered from 0, the root; a tree of n leaves has n - 1 of them. A child below 0 is the leaf `~child`.
 * Every node but the root and every leaf is the child of exactly one node, and can be reached from the root.
 */
export interface LightgbmTree {
  readonly leafCount: number;
  readonly splitFeature: Int32Array;
  /** Left at or below it. Of a categorical node: index into `categorySets`. */
  readonly threshold: Float64Array;
  readonly decisionType: Int32Array;
  readonly leftChild: Int32Array;
  readonly rightChild: Int32Array;
  /** Shrinkage is in it already. */
  readonly leafValue: Float64Array;
  /** Bit sets, 32 categories a word: those that go left. */
  readonly categorySets: readonly Int32Array[];
  /** Null when leaves are constants. */
  readonly linearLeaves: LinearLeaves | null;
}

/** Leaf l gives constant[l] + the sum over k in start[l] .. start[l + 1] of coefficient[k] x row[feature[k]]. */
export interface LinearLeaves {
  readonly constant: Float64Array;
  readonly start: Int32Array;
  readonly feature: Int32Array;
  readonly coefficient: Float64Array;
}

const INT32_MAX = 2 ** 31 - 1;
const NATURAL: IntegerRange = { minimum: 0, maximum: INT32_MAX };

/** `section` is its text, `place` its first line (`Tree=3`). Throws a `ModelFormatError`. */
export function parseTree(section: string, place: string, featureCount: number): LightgbmTree {
  const fields = new TreeFields(section, place);
  const leafCount = fields.integer('num_leaves', { minimum: 1, maximum: INT32_MAX });
  const leafValue = fields.decimals('leaf_value', leafCount);
  const linearLeaves = parseLinearLeaves(fields, leafCount, featureCount);
  if (leafCount === 1) return { ...LONE_LEAF, leafValue, linearLeaves };

  const nodeCount = leafCount - 1;
  const child: IntegerRange = { minimum: -leafCount, maximum: nodeCount - 1 };
  const tree: LightgbmTree = {
    leafCount,
    splitFeature: fields.integers('split_feature', nodeCount, { minimum: 0, maximum: featureCount - 1 }),
    threshold: fields.thresholds(nodeCount),
    decisionType: fields.integers('decision_type', nodeCount, { minimum: 0, maximum: 11 }),
    leftChild: fields.integers('left_child', nodeCount, child),
    rightChild: fields.integers('right_child', nodeCount, child),
    leafValue,
    categorySets: parseCategorySets(fields),
    linearLeaves,
  };
  checkCategoryIndexes(tree, place);
  checkShape(tree, place);
  return tree;
}

const LONE_LEAF = {
  leafCount: 1,
  splitFeature: new Int32Array(0),
  threshold: new Float64Array(0),
  decisionType: new Int32Array(0),
  leftChild: new Int32Array(0),
  rightChild: new Int32Array(0),
  categorySets: [],
} as const;

/** The `key=value` lines of a section. Keys that no prediction depends on are let be. */
class TreeFields {
  readonly #place: string;
  readonly #values = new Map<string, string>();

  constructor(section: string, place: string) {
    this.#place = place;
    for (const line of section.split('\n')) {
      if (line === '') continue;
      const equals = line.indexOf('=');
      if (equals <= 0) throw new ModelFormatError(place, `${quoted(line)} is not key=value`);
      const key = line.slice(0, equals);
      if (this.#values.has(key)) throw new ModelFormatError(place, `${key} is there twice`);
      this.#values.set(key, line.slice(equals + 1));
    }
  }

  integer(key: string, range: IntegerRange): number {
    return parseInteger(this.#get(key), `${this.#place} ${key}`, range);
  }

  integerOr(fallback: number, key: string, range: IntegerRange): number {
    return this.#values.has(key) ? this.integer(key, range) : fallback;
  }

  integers(key: string, count: number, range: IntegerRange): Int32Array {
    return integerList(this.#get(key), count, `${this.#place} ${key}`, range);
  }

  decimals(key: string, count: number): Float64Array {
    return finiteList(this.#get(key), count, `${this.#place} ${key}`);
  }

  /** Infinite ones are written where a split only tells missing values from the others. */
  thresholds(count: number): Float64Array {
    return numberList(this.#get('threshold'), count, `${this.#place} threshold`);
  }

  /** 32 bits each, as LightGBM writes bit sets. */
  bitWords(key: string, count: number): Int32Array {
    const place = `${this.#place} ${key}`;
    const range: IntegerRange = { minimum: 0, maximum: 2 ** 32 - 1 };
    return Int32Array.from(
      exactWords(this.#get(key), count, place),
      (word, index) => parseInteger(word, `${place}[${index}]`, range) | 0,
    );
  }

  fail(key: string, problem: string): never {
    throw new ModelFormatError(`${this.#place} ${key}`, problem);
  }

  #get(key: string): string {
    return this.#values.get(key) ?? this.fail(key, 'is missing');
  }
}

function parseCategorySets(fields: TreeFields): Int32Array[] {
  const setCount = fields.integerOr(0, 'num_cat', NATURAL);
  if (setCount === 0) return [];
  // A category is below 2^31, a word holds 32.
  const boundaries = fields.integers('cat_boundaries', setCount + 1, { minimum: 0, maximum: 2 ** 26 - 1 });
  if (boundaries[0] !== 0) fields.fail('cat_boundaries', 'does not begin with 0');
  for (let index = 0; index < setCount; index++) {
    if (boundaries[index]! > boundaries[index + 1]!) fields.fail('cat_boundaries', `falls after [${index}]`);
  }
  const bits = fields.bitWords('cat_threshold', boundaries[setCount]!);
  return Array.from({ length: setCount }, (_, index) => bits.subarray(boundaries[index]!, boundaries[index + 1]!));
}

function parseLinearLeaves(fields: TreeFields, leafCount: number, featureCount: number): LinearLeaves | null {
  if (fields.integerOr(0, 'is_linear', { minimum: 0, maximum: 1 }) === 0) return null;
  const constant = fields.decimals('leaf_const', leafCount);
  const counts = fields.integers('num_features', leafCount, { minimum: 0, maximum: featureCount });
  const start = new Int32Array(leafCount + 1);
  let total = 0;
  for (let leaf = 0; leaf < leafCount; leaf++) {
    total += counts[leaf]!;
    start[leaf + 1] = total;
  }
  const feature = fields.integers('leaf_features', total, { minimum: 0, maximum: featureCount - 1 });
  return { constant, start, feature, coefficient: fields.decimals('leaf_coeff', total) };
}

function checkCategoryIndexes({ threshold, decisionType, categorySets }: LightgbmTree, place: string): void {
  for (let node = 0; node < threshold.length; node++) {
    if ((decisionType[node]! & CATEGORICAL_BIT) === 0) continue;
    const set = threshold[node]!;
    if (!Number.isInteger(set) || set < 0 || set >= categorySets.length) {
      throw new ModelFormatError(
        `${place} threshold[${node}]`,
        `${set} is none of the ${categorySets.length} category sets`,
      );
    }
  }
}

/** n nodes have 2n children. If none is had twice and none is the root, walking from the root must meet all of them. */
function checkShape({ leafCount, leftChild, rightChild }: LightgbmTree, place: string): void {
  const nodeCount = leafCount - 1;
  const isNodeSeen = new Uint8Array(nodeCount);
  const isLeafSeen = new Uint8Array(leafCount);
  const pending = [0];
  isNodeSeen[0] = 1;
  let reached = 0;
  const meet = (key: string, node: number, child: number): void => {
    const [seen, index] = child < 0 ? [isLeafSeen, ~child] : [isNodeSeen, child];
    if (seen[index] === 1) {
      throw new ModelFormatError(`${place} ${key}[${node}]`, `${child} is the child of another node already`);
    }
    seen[index] = 1;
    if (child >= 0) pending.push(child);
  };
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    reached += 1;
    meet('left_child', node, leftChild[node]!);
    meet('right_child', node, rightChild[node]!);
  }
  if (reached !== nodeCount) {
    throw new ModelFormatError(place, `only ${reached} of ${nodeCount} nodes can be reached from the root`);
  }
}
