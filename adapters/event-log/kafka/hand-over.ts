/** From who pushes to who pulls, one at a time: neither goes on before the other has what it waits for. */
export class HandOver<Item> {
  #given: { readonly item: Item; readonly taken: () => void } | null = null;
  #isTaken = false;
  #ending: { readonly error: unknown } | 'end' | null = null;
  #wake: (() => void) | null = null;

  /** Resolves when the next one is asked for, or nobody will ask again, or somebody else gives. */
  async give(item: Item): Promise<void> {
    if (this.#ending !== null) return;
    // Who gave before has been replaced: by a consumer that began anew, with the same.
    this.#letGo();
    await new Promise<void>((taken) => {
      this.#given = { item, taken };
      this.#isTaken = false;
      this.#wake?.();
    });
  }

  /** The item before is done with. Null: there are no more. Rejects as `fail` said. */
  async next(): Promise<Item | null> {
    if (this.#isTaken) this.#letGo();
    if (this.#given === null && this.#ending === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    if (this.#given !== null) {
      this.#isTaken = true;
      return this.#given.item;
    }
    if (this.#ending !== null && this.#ending !== 'end') throw this.#ending.error;
    return null;
  }

  /** What was given and not taken is dropped. */
  end(): void {
    this.#stop('end');
  }

  fail(error: unknown): void {
    this.#stop({ error });
  }

  #stop(ending: { readonly error: unknown } | 'end'): void {
    this.#ending ??= ending;
    this.#letGo();
    this.#wake?.();
  }

  #letGo(): void {
    const given = this.#given;
    this.#given = null;
    given?.taken();
  }
}
