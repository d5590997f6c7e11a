/**
 * The network between the processes of a world: a message is a task of whoever gets it, later. Connections are as TCP's, seen
 * from above: a message comes whole or not at all, and one to a process that is down is refused.
 */
import type { SeededRandom } from '../random.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** One way, of messages between two processes. */
export interface LinkTraits {
  /** Log-normal, ms. */
  readonly medianMs: number;
  readonly sigma: number;
  /** Chance that a message never arrives, 0..1. */
  readonly loss: number;
}

/** What lies between two processes now; null: nothing gets through. */
export type LinkTraitsOf = (from: VirtualProcess, to: VirtualProcess) => LinkTraits | null;

export class Network {
  readonly #traitsOf: LinkTraitsOf;
  readonly #random: SeededRandom;
  readonly #cuts = new Set<Cut>();

  constructor(traitsOf: LinkTraitsOf, random: SeededRandom) {
    this.#traitsOf = traitsOf;
    this.#random = random;
  }

  /**
   * Runs `onArrival` in a task of `to` when the message gets there. `onRefused` runs in a task of `from` when `to` is down
   * then. When the message is lost neither is ever called.
   */
  send(from: VirtualProcess, to: VirtualProcess, onArrival: () => void, onRefused?: () => void): void {
    const traits = this.#traitsBetween(from, to);
    if (traits === null) return;
    const delayMs = this.#random.logNormal(traits.medianMs, traits.sigma);
    if (this.#random.chance(traits.loss)) return;
    const atMs = from.nowMs + delayMs;
    if (to.isUp) to.scheduleArrival(atMs, onArrival, () => this.#refuse(from, to, onRefused));
    else if (onRefused !== undefined) from.scheduleArrival(atMs + delayMs, onRefused);
  }

  /** Parts all of one side from all of the other, until the cut is mended. */
  cut(isOneSide: Cut['isOneSide'], isOtherSide: Cut['isOtherSide']): Cut {
    const cut = { isOneSide, isOtherSide };
    this.#cuts.add(cut);
    return cut;
  }

  mend(cut: Cut): void {
    this.#cuts.delete(cut);
  }
}
