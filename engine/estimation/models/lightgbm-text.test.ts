import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { readGbdt } from './gbdt.ts';
import { parseLightgbmText as parseInSteps } from './lightgbm-text.ts';
import { ModelFormatError } from './model-format-error.ts';
import { finish } from './steps.ts';
import { modelText } from './testing/fixtures.ts';

const parseLightgbmText = (text: string) => finish(parseInSteps(text));

const numeric = modelText('lightgbm-4.7.0/numeric');
const categorical = modelText('lightgbm-4.7.0/categorical');
const linear = modelText('lightgbm-4.7.0/linear');

/** The text with `tree_sizes` that fit it, so that what is wrong is not merely its length. */
function withSizes(text: string): string {
  const trees = text.slice(text.indexOf('\nTree=') + 1, text.indexOf('end of trees'));
  const sizes = trees.split(/^(?=Tree=)/m).map(({ length }) => length);
  return text.replace(/^tree_sizes=.*$/m, () => `tree_sizes=${sizes.join(' ')}`);
}

/** Changes the first line of a key. */
function withLine(text: string, key: string, change: (value: string) => string): string {
  return withSizes(text.replace(new RegExp(`^${key}=(.*)$`, 'm'), (_line, value: string) => `${key}=${change(value)}`));
}

function without(text: string, key: string): string {
  return withSizes(text.replace(new RegExp(`^${key}(=.*)?\n`, 'm'), ''));
}

/** Changes one of the words of a line. */
function withWord(text: string, key: string, index: number, word: string): string {
  return withLine(text, key, (value) => value.split(' ').with(index, word).join(' '));
}

test('what is changed below was right before', () => {
  for (const text of [numeric, categorical, linear]) expect(withSizes(text)).toBe(text);
});

const HUGE = '99999999999999';

