import { expect, it, test } from 'vitest';
import { readLogisticRegression } from './logistic.ts';
import { ModelFormatError } from './model-format-error.ts';

const TEXT = '{"kind":"logistic","intercept":-1,"weights":[0.5,2]}';

test('scores a batch; what is missing counts as 0', () => {
  const out = new Float64Array(3);
  readLogisticRegression(TEXT).score(Float64Array.of(2, 0, Number.NaN, 0.5, 0, -5000), 3, out);
  expect(out[0]).toBe(0.5);
  expect(out[1]).toBe(0.5);
  expect(out[2]).toBe(0);
});

it.each([
  ['{', /is not JSON/],
  ['[]', /is not an object/],
  ['{}', /kind: "undefined" is not one of logistic/],
  [TEXT.replace('-1', '"-1"'), /intercept: is not a finite number/],
  [TEXT.replace('-1', '1e999'), /intercept: is not a finite number/],
  [TEXT.replace('[0.5,2]', '[]'), /weights: is not a list/],
  [TEXT.replace('0.5', 'null'), /weights\[0\]: is not a finite number/],
  [TEXT.replace('}', ',"scale":2}'), /scale: is not one of kind, intercept, weights/],
])('%s is refused', (text, message) => {
  expect(() => readLogisticRegression(text)).toThrow(ModelFormatError);
  expect(() => readLogisticRegression(text)).toThrow(message);
});
