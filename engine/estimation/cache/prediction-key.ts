/**
 * Keys of predictions: the features that the model would use, bucketed, hashed to 53 bits. The version of the model and
 * the schema of its features go into the hash, so another model never finds what this one said. With a million keys at a
 * time one pair of them collides with a probability of 0.00006.
 */
import { combineHashes, hashText } from '../../traffic/admission/key-hash.ts';

/** How the values of one feature fall together. */
export type FeatureBucket =
  /** Each value is its own. */
  | { readonly kind: 'exact' }
  /** Values within the same multiple of `step`. */
  | { readonly kind: 'step'; readonly step: number }
  /** Values between the same two of the rising `edges`. */
  | { readonly kind: 'edges'; readonly edges: readonly number[] }
  /** Not part of the key: it moves a prediction too little. */
  | { readonly kind: 'left-out' };

export interface KeyColumn {
  /** In the exact key. */
  readonly bucket: FeatureBucket;
  /** In the coarse key. */
  readonly coarse: FeatureBucket;
}

export class PredictionKeys {
  /** Of the last row: all features, and the few that say most. */
  exact = 0;
  coarse = 0;
  readonly #columns: readonly KeyColumn[];
  #seed = 0;
  readonly #value = new Float64Array(1);
  readonly #bits = new Int32Array(this.#value.buffer);

  /** One column for each feature. */
  constructor(columns: readonly KeyColumn[], version: string, schemaHash: string) {
    this.#columns = columns;
    this.setVersion(version, schemaHash);
  }

  setVersion(version: string, schemaHash: string): void {
    this.#seed = combineHashes(hashText(version), hashText(schemaHash));
  }

  /** Sets `exact` and `coarse` for the row that begins at `at`. Allocates nothing. */
  read(rows: Float64Array, at: number): void {
    let exactHigh = combineHashes(this.#seed, 1);
    let exactLow = combineHashes(this.#seed, 2);
    let coarseHigh = combineHashes(this.#seed, 3);
    let coarseLow = combineHashes(this.#seed, 4);
    for (let column = 0; column < this.#columns.length; column++) {
      const { bucket, coarse } = this.#columns[column]!;
      const value = rows[at + column]!;
      if (bucket.kind !== 'left-out') {
        const hash = this.#hashOf(bucketOf(bucket, value));
        exactHigh = combineHashes(exactHigh, hash);
        exactLow = combineHashes(exactLow, Math.imul(hash, 0x9e3779b1));
      }
      if (coarse.kind === 'left-out') continue;
      const hash = this.#hashOf(bucketOf(coarse, value));
      coarseHigh = combineHashes(coarseHigh, hash);
      coarseLow = combineHashes(coarseLow, Math.imul(hash, 0x9e3779b1));
    }
    this.exact = toKey(exactHigh, exactLow);
    this.coarse = toKey(coarseHigh, coarseLow);
  }

  #hashOf(value: number): number {
    // 0 and -0 are one value, and so are all NaN.
    this.#value[0] = value === 0 ? 0 : value;
    return combineHashes(this.#bits[0]!, this.#bits[1]!);
  }
}

function bucketOf(bucket: FeatureBucket, value: number): number {
  switch (bucket.kind) {
    case 'step':
      return Math.floor(value / bucket.step);
    case 'edges':
      return Number.isNaN(value) ? value : edgesBelow(bucket.edges, value);
    default:
      return value;
  }
}

function edgesBelow(edges: readonly number[], value: number): number {
  let count = 0;
  while (count < edges.length && value >= edges[count]!) count++;
  return count;
}

function toKey(high: number, low: number): number {
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}
