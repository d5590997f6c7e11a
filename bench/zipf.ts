import type { Random } from '../engine/ports/random.ts';

/** Ranks 0..count-1 with a probability in proportion to 1 / (rank + 1): what is asked for on the internet. */
export class Zipf {
  readonly #cumulative: Float64Array;

  constructor(count: number) {
    this.#cumulative = new Float64Array(count);
    let sum = 0;
    for (let rank = 0; rank < count; rank++) {
      sum += 1 / (rank + 1);
      this.#cumulative[rank] = sum;
    }
  }

  draw(random: Random): number {
    const target = random() * this.#cumulative.at(-1)!;
    let below = 0;
    let above = this.#cumulative.length - 1;
    while (below < above) {
      const middle = (below + above) >>> 1;
      if (this.#cumulative[middle]! > target) above = middle;
      else below = middle + 1;
    }
    return below;
  }

  /** Of all draws, the share of the `count` most frequent ranks: what a cache of that size can hit at best. */
  shareOfFirst(count: number): number {
    return this.#cumulative[count - 1]! / this.#cumulative.at(-1)!;
  }
}