describe('a file that is not what it should be is refused, with the place', () => {
  it.each<[what: string, text: string, message: RegExp]>([
    ['nothing', '', /model: not a LightGBM/],
    ['something else', '{"kind":"logistic"}', /model: not a LightGBM/],
    ['another first line', numeric.replace('tree\n', 'forest\n'), /line 1: "forest"/],
    ['a format of the future', withLine(numeric, 'version', () => 'v9'), /version=v9: known are v2, v3, v4/],
    [
      'a bare word that may change what is predicted',
      numeric.replace('\nversion', '\nmedian_output\nversion'),
      /line 2/,
    ],
    ['a header line twice', numeric.replace('\nnum_class=1', '\nnum_class=1\nnum_class=1'), /line 4: "num_class"/],
    ...([
      'version',
      'num_class',
      'num_tree_per_iteration',
      'label_index',
      'max_feature_idx',
      'feature_names',
      'feature_infos',
      'tree_sizes',
    ].map(
      (key) =>
        [`no ${key}`, numeric.replace(new RegExp(`^${key}=.*\n`, 'm'), ''), new RegExp(`${key}: is miss`)] as const,
    ) as [string, string, RegExp][]),
    ['several classes', withLine(numeric, 'num_class', () => '3'), /num_class=3: .*objective=binary/],
    ['several trees at a time', withLine(numeric, 'num_tree_per_iteration', () => '3'), /num_tree_per_iteration=3/],
    [
      'several outputs',
      withLine(numeric, 'objective', () => 'multiclass num_class:3'),
      /objective=multiclass num_class:3/,
    ],
    ['an unknown objective', withLine(numeric, 'objective', () => 'magic'), /objective=magic: not an objective/],
    ['an unknown way to transform', withLine(numeric, 'objective', () => 'binary sigmoid:1 cubed'), /"cubed"/],
    ['a root where LightGBM takes none', withLine(numeric, 'objective', () => 'poisson sqrt'), /sqrt does not go/],
    ['a sigmoid without steepness', withLine(numeric, 'objective', () => 'binary'), /sigmoid:… is missing/],
    ['a flat sigmoid', withLine(numeric, 'objective', () => 'binary sigmoid:0'), /sigmoid must be above 0/],
    ['a broken sigmoid', withLine(numeric, 'objective', () => 'binary sigmoid:1e999'), /not a finite number/],
    [
      'a gigantic number of features',
      withLine(numeric, 'max_feature_idx', () => '2147483646'),
      /feature_names: 8 values/,
    ],
    ['a negative number of features', withLine(numeric, 'max_feature_idx', () => '-1'), /max_feature_idx: -1/],
    [
      'fewer names than features',
      withLine(numeric, 'feature_names', (value) => value.replace(' Column_7', '')),
      /7 val/,
    ],

    ['no trees', numeric.replace(/^tree_sizes=.*$/m, 'tree_sizes='), /"end of trees" is missing/],
    ['a size too small', withWordUnsized(numeric, 'tree_sizes', 2, '100'), /Tree=2: is not where/],
    ['a gigantic size', withWordUnsized(numeric, 'tree_sizes', 2, '2147483646'), /Tree=2: is not where/],
    ['more sizes than trees', numeric.replace(/^(tree_sizes=.*)$/m, '$1 500'), /Tree=12: is not where/],
    ['fewer sizes than trees', numeric.replace(/^(tree_sizes=.*) \d+$/m, '$1'), /after Tree=10: "end of trees"/],
    ['a value changed by hand', numeric.replace(/leaf_value=-?0/, 'leaf_value=10'), /Tree=1: is not where/],
    ['other line ends', numeric.replaceAll('\n', '\r\n'), /line 1/],
    ['trees in another order', numeric.replace('Tree=0', 'Tree=1'), /Tree=0: is not where/],

    ['a tree without leaves', withLine(numeric, 'num_leaves', () => '0'), /Tree=0 num_leaves: 0/],
    [
      'gigantically many leaves',
      withLine(numeric, 'num_leaves', () => '2147483647'),
      /leaf_value: 12 values where 2147483647/,
    ],
    [
      'more leaves than integers',
      withLine(numeric, 'num_leaves', () => HUGE),
      /num_leaves: 99999999999999 is not within/,
    ],
    ['a line that is no field', withSizes(numeric.replace('\nnum_cat', '\n???\nnum_cat')), /Tree=0: "\?\?\?"/],
    [
      'a field twice',
      withSizes(numeric.replace('\nnum_cat=0', '\nnum_cat=0\nnum_cat=0')),
      /Tree=0: num_cat is there twice/,
    ],
    ...(['num_leaves', 'split_feature', 'threshold', 'decision_type', 'left_child', 'right_child', 'leaf_value'].map(
      (key) => [`no ${key}`, without(numeric, key), new RegExp(`Tree=0 ${key}: is missing`)] as const,
    ) as [string, string, RegExp][]),
    ['too few thresholds', withLine(numeric, 'threshold', () => '1 2'), /threshold: 2 values where 11/],
    ['a leaf of NaN', withWord(numeric, 'leaf_value', 3, 'nan'), /leaf_value\[3\]: "nan" is not a finite/],
    ['an infinite leaf', withWord(numeric, 'leaf_value', 3, 'inf'), /leaf_value\[3\]: "inf" is not a finite/],
    ['a leaf beyond doubles', withWord(numeric, 'leaf_value', 3, '1e999'), /leaf_value\[3\]/],
    ['a threshold of NaN', withWord(numeric, 'threshold', 0, 'nan'), /threshold\[0\]: "nan"/],
    ['a threshold in hexadecimal', withWord(numeric, 'threshold', 0, '0x10'), /threshold\[0\]: "0x10"/],
    [
      'a feature that is not there',
      withWord(numeric, 'split_feature', 1, '8'),
      /split_feature\[1\]: 8 is not within 0..7/,
    ],
    ['a negative feature', withWord(numeric, 'split_feature', 1, '-1'), /split_feature\[1\]/],
    ['half a feature', withWord(numeric, 'split_feature', 1, '1.5'), /"1.5" is not an integer/],
    ['an unknown missing type', withWord(numeric, 'decision_type', 1, '14'), /decision_type\[1\]: 14/],
    [
      'a child that is not there',
      withWord(numeric, 'left_child', 2, '11'),
      /left_child\[2\]: 11 is not within -12..10/,
    ],
    ['a leaf that is not there', withWord(numeric, 'left_child', 2, '-13'), /left_child\[2\]: -13/],
    ['a node that is its own child', withWord(numeric, 'left_child', 2, '2'), /child of another node already/],
    ['a way back to the root', withWord(numeric, 'right_child', 2, '0'), /child of another node already/],
    [
      'a ring beside the tree',
      withLine(
        withLine(numeric, 'left_child', () => ring('left')),
        'right_child',
        () => ring('right'),
      ),
      /Tree=0: only 1 of 11 nodes can be reached/,
    ],

    ['categories that are not there', without(categorical, 'cat_threshold'), /cat_threshold: is missing/],
    ['no boundaries of categories', without(categorical, 'cat_boundaries'), /cat_boundaries: is missing/],
    ['boundaries that fall', withWord(categorical, 'cat_boundaries', 1, '9999'), /cat_boundaries: falls after \[1\]/],
    ['boundaries from the middle', withWord(categorical, 'cat_boundaries', 0, '1'), /does not begin with 0/],
    ['gigantic bit sets', withLine(categorical, 'cat_boundaries', gigantic), /cat_boundaries\[\d+\]: 2147483646/],
    ['a word of 33 bits', withWord(categorical, 'cat_threshold', 0, '4294967296'), /cat_threshold\[0\]: 4294967296/],
    ['gigantically many bit sets', withLine(categorical, 'num_cat', () => '2147483646'), /cat_boundaries: \d+ values/],
    ['a split by no categories', withLine(categorical, 'num_cat', () => '0'), /none of the 0 category sets/],

    ['linear leaves without constants', without(linear, 'leaf_const'), /leaf_const: is missing/],
    [
      'half a linear leaf',
      withLine(linear, 'num_features', (value) => `9999${value.slice(1)}`),
      /num_features\[0\]: 9999/,
    ],
    [
      'a linear leaf of features that are not there',
      withLine(withTerm(linear), 'leaf_features', () => '8'),
      /leaf_features\[0\]: 8 is not within 0..7/,
    ],
    ['linear leaves that are perhaps', withLine(linear, 'is_linear', () => '2'), /is_linear: 2/],
  ])('%s', (_what, text, message) => {
    expect(() => readGbdt(text)).toThrow(ModelFormatError);
    expect(() => readGbdt(text)).toThrow(message);
  });

  it('cut at any place before the last line of the trees', () => {
    const end = numeric.indexOf('end of trees\n') + 'end of trees\n'.length;
    expect(parseLightgbmText(numeric.slice(0, end)).trees).toHaveLength(12);
    for (let length = 0; length < end; length += 7) {
      expect(() => readGbdt(numeric.slice(0, length)), `${length} characters`).toThrow(ModelFormatError);
    }
  });
});

