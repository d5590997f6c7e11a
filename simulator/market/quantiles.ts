/** A quantity by its quantiles, linear between them. */
export class Quantiles {
  readonly #shares: Float64Array;
  readonly #values: Float64Array;

  /** Points `[share, value]`, shares ascending and values never descending, at least two. Throws a RangeError otherwise. */
  constructor(points: readonly (readonly [share: number, value: number])[]) {
    if (points.length < 2) throw new RangeError('needs two quantiles at least');
    for (let index = 1; index < points.length; index++) {
      if (!(points[index]![0] > points[index - 1]![0]) || !(points[index]![1] >= points[index - 1]![1])) {
        throw new RangeError(`quantiles do not ascend at ${points[index]![0]}`);
      }
    }
    this.#shares = Float64Array.from(points, ([share]) => share);
    this.#values = Float64Array.from(points, ([, value]) => value);
  }

  at(share: number): number {
    const shares = this.#shares;
    let low = 1;
    let high = shares.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (shares[middle]! < share) low = middle + 1;
      else high = middle;
    }
    const part = (share - shares[low - 1]!) / (shares[low]! - shares[low - 1]!);
    const from = this.#values[low - 1]!;
    return from + Math.min(1, Math.max(0, part)) * (this.#values[low]! - from);
  }
}
