import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { readFactorizationMachine } from './factorization-machine.ts';
import { ModelFormatError } from './model-format-error.ts';

const TEXT = `#global bias W0
-0.5
#unary interactions Wj
0.1
-0.2
0.3
#pairwise interactions Vj,f
1 0.5
2 -0.5
-1 0.25
`;

function scoreOne(text: string, row: number[]): number {
  const out = new Float64Array(1);
  readFactorizationMachine(text).score(Float64Array.from(row), 1, out);
  return out[0]!;
}

test('a row worked out by hand', () => {
  // Pairs: (0,1) 1*2 + .5*-.5 = 1.75, (0,2) -1 + .125 = -.875, (1,2) -2 - .125 = -2.125.
  const [x0, x1, x2] = [2, 1, -1] as const;
  const sum = -0.5 + 0.1 * x0 - 0.2 * x1 + 0.3 * x2 + 1.75 * x0 * x1 - 0.875 * x0 * x2 - 2.125 * x1 * x2;
  expect(scoreOne(TEXT, [x0, x1, x2])).toBeCloseTo(1 / (1 + Math.exp(-sum)), 14);
});

test('what is missing counts as 0', () => {
  expect(scoreOne(TEXT, [Number.NaN, 1, -1])).toBe(scoreOne(TEXT, [0, 1, -1]));
});

test('bias and weights may be left out, factors may be none', () => {
  const factors = TEXT.slice(TEXT.indexOf('#pairwise'));
  expect(scoreOne(factors, [1, 0, 0])).toBe(0.5);
  const linear = TEXT.slice(0, TEXT.indexOf('1 0.5')).concat('\n\n\n');
  expect(scoreOne(linear, [1, 0, 0])).toBeCloseTo(1 / (1 + Math.exp(0.4)), 14);
  expect(readFactorizationMachine(linear)).toMatchObject({ featureCount: 3, factorCount: 0 });
});

const number = fc.integer({ min: -2000, max: 2000 }).map((thousandths) => thousandths / 1000);

test('equals the sum over all pairs; sparse, dense and batch agree', () => {
  const model = fc.record({
    bias: number,
    features: fc.array(fc.record({ weight: number, factors: fc.tuple(number, number, number), x: number }), {
      minLength: 1,
      maxLength: 12,
    }),
  });
  fc.assert(
    fc.property(model, ({ bias, features }) => {
      let sum = bias;
      for (const [i, a] of features.entries()) {
        sum += a.weight * a.x;
        for (const b of features.slice(i + 1)) {
          sum += a.factors.reduce((product, factor, f) => product + factor * b.factors[f]!, 0) * a.x * b.x;
        }
      }
      const text = [
        `#global bias W0\n${bias}\n#unary interactions Wj`,
        ...features.map(({ weight }) => weight),
        '#pairwise interactions Vj,f',
        ...features.map(({ factors }) => factors.join(' ')),
      ].join('\n');
      const machine = readFactorizationMachine(text);
      const row = features.map(({ x }) => x);
      const out = new Float64Array(2);
      machine.score(Float64Array.from([...row, ...row]), 2, out);
      expect(out[0]).toBeCloseTo(1 / (1 + Math.exp(-sum)), 9);
      expect(out[1]).toBe(out[0]);
      const indexes = Int32Array.from(row.keys());
      expect(machine.scoreSparse(indexes, Float64Array.from(row), row.length)).toBe(out[0]);
    }),
  );
});

test('a sparse row names features that there are', () => {
  const machine = readFactorizationMachine(TEXT);
  const one = Float64Array.of(1);
  expect(machine.scoreSparse(Int32Array.of(1), one, 1)).toBe(scoreOne(TEXT, [0, 1, 0]));
  for (const index of [3, -1]) expect(() => machine.scoreSparse(Int32Array.of(index), one, 1)).toThrow(RangeError);
  expect(() => machine.scoreSparse(Int32Array.of(1), one, 2)).toThrow(RangeError);
});

describe('what is no libFM model is refused', () => {
  it.each([
    ['nothing', '', /pairwise.*is missing/],
    ['no heading', '1\n2\n', /line 1: "1" is under no heading/],
    ['no factors', TEXT.slice(0, TEXT.indexOf('#pairwise')), /pairwise.*is missing/],
    ['no features', '#pairwise interactions Vj,f\n', /no features/],
    ['an unknown section', TEXT.replace('#unary', '#triple'), /line 3/],
    ['a section twice', `${TEXT}#global bias W0\n1\n`, /line 11/],
    ['two biases', TEXT.replace('-0.5\n', '-0.5\n1\n'), /W0: 2 numbers/],
    ['fewer weights than rows', TEXT.replace('0.1\n', ''), /Wj: 2 features, but 3/],
    ['a row too short', TEXT.replace('2 -0.5', '2'), /Vj,f, row 2: 1 numbers where 2/],
    ['NaN', TEXT.replace('0.25', 'nan'), /row 3: "nan" is not a finite number/],
    ['infinity', TEXT.replace('0.25', '-inf'), /row 3/],
    ['a word', TEXT.replace('-0.2', 'x'), /Wj, row 2/],
  ])('%s', (_what, text, message) => {
    expect(() => readFactorizationMachine(text)).toThrow(ModelFormatError);
    expect(() => readFactorizationMachine(text)).toThrow(message);
  });
});
