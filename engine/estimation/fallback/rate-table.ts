/**
 * Mean rates by key in a fixed amount of memory: a hash table of two slots a bucket. A key that finds both taken wears
 * down the one that is worth less, and takes its place when nothing is left of it; so keys in use stay.
 */
export class RateTable {
  readonly #bucketMask: number;
  /** Of two slots each, side by side. 0: empty. */
  readonly #keys: Int32Array;
  readonly #means: Float64Array;
  /** Observations that a mean stands for, at most `#weightMax`. */
  readonly #weights: Float64Array;
  readonly #weightMax: number;

  /**
   * `slotCount` is a power of two. Beyond `weightMax` observations an old one loses weight as new ones come: the mean
   * follows, with the inertia of that many.
   */
  constructor({ slotCount, weightMax }: { readonly slotCount: number; readonly weightMax: number }) {
    if (slotCount < 2 || (slotCount & (slotCount - 1)) !== 0) throw new RangeError(`${slotCount} is no power of two`);
    this.#bucketMask = slotCount / 2 - 1;
    this.#keys = new Int32Array(slotCount);
    this.#means = new Float64Array(slotCount);
    this.#weights = new Float64Array(slotCount);
    this.#weightMax = weightMax;
  }

  /** `key` is a hash of 32 bits; two of the same hash share a rate. */
  observe(key: number, rate: number): void {
    const slot = this.#slotFor(key);
    if (slot < 0) return;
    const weight = Math.min(this.#weightMax, this.#weights[slot]! + 1);
    this.#weights[slot] = weight;
    this.#means[slot] = this.#means[slot]! + (rate - this.#means[slot]!) / weight;
  }

  /** The mean of the key, drawn towards `parentRate` as if `strength` more observations had had that rate. */
  smoothed(key: number, parentRate: number, strength: number): number {
    const slot = this.#find(key | 0 || 1);
    if (slot < 0) return parentRate;
    const weight = this.#weights[slot]!;
    return (this.#means[slot]! * weight + parentRate * strength) / (weight + strength);
  }

  #find(key: number): number {
    const first = (key & this.#bucketMask) * 2;
    if (this.#keys[first] === key) return first;
    return this.#keys[first + 1] === key ? first + 1 : -1;
  }

  /** -1 when there is no place yet. */
  #slotFor(hash: number): number {
    const key = hash | 0 || 1;
    const found = this.#find(key);
    if (found >= 0) return found;
    const first = (key & this.#bucketMask) * 2;
    const victim = this.#weights[first]! <= this.#weights[first + 1]! ? first : first + 1;
    if (this.#weights[victim]! >= 1) {
      this.#weights[victim] = this.#weights[victim]! - 1;
      return -1;
    }
    this.#keys[victim] = key;
    this.#weights[victim] = 0;
    this.#means[victim] = 0;
    return victim;
  }
}
