/** Means of figures that come together, and how far off they may be: every pair of an auction before and after is one draw. */

export interface Interval {
  readonly value: number;
  /** 95% confidence interval; null: of one draw nobody can say. */
  readonly lower: number | null;
  readonly upper: number | null;
}

/** Of the normal distribution, two-sided 95%. */
const Z_95 = 1.959_963_984_540_054;

export class PairedMoments {
  readonly #means: Float64Array;
  /** Sums of products of deviations, row by row. */
  readonly #products: Float64Array;
  readonly #deviations: Float64Array;
  #count = 0;

  /** `width`: how many figures come together. */
  constructor(width: number) {
    this.#means = new Float64Array(width);
    this.#products = new Float64Array(width * width);
    this.#deviations = new Float64Array(width);
  }

  get count(): number {
    return this.#count;
  }

  /** Welford's update: nothing cancels, however long it goes on. */
  add(values: readonly number[]): void {
    const [means, products, deviations] = [this.#means, this.#products, this.#deviations];
    const width = means.length;
    this.#count += 1;
    for (let i = 0; i < width; i++) {
      deviations[i] = values[i]! - means[i]!;
      means[i]! += deviations[i]! / this.#count;
    }
    for (let i = 0; i < width; i++) {
      const residual = values[i]! - means[i]!;
      for (let j = 0; j < width; j++) products[i * width + j]! += residual * deviations[j]!;
    }
  }

  mean(index: number): number {
    return this.#means[index]!;
  }

  /** Of a function of the means by its value and its gradient (delta method; of a linear one exactly). */
  interval(value: number, gradient: readonly number[]): Interval {
    if (this.#count < 2) return { value, lower: null, upper: null };
    const width = this.#means.length;
    let variance = 0;
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < width; j++) variance += gradient[i]! * gradient[j]! * this.#products[i * width + j]!;
    }
    const error = Z_95 * Math.sqrt(Math.max(0, variance) / (this.#count - 1) / this.#count);
    return { value, lower: value - error, upper: value + error };
  }

  /** Mean of one figure less that of another. */
  difference(after: number, before: number): Interval {
    const gradient = new Array<number>(this.#means.length).fill(0);
    gradient[after] = 1;
    gradient[before] = -1;
    return this.interval(this.mean(after) - this.mean(before), gradient);
  }

  /** Mean of one figure over that of another; null: there is none of the other. */
  ratioDifference(
    after: readonly [part: number, whole: number],
    before: readonly [part: number, whole: number],
  ): Interval | null {
    const gradient = new Array<number>(this.#means.length).fill(0);
    let value = 0;
    for (const [sign, [part, whole]] of [
      [1, after],
      [-1, before],
    ] as const) {
      const denominator = this.mean(whole);
      if (denominator === 0) return null;
      const ratio = this.mean(part) / denominator;
      value += sign * ratio;
      gradient[part]! += sign / denominator;
      gradient[whole]! -= (sign * ratio) / denominator;
    }
    return this.interval(value, gradient);
  }
}
