/**
 * Click rates of the past by key (a creative, a creative on a placement), frozen at training: a table of a bundle.
 * Rates are log-odds above the overall ones ("lift": 0 is average, ln 2 twice the odds). Lifts are the same however
 * many of the rows without a click were left out of the log.
 */
import { JsonFields } from '../models/json-fields.ts';
import { MISSING } from './hash.ts';

/** As in `rates.json`. The three lists go together. */
export interface RateTableData {
  /** Hashes as unsigned integers of 32 bits. */
  readonly keys: readonly number[];
  readonly lifts: readonly number[];
  /** Impressions that the rate is from. */
  readonly impressions: readonly number[];
}

/**
 * Open addressing in typed arrays. A look-up is `lifts[placeOf(key)]`: no function returns the rate itself, which would
 * put it on the heap.
 */
export class RateTable {
  /** 0, the average, where there is no key. */
  readonly lifts: Float64Array;
  /** ln(1 + impressions), 0 where there is no key. */
  readonly evidences: Float64Array;
  readonly #keys: Int32Array;
  readonly #mask: number;

  /** Keys must differ and not be `MISSING`; see `readRateTable`. */
  constructor({ keys, lifts, impressions }: RateTableData) {
    // At most half full.
    const places = 2 ** Math.ceil(Math.log2(Math.max(1, keys.length) * 2));
    this.#mask = places - 1;
    this.#keys = new Int32Array(places);
    this.lifts = new Float64Array(places);
    this.evidences = new Float64Array(places);
    for (let index = 0; index < keys.length; index++) {
      const place = this.placeOf(keys[index]! | 0);
      this.#keys[place] = keys[index]! | 0;
      this.lifts[place] = lifts[index]!;
      this.evidences[place] = Math.log1p(impressions[index]!);
    }
  }

  /** The key's place, or the free one where it would be. Not for `MISSING`. */
  placeOf(key: number): number {
    let place = key & this.#mask;
    while (this.#keys[place] !== MISSING && this.#keys[place] !== key) place = (place + 1) & this.#mask;
    return place;
  }
}

/** Throws a `ModelFormatError`. */
export function readRateTable(json: unknown, name: string): RateTable {
  const fields = new JsonFields(json, name);
  fields.allowOnly(['keys', 'lifts', 'impressions']);
  const keys = fields.numbersOrNone('keys');
  const lifts = fields.numbersOrNone('lifts');
  const impressions = fields.numbersOrNone('impressions');
  if (lifts.length !== keys.length) fields.fail('lifts', `${lifts.length} for ${keys.length} keys`);
  if (impressions.length !== keys.length) fields.fail('impressions', `${impressions.length} for ${keys.length} keys`);
  const seen = new Set<number>();
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index]!;
    if (!Number.isInteger(key) || key <= MISSING || key > 0xffffffff) fields.fail(`keys[${index}]`, 'is no key');
    if (seen.has(key)) fields.fail(`keys[${index}]`, 'is there already');
    if (impressions[index]! < 0) fields.fail(`impressions[${index}]`, 'is below 0');
    seen.add(key);
  }
  return new RateTable({ keys: [...keys], lifts: [...lifts], impressions: [...impressions] });
}
