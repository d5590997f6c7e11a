/**
 * The inverted lists of one targeting dimension: by value, which slots include and which exclude it. A request offers
 * its values one by one, then the dimension is settled: slots that include something, and nothing of what was offered,
 * are out.
 */
import type { Choice } from '../campaign.ts';
import { SlotSet } from './slot-set.ts';

export type TargetingValue = string | number;

export class Dimension {
  readonly #including = new Map<TargetingValue, SlotSet>();
  readonly #excluding = new Map<TargetingValue, SlotSet>();
  /** Slots with any `include`. */
  readonly #restricted: SlotSet;
  /** Including sets of the values offered so far. Reused: a request makes no garbage here. */
  readonly #found: SlotSet[] = [];
  #foundCount = 0;
  #wordCount: number;

  constructor(wordCount: number) {
    this.#wordCount = wordCount;
    this.#restricted = new SlotSet(wordCount);
  }

  get isEmpty(): boolean {
    return this.#including.size === 0 && this.#excluding.size === 0;
  }

  /** Values that any slot includes or excludes: what else a request may say is of no interest. */
  *values(): IterableIterator<TargetingValue> {
    yield* this.#including.keys();
    for (const value of this.#excluding.keys()) if (!this.#including.has(value)) yield value;
  }

  add(slot: number, { include, exclude }: Choice<TargetingValue>): void {
    if (include.length > 0) this.#restricted.add(slot);
    for (const value of new Set(include)) this.#setOf(this.#including, value).add(slot);
    for (const value of new Set(exclude)) this.#setOf(this.#excluding, value).add(slot);
  }

  /** With the choice that it was added with. */
  remove(slot: number, { include, exclude }: Choice<TargetingValue>): void {
    if (include.length > 0) this.#restricted.delete(slot);
    for (const value of new Set(include)) removeFrom(this.#including, value, slot);
    for (const value of new Set(exclude)) removeFrom(this.#excluding, value, slot);
  }

  grow(wordCount: number): void {
    this.#wordCount = wordCount;
    this.#restricted.grow(wordCount);
    for (const set of this.#including.values()) set.grow(wordCount);
    for (const set of this.#excluding.values()) set.grow(wordCount);
  }

  /** The request has this value. Slots that exclude it leave `words` at once. */
  offer(value: TargetingValue, words: Int32Array): void {
    const including = this.#including.get(value);
    if (including !== undefined) this.#found[this.#foundCount++] = including;
    this.#excluding.get(value)?.clearIn(words);
  }

  /** The request has no further value. `scratch`: as long as `words`, of any content. */
  settle(words: Int32Array, scratch: Int32Array): void {
    const count = this.#foundCount;
    this.#foundCount = 0;
    if (this.#restricted.count === 0) return;
    if (count === 0) {
      this.#restricted.clearIn(words);
      return;
    }
    this.#restricted.clearUnless(this.#unionOfFound(count, scratch), words);
  }

  #unionOfFound(count: number, scratch: Int32Array): Int32Array {
    const found = this.#found;
    const only = count === 1 ? found[0]!.bits() : null;
    if (only !== null) return only;
    found[0]!.copyTo(scratch);
    for (let i = 1; i < count; i++) found[i]!.setIn(scratch);
    return scratch;
  }

  #setOf(sets: Map<TargetingValue, SlotSet>, value: TargetingValue): SlotSet {
    let set = sets.get(value);
    if (set === undefined) {
      set = new SlotSet(this.#wordCount);
      sets.set(value, set);
    }
    return set;
  }
}

function removeFrom(sets: Map<TargetingValue, SlotSet>, value: TargetingValue, slot: number): void {
  const set = sets.get(value)!;
  set.delete(slot);
  if (set.count === 0) sets.delete(value);
}
