/**
 * What request actors read without asking anyone: how each campaign takes part right now. Written by the pacing shards of
 * the same process, between requests, so a reader never sees half of a change. They write down what they could have had.
 */
import type { PacingSignal } from './controller.ts';

const CAPACITY_MIN = 64;

export class PacingBoard {
  /** By slot. Take the arrays anew for each request: they are replaced when campaigns are added. */
  throttle: Float64Array = new Float64Array(CAPACITY_MIN);
  multiplier: Float64Array = new Float64Array(CAPACITY_MIN);
  /** Opportunities since this was last taken, whether it took part or not. */
  #eligible = new Float64Array(CAPACITY_MIN);
  readonly #slots = new Map<string, number>();
  readonly #free: number[] = [];

  /** The campaign's slot until it is removed. It takes no part until its first signal. */
  add(campaignId: string): number {
    const known = this.#slots.get(campaignId);
    if (known !== undefined) return known;
    const slot = this.#free.pop() ?? this.#slots.size;
    if (slot >= this.throttle.length) this.#grow();
    this.#slots.set(campaignId, slot);
    return slot;
  }

  remove(campaignId: string): void {
    const slot = this.#slots.get(campaignId);
    if (slot === undefined) return;
    this.publish(slot, { throttle: 0, multiplier: 0 });
    this.takeOpportunities(slot);
    this.#slots.delete(campaignId);
    this.#free.push(slot);
  }

  publish(slot: number, { throttle, multiplier }: PacingSignal): void {
    this.throttle[slot] = throttle;
    this.multiplier[slot] = multiplier;
  }

  signal(slot: number): PacingSignal {
    return { throttle: this.throttle[slot]!, multiplier: this.multiplier[slot]! };
  }

  observeOpportunity(slot: number): void {
    this.#eligible[slot]!++;
  }

  /** Begins to count anew. */
  takeOpportunities(slot: number): number {
    const count = this.#eligible[slot]!;
    this.#eligible[slot] = 0;
    return count;
  }

  /** Whether the campaign takes part in an auction it is eligible for; `draw` is uniform in [0, 1). */
  takesPart(slot: number, draw: number): boolean {
    return draw < this.throttle[slot]!;
  }

  #grow(): void {
    this.throttle = doubled(this.throttle);
    this.multiplier = doubled(this.multiplier);
    this.#eligible = doubled(this.#eligible);
  }
}

function doubled(values: Float64Array): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(values.length * 2);
  grown.set(values);
  return grown;
}
