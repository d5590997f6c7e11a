/**
 * Which of the line items that match enter the auction. Thousands may match, and an auction must not cost more for it:
 * so only the best of each advertiser enters (of a seat's bids only one competes anyway), and of the advertisers the few
 * that are worth most.
 *
 * What all matches are worth is read, which costs an array access each; whether one may enter is dear to find out and asked
 * in the order of worth until enough may. So what is asked hangs on how many enter and not on how many match.
 *
 * Among equals the turn decides: which of the matches is looked at first changes with every auction, so none is always
 * left out.
 */
import type { Matches } from './targeting-index.ts';

/** What a line item is worth now, by slot. 0: it does not enter. Asked for every match. */
export type WorthNow = (slot: number) => number;

/** Whether money, caps and the rules of the imp let it in. Asked for few. */
export type MayEnter = (slot: number) => boolean;

export class BestAdvertisers {
  readonly #advertiserOf: readonly number[];
  /** Binary heap of what may still enter, the best first; arrays side by side. */
  #slots = new Int32Array(0);
  #worths = new Float64Array(0);
  #length = 0;
  #chosen = new Int32Array(0);
  #advertisers = new Int32Array(0);

  /** `advertiserOf`: by slot, any number that only the line items of one advertiser share. */
  constructor(advertiserOf: readonly number[]) {
    this.#advertiserOf = advertiserOf;
  }

  /** At most `countMax` slots, best first. Overwritten by the next call. `turn`: any number of the auction, 0 to 2^32. */
  select(matches: Matches, countMax: number, worthNow: WorthNow, mayEnter: MayEnter, turn: number): Int32Array {
    this.#fill(matches, worthNow, turn);
    if (this.#chosen.length < countMax) {
      this.#chosen = new Int32Array(countMax);
      this.#advertisers = new Int32Array(countMax);
    }
    let count = 0;
    while (count < countMax && this.#length > 0) {
      const slot = this.#pop();
      const advertiser = this.#advertiserOf[slot]!;
      if (this.#hasChosen(advertiser, count) || !mayEnter(slot)) continue;
      this.#chosen[count] = slot;
      this.#advertisers[count++] = advertiser;
    }
    return this.#chosen.subarray(0, count);
  }

  #fill({ slots, count }: Matches, worthNow: WorthNow, turn: number): void {
    if (this.#slots.length < count) {
      this.#slots = new Int32Array(count * 2);
      this.#worths = new Float64Array(count * 2);
    }
    this.#length = 0;
    const first = count === 0 ? 0 : turn % count;
    for (let i = first; i < count; i++) this.#add(slots[i]!, worthNow);
    for (let i = 0; i < first; i++) this.#add(slots[i]!, worthNow);
    for (let place = (this.#length >> 1) - 1; place >= 0; place--) {
      this.#sink(place, this.#slots[place]!, this.#worths[place]!);
    }
  }

  #add(slot: number, worthNow: WorthNow): void {
    const worth = worthNow(slot);
    if (!(worth > 0)) return;
    this.#slots[this.#length] = slot;
    this.#worths[this.#length++] = worth;
  }

  #pop(): number {
    const best = this.#slots[0]!;
    const last = --this.#length;
    if (last > 0) this.#sink(0, this.#slots[last]!, this.#worths[last]!);
    return best;
  }

  /** Puts it at `place` or below, and what is worth more above it. */
  #sink(place: number, slot: number, worth: number): void {
    const slots = this.#slots;
    const worths = this.#worths;
    const length = this.#length;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= length) break;
      if (child + 1 < length && worths[child + 1]! > worths[child]!) child++;
      if (worths[child]! <= worth) break;
      slots[place] = slots[child]!;
      worths[place] = worths[child]!;
      place = child;
    }
    slots[place] = slot;
    worths[place] = worth;
  }

  #hasChosen(advertiser: number, count: number): boolean {
    for (let index = 0; index < count; index++) if (this.#advertisers[index] === advertiser) return true;
    return false;
  }
}
