/** Effects by name in log-odds, normal around 0 and drawn by the seed: each name gets its own, once and for all. */
import type { SeededRandom } from '../random.ts';

/** The sum of effects as a probability. */
export function probabilityOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

export class Effects<Kind extends string> {
  readonly #random: SeededRandom;
  readonly #deviations: Readonly<Record<Kind, number>>;
  readonly #drawn = new Map<string, number>();

  /** `deviations`: standard deviation of the effects of each kind. */
  constructor(random: SeededRandom, deviations: Readonly<Record<Kind, number>>) {
    this.#random = random;
    this.#deviations = deviations;
  }

  of(kind: Kind, name: string): number {
    const label = `${kind} ${name}`;
    let effect = this.#drawn.get(label);
    if (effect === undefined) {
      effect = this.#random.fork(label).normal() * this.#deviations[kind];
      this.#drawn.set(label, effect);
    }
    return effect;
  }
}
