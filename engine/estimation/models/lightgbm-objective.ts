/** LightGBM's `objective=` line: how the sum of the trees becomes a prediction (its `ConvertOutput`). */
import { ModelFormatError, quoted } from './model-format-error.ts';
import { parseFinite, words } from './number-list.ts';

export type Link =
  /** 1 / (1 + exp(-steepness x)) */
  | { readonly kind: 'sigmoid'; readonly steepness: number }
  | { readonly kind: 'identity' }
  /** exp(x) */
  | { readonly kind: 'exponential' }
  /** x |x|: undoes the root that `reg_sqrt` takes of the target. */
  | { readonly kind: 'signed_square' }
  /** ln(1 + exp(x)) */
  | { readonly kind: 'softplus' };

/** Objectives that give several numbers for a row (`multiclass`, `multiclassova`) are not among them. */
const LINK_KINDS: ReadonlyMap<string, Link['kind']> = new Map([
  ['binary', 'sigmoid'],
  ['cross_entropy', 'sigmoid'],
  ['xentropy', 'sigmoid'],
  ['cross_entropy_lambda', 'softplus'],
  ['xentlambda', 'softplus'],
  ['regression', 'identity'],
  ['regression_l1', 'identity'],
  ['huber', 'identity'],
  ['fair', 'identity'],
  ['quantile', 'identity'],
  ['mape', 'identity'],
  ['lambdarank', 'identity'],
  ['rank_xendcg', 'identity'],
  ['custom', 'identity'],
  ['none', 'identity'],
  ['poisson', 'exponential'],
  ['gamma', 'exponential'],
  ['tweedie', 'exponential'],
]);

const SQRT_OBJECTIVES: ReadonlySet<string> = new Set(['regression', 'regression_l1', 'fair', 'quantile', 'mape']);

/**
 * From the value of the line, null when there is none: LightGBM leaves it out when the objective was a function of the
 * trainer's own, and then predicts the bare sum. Throws a `ModelFormatError` that quotes the line.
 */
export function parseObjective(line: string | null): Link {
  if (line === null) return { kind: 'identity' };
  const place = `objective=${line}`;
  const [name = '', ...settings] = words(line);
  const kind = LINK_KINDS.get(name);
  if (kind === undefined) {
    const known = [...LINK_KINDS.keys()].join(', ');
    throw new ModelFormatError(place, `not an objective with one output that is known here (${known})`);
  }
  const hasSqrt = settings.includes('sqrt');
  const unknown = settings.find((setting) => setting !== 'sqrt' && !setting.includes(':'));
  if (unknown !== undefined) throw new ModelFormatError(place, `unknown setting ${quoted(unknown)}`);
  if (hasSqrt && !SQRT_OBJECTIVES.has(name)) throw new ModelFormatError(place, `sqrt does not go with ${name}`);
  if (hasSqrt) return { kind: 'signed_square' };
  return kind === 'sigmoid' ? { kind, steepness: name === 'binary' ? parseSteepness(settings, place) : 1 } : { kind };
}

function parseSteepness(settings: readonly string[], place: string): number {
  const setting = settings.find((candidate) => candidate.startsWith('sigmoid:'));
  if (setting === undefined) throw new ModelFormatError(place, 'sigmoid:… is missing');
  const steepness = parseFinite(setting.slice('sigmoid:'.length), place);
  if (steepness <= 0) throw new ModelFormatError(place, 'sigmoid must be above 0');
  return steepness;
}

/** Replaces the first `count` values by what the link makes of them. */
export function applyLink(link: Link, values: Float64Array, count: number): void {
  switch (link.kind) {
    case 'identity':
      return;
    case 'sigmoid':
      for (let index = 0; index < count; index++) {
        values[index] = 1 / (1 + Math.exp(-link.steepness * values[index]!));
      }
      return;
    case 'exponential':
      for (let index = 0; index < count; index++) values[index] = Math.exp(values[index]!);
      return;
    case 'signed_square':
      for (let index = 0; index < count; index++) values[index] = values[index]! * Math.abs(values[index]!);
      return;
    case 'softplus':
      for (let index = 0; index < count; index++) values[index] = Math.log1p(Math.exp(values[index]!));
      return;
    default:
      link satisfies never;
  }
}
