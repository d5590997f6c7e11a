/**
 * Randomness that a seed repeats. A stream is named by its labels (`seededRandom(7).fork('dsp-3').fork(requestId)`),
 * never by what was drawn before: adding a draw in one place leaves every other stream as it was.
 */
export function seededRandom(seed: number | string): SeededRandom {
  return new SeededRandom(hashLabel(ROOT_KEY, String(seed)));
}

/** 128 bits that name a stream. */
type Key = readonly [number, number, number, number];

/** Digits of pi: any constants would do, these have nothing up their sleeve. */
const ROOT_KEY: Key = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];

/** Create one by `seededRandom`. The generator is sfc32 (Chris Doty-Humphrey): 128 bits of state, passes PractRand. */
export class SeededRandom {
  readonly #key: Key;
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(key: Key) {
    this.#key = key;
    this.#a = key[0];
    this.#b = key[1];
    this.#c = key[2];
    this.#counter = key[3];
  }

  /** An independent stream; depends on the labels on the way here only, not on how much was drawn. */
  fork(label: string): SeededRandom {
    return new SeededRandom(hashLabel(this.#key, label));
  }

  /** Uniform in [0, 1), 32 bits. */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  }

  /** Uniform in [minimum, maximum). */
  uniform(minimum: number, maximum: number): number {
    return minimum + this.next() * (maximum - minimum);
  }

  /** Uniform integer, both ends included. */
  integer(minimum: number, maximum: number): number {
    return minimum + Math.floor(this.next() * (maximum - minimum + 1));
  }

  /** True with this probability: never at 0, always at 1. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Mean 0, deviation 1 (Box-Muller; the second value is dropped so that each call draws the same amount). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  /** `sigma` is the deviation of the logarithm; the mean is median x e^(sigma^2 / 2). */
  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  /** Time to the next arrival of a Poisson process with this mean gap. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** Throws a RangeError on an empty list. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('cannot pick from an empty list');
    return items[this.integer(0, items.length - 1)] as T;
  }

  /** Picks with probability weight / sum of weights. Throws a RangeError when no weight is positive. */
  pickWeighted<T extends { readonly weight: number }>(items: readonly T[]): T {
    let total = 0;
    for (const item of items) total += item.weight;
    if (!(total > 0)) throw new RangeError('cannot pick when no weight is positive');
    let remaining = this.next() * total;
    for (const item of items) {
      remaining -= item.weight;
      if (remaining < 0) return item;
    }
    // Rounding may leave a sliver: it belongs to the last item that can be picked at all.
    return items.findLast((item) => item.weight > 0) as T;
  }
}

/** cyrb128 (bryc, public domain) started from the parent's key, each word finished as in MurmurHash3. */
function hashLabel(parent: Key, label: string): Key {
  let [h1, h2, h3, h4] = parent;
  for (let index = 0; index < label.length; index++) {
    const code = label.charCodeAt(index);
    h1 = h2 ^ Math.imul(h1 ^ code, 0x239b961b);
    h2 = h3 ^ Math.imul(h2 ^ code, 0xab0e9789);
    h3 = h4 ^ Math.imul(h3 ^ code, 0x38b34ae5);
    h4 = h1 ^ Math.imul(h4 ^ code, 0xa1e38b93);
  }
  // The length keeps 'a' + 'b' and 'ab' apart, also for labels of zero characters.
  h1 ^= label.length + 1;
  return [finish(h1 ^ h2), finish(h2 ^ h3), finish(h3 ^ h4), finish(h4 ^ h1 ^ 0x9e3779b9)];
}

function finish(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