/** Without mending `tree_sizes`. */
function withWordUnsized(text: string, key: string, index: number, word: string): string {
  return text.replace(new RegExp(`^${key}=(.*)$`, 'm'), (_line, value: string) => {
    return `${key}=${value.split(' ').with(index, word).join(' ')}`;
  });
}

/** The root has two leaves; nodes 1 to 10 are children of each other. */
function ring(side: 'left' | 'right'): string {
  const leaves = side === 'left' ? -1 : -2;
  return [
    leaves,
    ...Array.from({ length: 10 }, (_, index) => (side === 'left' ? ((index + 1) % 10) + 1 : -3 - index)),
  ].join(' ');
}

function gigantic(boundaries: string): string {
  return boundaries.replace(/\d+$/, '2147483646');
}

/** Linear models of LightGBM begin with a tree of constants: gives its first leaf a term. */
function withTerm(text: string): string {
  return text.replace(/^num_features=[0 ]*$/m, (line) => line.replace('0', '1'));
}

test('whatever is done to the text of a tree, it is refused or gives finite scores', () => {
  const rows = new Float64Array(8 * 4).fill(0.5).fill(Number.NaN, 8, 20);
  const out = new Float64Array(4);
  const start = numeric.indexOf('\nTree=');
  const end = numeric.indexOf('Tree=1\n');
  const damage = fc.tuple(
    fc.integer({ min: start, max: end }),
    fc.constantFrom('-', '0', '9', ' ', '\n', '=', 'e', '.', '', '77', 'inf', 'nan'),
  );
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (edits) => {
      let text = numeric;
      for (const [at, inserted] of edits) text = text.slice(0, at) + inserted + text.slice(at + 1);
      try {
        readGbdt(withSizes(text)).score(rows, 4, out);
      } catch (error) {
        expect(error).toBeInstanceOf(ModelFormatError);
        return;
      }
      expect(out.every(Number.isFinite)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('what no prediction depends on may be missing or unknown', () => {
  const bare = withSizes(numeric.replace(/^(split_gain|leaf_weight|leaf_count|internal_\w+|shrinkage)=.*\n/gm, ''));
  const end = bare.indexOf('end of trees\n') + 'end of trees\n'.length;
  expect(parseLightgbmText(bare.slice(0, end)).trees).toEqual(parseLightgbmText(numeric).trees);
  expect(parseLightgbmText(numeric.replace('\nversion', '\nmonotone_constraints=0 0\nversion')).trees).toHaveLength(12);
});

test('names of features may hold an equals sign', () => {
  const names = withLine(numeric, 'feature_names', (value) => value.replace('Column_3', 'a=b'));
  expect(parseLightgbmText(names).featureNames[3]).toBe('a=b');
});

test.each([
  [undefined, 'identity'],
  ['custom', 'identity'],
  ['lambdarank', 'identity'],
  ['quantile sqrt', 'signed_square'],
  ['gamma', 'exponential'],
  ['xentropy', 'sigmoid'],
  ['xentlambda', 'softplus'],
])('objective %s is read as %s', (objective, kind) => {
  const text =
    objective === undefined ? without(numeric, 'objective') : withLine(numeric, 'objective', () => objective);
  expect(parseLightgbmText(text).link.kind).toBe(kind);
});

test('a tree as deep as it has leaves is walked without recursion', () => {
  const leafCount = 100_000;
  const nodes = Array.from({ length: leafCount - 1 }, (_, node) => node);
  const tree = [
    'Tree=0',
    `num_leaves=${leafCount}`,
    `split_feature=${nodes.map(() => 0).join(' ')}`,
    `threshold=${nodes.map((node) => node).join(' ')}`,
    `decision_type=${nodes.map(() => 2).join(' ')}`,
    `left_child=${nodes.map((node) => ~node).join(' ')}`,
    `right_child=${nodes.map((node) => (node === leafCount - 2 ? ~(node + 1) : node + 1)).join(' ')}`,
    `leaf_value=${[...nodes, leafCount - 1].join(' ')}`,
    '\n\n',
  ].join('\n');
  const header = numeric.slice(0, numeric.indexOf('\nTree=') + 1);
  const model = readGbdt(withSizes(`${header}${tree}end of trees\n`));
  const out = new Float64Array(1);
  model.scoreRaw(new Float64Array(8).fill(77_777), 1, out);
  expect(out[0]).toBe(77_777);
});
