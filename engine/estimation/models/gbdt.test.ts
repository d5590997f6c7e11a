import { describe, expect, it, test } from 'vitest';
import { readGbdt } from './gbdt.ts';
import { FIXTURE_NAMES, modelText, readVectors } from './testing/fixtures.ts';

const TOLERANCE = 1e-12;

/** Relative above 1: a linear leaf makes 1e300 of 1e300. */
function expectClose(actual: Float64Array, expected: readonly number[], label: string): void {
  expect(actual).toHaveLength(expected.length);
  for (const [row, value] of expected.entries()) {
    const isClose =
      Object.is(actual[row], value) || Math.abs(actual[row]! - value) <= TOLERANCE * Math.max(1, Math.abs(value));
    expect(isClose, `${label} of row ${row}: ${actual[row]}, LightGBM's is ${value}`).toBe(true);
  }
}

describe.each(FIXTURE_NAMES)('%s', (name) => {
  const model = readGbdt(modelText(name));
  const { rows, raw, predicted } = readVectors(name);

  it('scores as LightGBM does', () => {
    const out = new Float64Array(predicted.length);
    model.scoreRaw(rows, out.length, out);
    expectClose(out, raw, 'raw score');
    model.score(rows, out.length, out);
    expectClose(out, predicted, 'score');
  });

  it('scores a row alone as in a batch, to the bit', () => {
    const together = new Float64Array(predicted.length);
    model.score(rows, together.length, together);
    const alone = new Float64Array(1);
    for (const [row, score] of together.entries()) {
      model.score(rows.subarray(row * model.featureCount), 1, alone);
      expect(alone[0]).toBe(score);
    }
  });
});

test('there are vectors of three format versions', () => {
  const versions = FIXTURE_NAMES.map((name) => /^version=(\w+)$/m.exec(modelText(name))![1]);
  expect([...new Set(versions)].sort()).toEqual(['v2', 'v3', 'v4']);
});

test('what is in a model', () => {
  const model = readGbdt(modelText('lightgbm-4.7.0/hundred-trees'));
  expect(model.featureCount).toBe(150);
  expect(model.treeCount).toBe(100);
  expect(model.featureNames[149]).toBe('Column_149');
});

test('writes no more than it is asked for, and wants room for that', () => {
  const model = readGbdt(modelText('lightgbm-4.7.0/numeric'));
  const { rows } = readVectors('lightgbm-4.7.0/numeric');
  const out = new Float64Array(3).fill(7);
  model.score(rows, 2, out);
  expect(out[1]).not.toBe(7);
  expect(out[2]).toBe(7);
  expect(() => model.score(rows, 4, out)).toThrow(RangeError);
  expect(() => model.score(rows.subarray(0, 15), 2, out)).toThrow(RangeError);
});

/** One split of `decision` at `threshold`, left 1, right 2. */
function stump(decision: number, threshold: number): string {
  const tree = [
    'Tree=0',
    'num_leaves=2',
    'num_cat=0',
    'split_feature=0',
    `threshold=${threshold}`,
    `decision_type=${decision}`,
    'left_child=-1',
    'right_child=-2',
    'leaf_value=1 2',
    '\n\n',
  ].join('\n');
  const header = [
    'tree',
    'version=v4',
    'num_class=1',
    'num_tree_per_iteration=1',
    'label_index=0',
    'max_feature_idx=0',
  ];
  const features = ['feature_names=x', 'feature_infos=[-1:1]', `tree_sizes=${tree.length}`];
  return [...header, 'objective=regression', ...features, '', `${tree}end of trees\n`].join('\n');
}

const ZERO = Math.fround(1e-35);
const KINDS = { none: 0, zero: 4, nan: 8 };

/** LightGBM's NumericalDecision (tree.h), behind its predictor, which makes 0 of what is nearer to it than 1e-35. */
function goesLeft(x: number, threshold: number, missing: keyof typeof KINDS, isDefaultLeft: boolean): boolean {
  let value = Math.abs(x) > ZERO || Number.isNaN(x) ? x : 0;
  if (Number.isNaN(value) && missing !== 'nan') value = 0;
  if (missing === 'zero' && Math.abs(value) <= ZERO) return isDefaultLeft;
  return Number.isNaN(value) ? isDefaultLeft : value <= threshold;
}

test('every kind of numeric split at every kind of threshold, for every kind of value', () => {
  const above = 1.0000000180025096e-35;
  const edges = [0, 1e-40, ZERO, above, 0.5, 1e300, 5e-324];
  const thresholds = edges.flatMap((edge) => [edge, -edge]);
  const values = [...thresholds, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const out = new Float64Array(values.length);
  for (const missing of ['none', 'zero', 'nan'] as const) {
    for (const isDefaultLeft of [false, true]) {
      for (const threshold of thresholds) {
        const model = readGbdt(stump(KINDS[missing] | (isDefaultLeft ? 2 : 0), threshold));
        model.score(Float64Array.from(values), values.length, out);
        const expected = values.map((x) => (goesLeft(x, threshold, missing, isDefaultLeft) ? 1 : 2));
        expect([...out], `missing ${missing}, default left ${isDefaultLeft}, at ${threshold}`).toEqual(expected);
      }
    }
  }
});
