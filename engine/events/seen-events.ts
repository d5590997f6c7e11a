/**
 * Ids of events that were stored of late, so that the same thing told again is not stored again. A filter only: of what it has
 * forgotten, or another process has seen, the ledger's unique key is the judge.
 *
 * Overflow policy `forget-oldest`: two generations of ids; when the younger is full, the older is forgotten.
 */
export class SeenEvents {
  readonly #generationMax: number;
  #young = new Set<string>();
  #old = new Set<string>();

  /** Remembers the last `idsMax` ids at most, and half as many at least. */
  constructor(idsMax: number) {
    this.#generationMax = Math.ceil(idsMax / 2);
  }

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id);
  }

  add(id: string): void {
    if (this.#young.size >= this.#generationMax) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(id);
  }

  copy(): SeenEvents {
    const copy = new SeenEvents(2 * this.#generationMax);
    copy.#young = new Set(this.#young);
    copy.#old = new Set(this.#old);
    return copy;
  }
}
