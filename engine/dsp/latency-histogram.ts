/**
 * How long a DSP takes to answer, over a rolling window, in constant memory.
 *
 * A call that was aborted says only that the answer would have taken longer than the wait. Such observations are
 * *censored*: counted as the wait they would make every DSP look as fast as we are impatient. Quantiles are therefore
 * product-limit estimates (Kaplan and Meier 1958), for which a censored call takes part up to the moment it was aborted
 * and tells nothing afterwards. Where all calls have been aborted, nothing is known, and no figure is made up.
 */
export interface LatencyHistogramOptions {
  /** Age at which observations are forgotten, ms. */
  readonly windowMs: number;
  /** The window moves in steps of `windowMs / sliceCount`. */
  readonly sliceCount: number;
}

/**
 * Log-linear buckets of microseconds: 1 us wide below 32 us, then 32 to each power of two, so that a bucket is at most
 * 1/32 = 3.1% wide. The last bucket takes everything from 2^20 us = 1.05 s.
 */
const SUB_BUCKET_BITS = 5;
const SUB_BUCKETS = 1 << SUB_BUCKET_BITS;
const RANGE_BITS = 20;
const OVERFLOW_BUCKET = (RANGE_BITS - SUB_BUCKET_BITS + 1) * SUB_BUCKETS;
const BUCKET_COUNT = OVERFLOW_BUCKET + 1;

/**
 * A step of the product-limit estimate that rests on fewer calls than this is chance: one slow answer among two calls
 * left would halve the tail.
 */
const AT_RISK_MIN = 3;

export class LatencyHistogram {
  readonly #sliceMs: number;
  readonly #sliceCount: number;
  /** Slice after slice; the totals are their sums, kept up to date so that reading never adds up slices. */
  readonly #answered: Uint32Array;
  readonly #censored: Uint32Array;
  readonly #answeredTotal = new Uint32Array(BUCKET_COUNT);
  readonly #censoredTotal = new Uint32Array(BUCKET_COUNT);
  #answeredCount = 0;
  #censoredCount = 0;
  /** Number of the current slice since time 0; its place is the remainder by the slice count. */
  #slice: number;

  constructor(options: LatencyHistogramOptions, nowMs: number) {
    this.#sliceMs = options.windowMs / options.sliceCount;
    this.#sliceCount = options.sliceCount;
    this.#answered = new Uint32Array(BUCKET_COUNT * options.sliceCount);
    this.#censored = new Uint32Array(BUCKET_COUNT * options.sliceCount);
    this.#slice = Math.floor(nowMs / this.#sliceMs);
  }

  get answeredCount(): number {
    return this.#answeredCount;
  }

  get count(): number {
    return this.#answeredCount + this.#censoredCount;
  }

  recordAnswered(latencyMs: number, nowMs: number): void {
    this.advance(nowMs);
    const bucket = bucketOf(latencyMs);
    const index = this.#offset() + bucket;
    this.#answered[index] = this.#answered[index]! + 1;
    this.#answeredTotal[bucket] = this.#answeredTotal[bucket]! + 1;
    this.#answeredCount += 1;
  }

  /** The call was given up after `waitedMs` without an answer. */
  recordCensored(waitedMs: number, nowMs: number): void {
    this.advance(nowMs);
    const bucket = bucketOf(waitedMs);
    const index = this.#offset() + bucket;
    this.#censored[index] = this.#censored[index]! + 1;
    this.#censoredTotal[bucket] = this.#censoredTotal[bucket]! + 1;
    this.#censoredCount += 1;
  }

  /** Forgets slices that have left the window. O(1) inside a slice. */
  advance(nowMs: number): void {
    const slice = Math.floor(nowMs / this.#sliceMs);
    if (slice <= this.#slice) return;
    const expired = Math.min(slice - this.#slice, this.#sliceCount);
    for (let i = 0; i < expired; i++) this.#forget((slice - i) % this.#sliceCount);
    this.#slice = slice;
  }

  /**
   * The time within which the share `p` of calls is answered: upper edge of its bucket, ms. `Infinity` when the calls of
   * the window do not tell, or above the range. Reads all buckets (about a microsecond): keep the result.
   */
  quantileMs(p: number): number {
    let atRisk = this.count;
    let unanswered = 1;
    for (let bucket = 0; bucket < OVERFLOW_BUCKET; bucket++) {
      const answered = this.#answeredTotal[bucket]!;
      if (answered > 0) {
        if (atRisk < AT_RISK_MIN) return Number.POSITIVE_INFINITY;
        unanswered *= 1 - answered / atRisk;
        if (unanswered <= 1 - p) return upperEdgeMs(bucket);
      }
      atRisk -= answered + this.#censoredTotal[bucket]!;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Quantile of the answers alone, as if no call had been given up, ms; `Infinity` without answers. */
  answeredQuantileMs(p: number): number {
    const rank = Math.max(1, Math.ceil(p * this.#answeredCount));
    let seen = 0;
    for (let bucket = 0; bucket < OVERFLOW_BUCKET; bucket++) {
      seen += this.#answeredTotal[bucket]!;
      if (seen >= rank) return upperEdgeMs(bucket);
    }
    return Number.POSITIVE_INFINITY;
  }

  #offset(): number {
    return (this.#slice % this.#sliceCount) * BUCKET_COUNT;
  }

  #forget(place: number): void {
    const offset = place * BUCKET_COUNT;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      const answered = this.#answered[offset + bucket]!;
      const censored = this.#censored[offset + bucket]!;
      this.#answeredTotal[bucket] = this.#answeredTotal[bucket]! - answered;
      this.#censoredTotal[bucket] = this.#censoredTotal[bucket]! - censored;
      this.#answeredCount -= answered;
      this.#censoredCount -= censored;
    }
    this.#answered.fill(0, offset, offset + BUCKET_COUNT);
    this.#censored.fill(0, offset, offset + BUCKET_COUNT);
  }
}

function bucketOf(latencyMs: number): number {
  if (latencyMs * 1000 >= 1 << RANGE_BITS) return OVERFLOW_BUCKET;
  const us = Math.max(0, Math.floor(latencyMs * 1000));
  if (us < SUB_BUCKETS) return us;
  const shift = 31 - Math.clz32(us) - SUB_BUCKET_BITS;
  return shift * SUB_BUCKETS + (us >> shift);
}

function upperEdgeMs(bucket: number): number {
  if (bucket < SUB_BUCKETS) return (bucket + 1) / 1000;
  const shift = (bucket >> SUB_BUCKET_BITS) - 1;
  return ((bucket - shift * SUB_BUCKETS + 1) << shift) / 1000;
}
