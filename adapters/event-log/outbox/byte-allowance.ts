/** So many bytes a second, and those of one second at once. Amounts above that are let through and paid for afterwards. */
export class ByteAllowance {
  readonly #bytesPerSecond: number;
  #left: number;
  #atMs: number;

  constructor(bytesPerSecond: number, nowMs: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#left = bytesPerSecond;
    this.#atMs = nowMs;
  }

  /** Takes them; ms to wait before they may be used. */
  take(bytes: number, nowMs: number): number {
    const earned = ((nowMs - this.#atMs) * this.#bytesPerSecond) / 1000;
    this.#left = Math.min(this.#bytesPerSecond, this.#left + earned) - bytes;
    this.#atMs = nowMs;
    return this.#left >= 0 ? 0 : (-this.#left * 1000) / this.#bytesPerSecond;
  }
}
