/**
 * Whom to ask when not all can be asked: the DSPs that paid most. Learned in full service only, where all had the same
 * chance, so nobody is left out for having been left out.
 */
import type { DegradeLevel } from './zones.ts';

/** Part of the DSPs that is asked, by degrade level; docs/overload.md has what it saves. */
const SHARE_ASKED = [1, 1 / 2, 1 / 4] as const;
/** The order is made anew after this many wins, and what they paid weighs less by this much. */
const WINS_PER_ORDER = 256;
const SHARE_KEPT = 0.9;

export class ReducedFanOut {
  readonly #paid: Float64Array;
  #asked: readonly Uint32Array[];
  #untilOrder = WINS_PER_ORDER;

  /** DSPs are known by their index; until something is learned the first are asked. */
  constructor(dspCount: number) {
    this.#paid = new Float64Array(dspCount);
    this.#asked = SHARE_ASKED.map((share) => Uint32Array.from({ length: Math.ceil(dspCount * share) }, (_, i) => i));
  }

  /** A win in an auction that all were asked in; `cpmMicros` in one currency for all. */
  learn(dspIndex: number, cpmMicros: number): void {
    this.#paid[dspIndex]! += cpmMicros;
    if (--this.#untilOrder > 0) return;
    this.#untilOrder = WINS_PER_ORDER;
    this.#order();
  }

  /** Indices of the DSPs to ask, best first: the same array until the order is made anew, another one then. */
  asked(level: DegradeLevel): Uint32Array {
    return this.#asked[level]!;
  }

  #order(): void {
    const best = Array.from(this.#paid.keys()).sort((a, b) => this.#paid[b]! - this.#paid[a]! || a - b);
    this.#asked = this.#asked.map((asked) => Uint32Array.from(best.slice(0, asked.length)));
    for (let index = 0; index < this.#paid.length; index++) this.#paid[index]! *= SHARE_KEPT;
  }
}
