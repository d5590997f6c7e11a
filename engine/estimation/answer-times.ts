/**
 * How long a model takes to answer, of late: whether it is worth waiting for. Questions go on behind the requests that
 * do not wait for them, so that a model which is quick again is noticed without anybody trying.
 */

/** Few enough to follow a change within a moment of traffic. */
const ANSWERS_SEEN = 32;

export class AnswerTimes {
  readonly #ms = new Float64Array(ANSWERS_SEEN);
  #count = 0;

  /** Infinity: it gave none. */
  record(ms: number): void {
    this.#ms[this.#count % ANSWERS_SEEN] = ms;
    this.#count += 1;
  }

  /** Whether half of the latest answers came within this time. True while too few are known. */
  areMostlyWithin(ms: number): boolean {
    if (this.#count < ANSWERS_SEEN) return true;
    let within = 0;
    for (const answerMs of this.#ms) if (answerMs <= ms) within += 1;
    return within * 2 >= ANSWERS_SEEN;
  }
}
