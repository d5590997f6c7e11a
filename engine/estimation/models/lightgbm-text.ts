/**
 * LightGBM's own model text, as `Booster.save_model` writes it: header, one section a tree, then importances and
 * parameters that no prediction depends on. Format versions v2 to v4 (LightGBM 2.2 to 4.x).
 */
import { type Link, parseObjective } from './lightgbm-objective.ts';
import { type LightgbmTree, parseTree } from './lightgbm-tree.ts';
import { ModelFormatError, quoted } from './model-format-error.ts';
import { type IntegerRange, integerList, parseInteger, words } from './number-list.ts';
import type { Steps } from './steps.ts';

export interface LightgbmModel {
  readonly featureNames: readonly string[];
  readonly link: Link;
  /** Random forest: the prediction is the mean of the trees, not their sum. */
  readonly averagesTrees: boolean;
  /** At least one, in the order in which LightGBM adds them up. */
  readonly trees: readonly LightgbmTree[];
}

const VERSIONS: ReadonlySet<string> = new Set(['v2', 'v3', 'v4']);
const NATURAL: IntegerRange = { minimum: 0, maximum: 2 ** 31 - 2 };
const END_OF_TREES = 'end of trees';

/**
 * A tree each step. Throws a `ModelFormatError` for anything but a whole model with one output that LightGBM would
 * predict with.
 */
export function* parseLightgbmText(text: string): Steps<LightgbmModel> {
  const treesAt = text.indexOf('\nTree=') + 1;
  if (treesAt === 0) throw new ModelFormatError('model', 'not a LightGBM model text with a "Tree=" line');
  const header = parseHeader(text.slice(0, treesAt));
  if (!VERSIONS.has(header.require('version'))) {
    throw new ModelFormatError(`version=${header.require('version')}`, `known are ${[...VERSIONS].join(', ')}`);
  }
  // Not used, but LightGBM reads no file without it.
  header.require('label_index');
  checkSingleOutput(header);
  const featureNames = parseFeatureNames(header);
  return {
    featureNames,
    link: parseObjective(header.get('objective')),
    averagesTrees: header.has('average_output'),
    trees: yield* parseTrees(text, treesAt, header.require('tree_sizes'), featureNames.length),
  };
}

class Header {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  get(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  require(key: string): string {
    const value = this.#values.get(key);
    if (value === undefined) throw new ModelFormatError(`header ${key}`, 'is missing');
    return value;
  }
}

function parseHeader(text: string): Header {
  const [kind = '', ...lines] = text.split('\n');
  if (kind !== 'tree') throw new ModelFormatError('line 1', `${quoted(kind)} where "tree" is expected`);
  const values = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    // Names of features may hold an equals sign.
    const equals = line.indexOf('=');
    const key = equals === -1 ? line : line.slice(0, equals);
    const place = `line ${index + 2}`;
    // A bare word says how to predict: one that is not known must not be passed over.
    if (equals === -1 && key !== 'average_output') throw new ModelFormatError(place, `${quoted(line)} is not known`);
    if (values.has(key)) throw new ModelFormatError(place, `${quoted(key)} is there twice`);
    values.set(key, equals === -1 ? '' : line.slice(equals + 1));
  }
  return new Header(values);
}

function checkSingleOutput(header: Header): void {
  for (const key of ['num_class', 'num_tree_per_iteration']) {
    const count = parseInteger(header.require(key), `header ${key}`, NATURAL);
    if (count !== 1) {
      const objective = header.get('objective') ?? 'none';
      throw new ModelFormatError(`${key}=${count}`, `a model of one output is needed (objective=${objective})`);
    }
  }
}

function parseFeatureNames(header: Header): string[] {
  const featureCount = parseInteger(header.require('max_feature_idx'), 'header max_feature_idx', NATURAL) + 1;
  for (const key of ['feature_names', 'feature_infos']) {
    const found = words(header.require(key)).length;
    if (found !== featureCount) {
      throw new ModelFormatError(`header ${key}`, `${found} values, but max_feature_idx says ${featureCount}`);
    }
  }
  return words(header.require('feature_names'));
}

/** By `tree_sizes`, as LightGBM does: a file that was cut or edited does not fit its own table. */
function* parseTrees(text: string, treesAt: number, treeSizes: string, featureCount: number): Steps<LightgbmTree[]> {
  const treeCount = words(treeSizes).length;
  const sizes = integerList(treeSizes, treeCount, 'header tree_sizes', { minimum: 1, maximum: NATURAL.maximum });
  let at = treesAt;
  const trees: LightgbmTree[] = [];
  for (const [index, size] of sizes.entries()) {
    const place = `Tree=${index}`;
    const section = text.slice(at, at + size);
    if (section.length < size || !section.startsWith(`${place}\n`) || !section.endsWith('\n')) {
      throw new ModelFormatError(place, `is not where tree_sizes puts it: the file was cut or edited`);
    }
    trees.push(parseTree(section.slice(place.length + 1), place, featureCount));
    at += size;
    yield;
  }
  if (!text.startsWith(`${END_OF_TREES}\n`, at)) {
    throw new ModelFormatError(
      `after Tree=${treeCount - 1}`,
      `"${END_OF_TREES}" is missing: the file was cut or edited`,
    );
  }
  return trees;
}
