import { expect, it, test } from 'vitest';
import { MODEL_KINDS, type ModelKind, readModel } from './model.ts';
import { ModelFormatError } from './model-format-error.ts';
import { modelText } from './testing/fixtures.ts';

const TEXTS: Record<ModelKind, string> = {
  gbdt: modelText('lightgbm-4.7.0/numeric'),
  fm: '#global bias W0\n-1\n#pairwise interactions Vj,f\n0.1 0.2\n0.3 -0.1\n',
  logistic: '{"kind":"logistic","intercept":0.1,"weights":[1,2,3]}',
};

it.each(MODEL_KINDS)('%s: scores a batch into a part of an array', (kind) => {
  const model = readModel(kind, TEXTS[kind]);
  const rows = Float64Array.from({ length: 2 * model.featureCount }, (_, index) => (index % 3) - 1);
  const out = new Float64Array(3).fill(-1);
  model.score(rows, 2, out);
  expect(out.every((score, row) => (row < 2 ? score > 0 && score < 1 : score === -1))).toBe(true);
  expect(() => model.score(rows.subarray(1), 2, out)).toThrow(RangeError);
  expect(() => model.score(rows, 2, new Float64Array(1))).toThrow(RangeError);
});

test('the text of one kind is no other', () => {
  for (const kind of MODEL_KINDS) {
    for (const other of MODEL_KINDS.filter((candidate) => candidate !== kind)) {
      expect(() => readModel(kind, TEXTS[other]), `${other} as ${kind}`).toThrow(ModelFormatError);
    }
  }
});
