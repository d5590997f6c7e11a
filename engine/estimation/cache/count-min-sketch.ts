/**
 * How often keys were seen, in fixed memory (Cormode & Muthukrishnan 2005): never too low, too high by at most
 * e / width of all counts with probability 1 - e^-4. Counters saturate at 65,535.
 */
export class CountMinSketch {
  readonly #rows: readonly Uint16Array[];
  readonly #mask: number;
  /** Places before this one have been halved; all, when no halving is under way. */
  #halvedTo: number;

  /** `width`, a power of two, is the number of counters in each of the four rows. */
  constructor(width: number) {
    if (width < 1 || (width & (width - 1)) !== 0) throw new RangeError(`${width} is no power of two`);
    this.#rows = MULTIPLIERS.map(() => new Uint16Array(width));
    this.#mask = width - 1;
    this.#halvedTo = width;
  }

  /**
   * Gives the count with this one. Conservative: only the counters that are the lowest rise, which errs less
   * (Estan & Varghese 2002).
   */
  add(hash: number): number {
    if (this.#halvedTo <= this.#mask) this.#halveSlice();
    const count = Math.min(0xffff, this.count(hash) + 1);
    for (let row = 0; row < MULTIPLIERS.length; row++) {
      const counters = this.#rows[row]!;
      const place = this.#place(hash, row);
      if (counters[place]! < count) counters[place] = count;
    }
    return count;
  }

  count(hash: number): number {
    let least = 0xffff;
    for (let row = 0; row < MULTIPLIERS.length; row++)
      least = Math.min(least, this.#rows[row]![this.#place(hash, row)]!);
    return least;
  }

  /**
   * Ages all counts: a slice with each of the next width / 8 additions, since millions of counters at once would stop the
   * loop for tens of ms. Meanwhile a count may be of before or after.
   */
  halve(): void {
    // Not over yet: there were fewer additions than that.
    while (this.#halvedTo <= this.#mask) this.#halveSlice();
    this.#halvedTo = 0;
  }

  clear(): void {
    for (const counters of this.#rows) counters.fill(0);
  }

  #halveSlice(): void {
    const end = Math.min(this.#halvedTo + HALVED_PER_ADDITION, this.#mask + 1);
    for (const counters of this.#rows) {
      for (let place = this.#halvedTo; place < end; place++) counters[place] = counters[place]! >> 1;
    }
    this.#halvedTo = end;
  }

  #place(hash: number, row: number): number {
    const mixed = Math.imul(hash ^ (hash >>> 15), MULTIPLIERS[row]!);
    return (mixed ^ (mixed >>> 16)) & this.#mask;
  }
}

/** In each row. */
const HALVED_PER_ADDITION = 8;

/** One hash function a row: odd numbers with bits all over. */
const MULTIPLIERS = [0x9e3779b1 | 0, 0x85ebca6b | 0, 0xc2b2ae35 | 0, 0x27d4eb2f | 0];

/** Least power of two that is not below `count`. */
export function powerOfTwoFrom(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}

/** 32 bits of a key of 53. */
export function hashOfKey(key: number): number {
  return ((key / 2 ** 32) | 0) ^ (key | 0);
}
