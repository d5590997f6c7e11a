/** How fast an account is asked to spend: an exponentially fading mean, right from the first moment on. */
export class DemandRate {
  readonly #fadeMs: number;
  #sum = 0;
  /** How much of a full window the sum stands for, 0 to 1. */
  #weight = 0;
  #atMs: number;

  /** `fadeMs`: the past counts 1/e after so long. */
  constructor(fadeMs: number, nowMs: number) {
    this.#fadeMs = fadeMs;
    this.#atMs = nowMs;
  }

  observe(amount: number, nowMs: number): void {
    this.#fade(nowMs);
    this.#sum += amount;
  }

  /** Per ms. A window that has only begun counts as a tenth at least: the first price is no rate. */
  perMs(nowMs: number): number {
    this.#fade(nowMs);
    return this.#sum / (this.#fadeMs * Math.max(0.1, this.#weight));
  }

  #fade(nowMs: number): void {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs <= 0) return;
    const kept = Math.exp(-elapsedMs / this.#fadeMs);
    this.#sum *= kept;
    this.#weight = 1 - (1 - this.#weight) * kept;
    this.#atMs = nowMs;
  }
}
