/** Lets so many calls be under way at once; the others wait in order. */
export class CallGate {
  readonly #callsMax: number;
  readonly #waiting: (() => void)[] = [];
  #calls = 0;

  constructor(callsMax: number) {
    this.#callsMax = callsMax;
  }

  /** Who waits is bounded by the callers: one per account. */
  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#calls < this.#callsMax) this.#calls++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await call();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#calls--;
      else next();
    }
  }
}
