/**
 * A quantile over about the last one to two spans of time, in constant memory: counts in logarithmic buckets, one set for
 * the span under way and one for the span before. Exact to the width of a bucket (`BUCKETS_PER_DOUBLING`), rounded up:
 * what lies above the answer is certainly in the upper part.
 */
export interface RollingQuantileOptions {
  /** 0..1, e.g. 0.95. */
  readonly quantile: number;
  /** The answer covers the last one to two of these, ms. */
  readonly spanMs: number;
  /** With fewer values the answer is infinite: nothing is known to be exceptional. */
  readonly valuesMin: number;
}

/** 2^(1/8): a bucket is 9% wide. */
const BUCKETS_PER_DOUBLING = 8;
/** Up to 2^40 (a million units of currency in micros); above, the last bucket takes all. */
const BUCKETS = 1 + 40 * BUCKETS_PER_DOUBLING;
/** Walking the buckets costs a few hundred ns, so the answer is kept for this many values. */
const VALUES_PER_ANSWER = 64;

export class RollingQuantile {
  readonly #options: RollingQuantileOptions;
  #current = new Uint32Array(BUCKETS);
  #previous = new Uint32Array(BUCKETS);
  #currentCount = 0;
  #previousCount = 0;
  #spanStartMs: number;
  #answer = Number.POSITIVE_INFINITY;
  #untilAnswer = VALUES_PER_ANSWER;

  constructor(options: RollingQuantileOptions, nowMs: number) {
    this.#options = options;
    this.#spanStartMs = nowMs;
  }

  /** Values below 1 count as 0. */
  add(value: number, nowMs: number): void {
    if (nowMs - this.#spanStartMs >= this.#options.spanMs) this.#nextSpan(nowMs);
    const index = bucketOf(value);
    this.#current[index] = this.#current[index]! + 1;
    this.#currentCount++;
    if (--this.#untilAnswer === 0) this.#refresh();
  }

  /** Upper edge of the bucket that holds the quantile, at most 64 values old; infinite until `valuesMin` are known. */
  get value(): number {
    return this.#answer;
  }

  #nextSpan(nowMs: number): void {
    const stale = nowMs - this.#spanStartMs >= 2 * this.#options.spanMs;
    [this.#previous, this.#current] = [this.#current, this.#previous];
    this.#previousCount = stale ? 0 : this.#currentCount;
    if (stale) this.#previous.fill(0);
    this.#current.fill(0);
    this.#currentCount = 0;
    this.#spanStartMs = nowMs;
    this.#refresh();
  }

  #refresh(): void {
    this.#untilAnswer = VALUES_PER_ANSWER;
    const count = this.#currentCount + this.#previousCount;
    this.#answer = count < this.#options.valuesMin ? Number.POSITIVE_INFINITY : this.#edgeAt(count);
  }

  #edgeAt(count: number): number {
    // From the top: few values lie above a high quantile.
    const above = count - Math.ceil(count * this.#options.quantile);
    let seen = 0;
    for (let index = BUCKETS - 1; index > 0; index--) {
      seen += this.#current[index]! + this.#previous[index]!;
      if (seen > above) return upperEdge(index);
    }
    return 0;
  }
}

function bucketOf(value: number): number {
  if (!(value >= 1)) return 0;
  return Math.min(BUCKETS - 1, 1 + Math.floor(Math.log2(value) * BUCKETS_PER_DOUBLING));
}

function upperEdge(index: number): number {
  return index === BUCKETS - 1 ? Number.POSITIVE_INFINITY : 2 ** (index / BUCKETS_PER_DOUBLING);
}
