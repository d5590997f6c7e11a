/**
 * Which of the line items that match enter the auction. Thousands may match, and an auction must not cost more for it:
 * so only the best of each advertiser enters (of a seat's bids only one competes anyway), and of the advertisers the
 * `countMax` that are worth most. Guaranteed line items come before all others.
 *
 * Among equals the turn decides: which of the matches is looked at first changes with every auction, so none is always
 * left out.
 */
import type { Matches } from './targeting-index.ts';

/** Both by slot, read for every match: hence arrays. */
export interface StandingWorth {
  /** No more than `worthNow` can be: micros CPM of any one currency; for what is guaranteed, above every price. */
  readonly worthAtMost: readonly number[];
  /** Any number that only the line items of one advertiser share. */
  readonly advertiserOf: readonly number[];
}

/** As things are: pacing, caps, what the publisher blocks. 0: it does not enter. Asked for few. */
export type WorthNow = (slot: number) => number;

export class BestAdvertisers {
  readonly #countMax: number;
  readonly #standing: StandingWorth;
  /** Best first. */
  readonly #slots: Int32Array;
  readonly #advertisers: Int32Array;
  readonly #worths: Float64Array;
  #count = 0;

  constructor(countMax: number, standing: StandingWorth) {
    this.#countMax = countMax;
    this.#standing = standing;
    this.#slots = new Int32Array(countMax);
    this.#advertisers = new Int32Array(countMax);
    this.#worths = new Float64Array(countMax);
  }

  /** Slots, best first. Overwritten by the next call. `turn`: any number of the auction, 0 to 2^32. */
  select({ slots, count }: Matches, worthNow: WorthNow, turn: number): Int32Array {
    this.#count = 0;
    const first = count === 0 ? 0 : turn % count;
    for (let i = first; i < count; i++) this.#consider(slots[i]!, worthNow);
    for (let i = 0; i < first; i++) this.#consider(slots[i]!, worthNow);
    return this.#slots.subarray(0, this.#count);
  }

  #consider(slot: number, worthNow: WorthNow): void {
    const atMost = this.#standing.worthAtMost[slot]!;
    const isFull = this.#count === this.#countMax;
    if (isFull && atMost <= this.#worths[this.#count - 1]!) return;
    const advertiser = this.#standing.advertiserOf[slot]!;
    const rank = this.#rankOf(advertiser);
    if (rank < this.#count && atMost <= this.#worths[rank]!) return;
    const now = worthNow(slot);
    if (!(now > 0)) return;
    if (rank < this.#count) {
      if (now > this.#worths[rank]!) this.#place(rank, slot, advertiser, now);
    } else if (!isFull) this.#place(this.#count++, slot, advertiser, now);
    else if (now > this.#worths[this.#count - 1]!) this.#place(this.#count - 1, slot, advertiser, now);
  }

  /** `#count` when it has none. */
  #rankOf(advertiser: number): number {
    let rank = 0;
    while (rank < this.#count && this.#advertisers[rank] !== advertiser) rank++;
    return rank;
  }

  /** Moves those that are worth less one down, over what was at `rank`. */
  #place(rank: number, slot: number, advertiser: number, worth: number): void {
    let place = rank;
    for (; place > 0 && this.#worths[place - 1]! < worth; place--) {
      this.#slots[place] = this.#slots[place - 1]!;
      this.#advertisers[place] = this.#advertisers[place - 1]!;
      this.#worths[place] = this.#worths[place - 1]!;
    }
    this.#slots[place] = slot;
    this.#advertisers[place] = advertiser;
    this.#worths[place] = worth;
  }
}
