/** Texts by a hash that the caller computes. Built per request: an array is both filled and read faster than a Map. */
export class HashBuckets {
  readonly #buckets: (string[] | undefined)[];
  readonly #mask: number;

  constructor(textCount: number) {
    let size = 8;
    while (size < textCount * 2) size *= 2;
    this.#buckets = new Array(size).fill(undefined);
    this.#mask = size - 1;
  }

  add(hash: number, text: string): void {
    const index = hash & this.#mask;
    const bucket = this.#buckets[index];
    if (bucket === undefined) this.#buckets[index] = [text];
    else bucket.push(text);
  }

  /** Texts that may have this hash, and others. */
  candidates(hash: number): readonly string[] | undefined {
    return this.#buckets[hash & this.#mask];
  }
}

/** Extends a hash by one UTF-16 code unit. Start from 0. */
export function extendHash(hash: number, charCode: number): number {
  return (Math.imul(hash, 31) + charCode) | 0;
}
