/** A LightGBM model text of the size that the targets speak of, and rows for it. */
import { seededRandom } from '../../simulator/random.ts';

export const FEATURES = 150;
const TREES = 100;
const DEPTH = 7;
const MISSING_SHARE = 0.1;
/** Numeric, missing is NaN; with or without bit 1: missing goes left. */
const DECISIONS = [8, 10];

/** 100 full trees of depth 7, 128 leaves each: no row gets away early. */
export function treeModelText(seed: number): string {
  const trees = Array.from({ length: TREES }, (_, index) => `${treeText(index, seed)}\n\n`);
  const names = Array.from({ length: FEATURES }, (_, feature) => `f${feature}`);
  return [
    'tree',
    'version=v4',
    'num_class=1',
    'num_tree_per_iteration=1',
    'label_index=0',
    `max_feature_idx=${FEATURES - 1}`,
    'objective=binary sigmoid:1',
    `feature_names=${names.join(' ')}`,
    `feature_infos=${names.map(() => '[-1:1]').join(' ')}`,
    `tree_sizes=${trees.map(({ length }) => length).join(' ')}`,
    '',
    `${trees.join('')}end of trees\n`,
  ].join('\n');
}

function treeText(index: number, seed: number): string {
  const random = seededRandom(seed).fork(`tree-${index}`);
  const leafCount = 2 ** DEPTH;
  const nodes = Array.from({ length: leafCount - 1 }, (_, node) => node);
  // As in a heap; what would be a node past the last one is a leaf.
  const child = (place: number): number => (place < nodes.length ? place : ~(place - nodes.length));
  const leaves = Array.from({ length: leafCount }, () => random.uniform(-0.1, 0.1));
  return [
    `Tree=${index}`,
    `num_leaves=${leafCount}`,
    'num_cat=0',
    `split_feature=${nodes.map(() => random.integer(0, FEATURES - 1)).join(' ')}`,
    `threshold=${nodes.map(() => random.uniform(-0.5, 0.5)).join(' ')}`,
    `decision_type=${nodes.map(() => DECISIONS[random.integer(0, 1)]).join(' ')}`,
    `left_child=${nodes.map((node) => child(2 * node + 1)).join(' ')}`,
    `right_child=${nodes.map((node) => child(2 * node + 2)).join(' ')}`,
    `leaf_value=${leaves.join(' ')}`,
  ].join('\n');
}

/** Row after row; a tenth of the values is missing. */
export function treeModelRows(count: number, seed: number, label: string): Float64Array {
  const random = seededRandom(seed).fork(label);
  return Float64Array.from({ length: count * FEATURES }, () =>
    random.chance(MISSING_SHARE) ? Number.NaN : random.uniform(-1, 1),
  );
}
