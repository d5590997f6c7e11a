/**
 * From a model's score to a probability that can be billed on. Two steps, in this order:
 *
 * 1. prior correction: a model trained on a sample that kept only the share q of the negatives says p where the truth
 *    is p / (p + (1 - p) / q);
 * 2. a monotone map, fitted on corrected scores of rows that were not sampled: isotonic (linear between stored points,
 *    flat outside of them) or Platt (sigmoid(slope x logit(p) + intercept)).
 *
 * Step 2 sees what step 1 gives, so it can be fitted anew on a later day without knowing how training was sampled.
 */
import { JsonFields } from './json-fields.ts';
import { logit, sigmoid } from './sigmoid.ts';

/** The result is within this and 1 minus this: never certain, so that log-loss and log-odds stay finite. */
export const PROBABILITY_MIN = 1e-9;

interface MonotoneMap {
  readonly apply: (probability: number) => number;
}

/**
 * From the calibration part of a bundle:
 *
 *     { "kind": "isotonic", "scores": [0.001, 0.01], "rates": [0.0008, 0.012], "negativeSampleRate": 0.1 }
 *     { "kind": "platt", "slope": 1.05, "intercept": -0.02 }
 *     { "kind": "none" }
 *
 * `negativeSampleRate` (q, default 1) goes with each of them. Throws a `ModelFormatError`.
 */
export function readCalibration(json: unknown): Calibration {
  const fields = new JsonFields(json, 'calibration');
  const negativeSampleRate = fields.has('negativeSampleRate') ? fields.number('negativeSampleRate') : 1;
  if (!(negativeSampleRate > 0 && negativeSampleRate <= 1)) fields.fail('negativeSampleRate', 'is not in (0, 1]');
  return new Calibration(negativeSampleRate, readMap(fields));
}

function readMap(fields: JsonFields): MonotoneMap | null {
  const kind = fields.oneOf('kind', ['isotonic', 'platt', 'none']);
  switch (kind) {
    case 'none':
      fields.allowOnly(['kind', 'negativeSampleRate']);
      return null;
    case 'isotonic':
      fields.allowOnly(['kind', 'negativeSampleRate', 'scores', 'rates']);
      return readIsotonic(fields);
    case 'platt':
      fields.allowOnly(['kind', 'negativeSampleRate', 'slope', 'intercept']);
      return readPlatt(fields);
  }
}

/** Create one by `readCalibration`. Never falls as the score rises. */
export class Calibration {
  readonly #negativeSampleRate: number;
  readonly #map: MonotoneMap | null;

  constructor(negativeSampleRate: number, map: MonotoneMap | null) {
    this.#negativeSampleRate = negativeSampleRate;
    this.#map = map;
  }

  /**
   * Within [1e-9, 1 - 1e-9] for a score within [0, 1]. NaN for all others: what is no probability must not be made to
   * look like one.
   */
  calibrate(score: number): number {
    if (!(score >= 0 && score <= 1)) return Number.NaN;
    const corrected = neverCertain(score / (score + (1 - score) / this.#negativeSampleRate));
    return this.#map === null ? corrected : neverCertain(this.#map.apply(corrected));
  }

  /** In place, of the first `count`. */
  calibrateAll(scores: Float64Array, count: number): void {
    for (let index = 0; index < count; index++) scores[index] = this.calibrate(scores[index]!);
  }
}

/** Within `PROBABILITY_MIN` and 1 minus it. */
export function neverCertain(probability: number): number {
  return Math.min(1 - PROBABILITY_MIN, Math.max(PROBABILITY_MIN, probability));
}

function readPlatt(fields: JsonFields): MonotoneMap {
  const slope = fields.number('slope');
  const intercept = fields.number('intercept');
  if (slope <= 0) fields.fail('slope', 'is not above 0: a better score would mean fewer clicks');
  return { apply: (probability) => sigmoid(slope * logit(probability) + intercept) };
}

function readIsotonic(fields: JsonFields): MonotoneMap {
  const scores = fields.numbers('scores');
  const rates = fields.numbers('rates');
  if (scores.length !== rates.length) fields.fail('rates', `${rates.length} for ${scores.length} scores`);
  for (let index = 0; index < scores.length; index++) {
    if (scores[index]! < 0 || scores[index]! > 1) fields.fail(`scores[${index}]`, 'is not in [0, 1]');
    if (rates[index]! < 0 || rates[index]! > 1) fields.fail(`rates[${index}]`, 'is not in [0, 1]');
    if (index === 0) continue;
    if (scores[index]! <= scores[index - 1]!) fields.fail(`scores[${index}]`, 'does not rise');
    if (rates[index]! < rates[index - 1]!) fields.fail(`rates[${index}]`, 'falls');
  }
  return { apply: (probability) => interpolate(scores, rates, probability) };
}

function interpolate(scores: Float64Array, rates: Float64Array, x: number): number {
  const last = scores.length - 1;
  if (x <= scores[0]!) return rates[0]!;
  if (x >= scores[last]!) return rates[last]!;
  let below = 0;
  let above = last;
  while (above - below > 1) {
    const middle = (below + above) >> 1;
    if (scores[middle]! <= x) below = middle;
    else above = middle;
  }
  const share = (x - scores[below]!) / (scores[above]! - scores[below]!);
  // Not over rates[above], whatever is lost in rounding: the next piece begins there.
  return Math.min(rates[above]!, rates[below]! + share * (rates[above]! - rates[below]!));
}
