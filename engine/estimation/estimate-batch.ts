/**
 * Candidates of one request and their estimates, in arrays that grow to the largest request and stay. Fill in: `begin`,
 * then for each candidate its index, row, facts, prior and campaign tag. Read out: values, sources, misses.
 */
import type { EstimateSource } from '../auction/types.ts';
import { FALLBACK_KEY_COUNT, type FallbackFacts } from './fallback/fallback-facts.ts';

export class EstimateBatch {
  readonly featureCount: number;
  #count = 0;
  /** Of each candidate, as its asker numbers them. */
  indexes = new Int32Array(0);
  /** Row after row of features, NaN for what is missing. */
  rows = new Float64Array(0);
  readonly facts: FallbackFacts[] = [];
  /** The rate of what nothing is known of, by media type. */
  priors = new Float64Array(0);
  campaignTags = new Int32Array(0);
  /** Of the request; 0 where no user or device is known. */
  userTag = 0;
  deviceTag = 0;

  /** Within (0, 1). */
  values = new Float64Array(0);
  readonly sources: EstimateSource[] = [];
  /** Rows whose estimate a remote model may make better in time; their values are usable as they are. */
  misses = new Int32Array(0);
  missCount = 0;

  constructor(featureCount: number) {
    this.featureCount = featureCount;
  }

  get count(): number {
    return this.#count;
  }

  /** What was in the batch is no longer. Rows are as they were left: every feature is to be written. */
  begin(count: number, userTag: number): void {
    if (count > this.values.length) this.#grow(Math.max(count, this.values.length * 2));
    this.#count = count;
    this.userTag = userTag;
    this.deviceTag = 0;
    this.missCount = 0;
  }

  /** There turned out to be fewer. */
  cutTo(count: number): void {
    this.#count = count;
  }

  set(row: number, value: number, source: EstimateSource): void {
    this.values[row] = value;
    this.sources[row] = source;
  }

  addMiss(row: number): void {
    this.misses[this.missCount] = row;
    this.missCount += 1;
  }

  #grow(capacity: number): void {
    this.indexes = new Int32Array(capacity);
    this.rows = new Float64Array(capacity * this.featureCount);
    this.priors = new Float64Array(capacity);
    this.campaignTags = new Int32Array(capacity);
    this.values = new Float64Array(capacity);
    this.misses = new Int32Array(capacity);
    while (this.facts.length < capacity) {
      this.facts.push(new Int32Array(FALLBACK_KEY_COUNT));
      this.sources.push('fallback');
    }
  }
}
