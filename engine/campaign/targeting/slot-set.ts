/**
 * A set of slots (numbers below 32 x `wordCount`): a short list while it has few, a bitset once that takes no more
 * room. Changed in place by one slot at a time; a bitset never becomes a list again.
 */
export class SlotSet {
  #list: Int32Array | null = new Int32Array(4);
  #bits: Int32Array | null = null;
  #count = 0;
  #wordCount: number;

  constructor(wordCount: number) {
    this.#wordCount = wordCount;
  }

  get count(): number {
    return this.#count;
  }

  /** The slot must not be in the set. */
  add(slot: number): void {
    this.#count++;
    if (this.#bits === null && this.#count > this.#wordCount) this.#becomeBitset();
    if (this.#bits !== null) {
      this.#bits[slot >>> 5]! |= 1 << (slot & 31);
      return;
    }
    if (this.#count > this.#list!.length) this.#list = extended(this.#list!, this.#list!.length * 2);
    this.#list![this.#count - 1] = slot;
  }

  /** The slot must be in the set. */
  delete(slot: number): void {
    this.#count--;
    if (this.#bits !== null) {
      this.#bits[slot >>> 5]! &= ~(1 << (slot & 31));
      return;
    }
    const list = this.#list!;
    list[list.indexOf(slot)] = list[this.#count]!;
  }

  grow(wordCount: number): void {
    this.#wordCount = wordCount;
    if (this.#bits !== null) this.#bits = extended(this.#bits, wordCount);
  }

  /** Takes its slots out of `words`. */
  clearIn(words: Int32Array): void {
    if (this.#bits !== null) {
      const bits = this.#bits;
      for (let i = 0; i < bits.length; i++) words[i]! &= ~bits[i]!;
      return;
    }
    const list = this.#list!;
    for (let i = 0; i < this.#count; i++) words[list[i]! >>> 5]! &= ~(1 << (list[i]! & 31));
  }

  /** Puts its slots into `words`. */
  setIn(words: Int32Array): void {
    if (this.#bits !== null) {
      const bits = this.#bits;
      for (let i = 0; i < bits.length; i++) words[i]! |= bits[i]!;
      return;
    }
    const list = this.#list!;
    for (let i = 0; i < this.#count; i++) words[list[i]! >>> 5]! |= 1 << (list[i]! & 31);
  }

  /** Makes `words` this set. */
  copyTo(words: Int32Array): void {
    if (this.#bits !== null) {
      words.set(this.#bits);
      return;
    }
    words.fill(0);
    this.setIn(words);
  }

  /** Takes those of its slots out of `words` that are not in `spared`. */
  clearUnless(spared: Int32Array, words: Int32Array): void {
    if (this.#bits !== null) {
      const bits = this.#bits;
      for (let i = 0; i < bits.length; i++) words[i]! &= ~bits[i]! | spared[i]!;
      return;
    }
    const list = this.#list!;
    for (let i = 0; i < this.#count; i++) {
      const word = list[i]! >>> 5;
      const bit = 1 << (list[i]! & 31);
      if ((spared[word]! & bit) === 0) words[word]! &= ~bit;
    }
  }

  /** The bits of a bitset, so that they need not be copied; null of a list. */
  bits(): Int32Array | null {
    return this.#bits;
  }

  #becomeBitset(): void {
    const bits = new Int32Array(this.#wordCount);
    const list = this.#list!;
    for (let i = 0; i < this.#count - 1; i++) bits[list[i]! >>> 5]! |= 1 << (list[i]! & 31);
    this.#bits = bits;
    this.#list = null;
  }
}

function extended(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(length);
  longer.set(array);
  return longer;
}
