/** Each power of two is split in this many buckets, so a value is known to better than 1%. */
const BUCKETS_PER_OCTAVE = 128;
const OCTAVE_BITS = 7;
/** 2^31 us is 35 minutes; what lasts longer is recorded as that. */
const OCTAVES = 31 - OCTAVE_BITS + 1;
const VALUE_MAX_US = 2 ** 31 - 1;

export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * Latencies in log-linear buckets, as HdrHistogram does: constant memory (13 KB), relative error below 1% over the whole
 * range from 1 us on, one bucket per microsecond below 256 us.
 */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(OCTAVES * BUCKETS_PER_OCTAVE);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  /** Negative values count as 0. */
  record(latencyMs: number): void {
    const valueUs = Math.min(VALUE_MAX_US, Math.max(0, Math.round(latencyMs * 1_000)));
    const index = bucketIndex(valueUs);
    this.#counts[index] = this.#counts[index]! + 1;
    this.#count++;
    this.#sumMs += Math.max(0, latencyMs);
    this.#maxMs = Math.max(this.#maxMs, latencyMs);
  }

  get count(): number {
    return this.#count;
  }

  /** The value that `percent` of the records do not exceed: upper end of its bucket, never above the maximum; 0 when empty. */
  percentileMs(percent: number): number {
    const rank = Math.max(1, Math.ceil((percent * this.#count) / 100));
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index]!;
      if (seen >= rank) return Math.min(this.#maxMs, bucketEndUs(index) / 1_000);
    }
    return 0;
  }

  summary(): LatencySummary {
    return {
      count: this.#count,
      meanMs: this.#count === 0 ? 0 : this.#sumMs / this.#count,
      p50Ms: this.percentileMs(50),
      p95Ms: this.percentileMs(95),
      p99Ms: this.percentileMs(99),
      maxMs: this.#maxMs,
    };
  }
}

/** The first octave holds 0..127 us one by one; octave n holds 128 buckets of 2^(n-1) us. */
function bucketIndex(valueUs: number): number {
  const octave = Math.max(0, 32 - Math.clz32(valueUs) - OCTAVE_BITS);
  if (octave === 0) return valueUs;
  // Values of octave n lie in [128 x 2^(n-1), 128 x 2^n): the top bit is implied, seven bits below it choose the bucket.
  return octave * BUCKETS_PER_OCTAVE + ((valueUs >>> (octave - 1)) - BUCKETS_PER_OCTAVE);
}

/** Largest value of a bucket. */
function bucketEndUs(index: number): number {
  const octave = Math.floor(index / BUCKETS_PER_OCTAVE);
  if (octave === 0) return index;
  const position = index - octave * BUCKETS_PER_OCTAVE + BUCKETS_PER_OCTAVE;
  return (position + 1) * 2 ** (octave - 1) - 1;
}
