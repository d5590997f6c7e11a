/**
 * How long a model takes to answer, of late: whether it is worth waiting for. Questions go on behind the requests that
 * do not wait for them, so that a model which is quick again is noticed without anybody trying.
 */

/** Few enough to follow a change within a moment of traffic. */
const ANSWERS_SEEN = 32;

export class AnswerTimes {
  readonly #ms = new Float64Array(ANSWERS_SEEN);
  /** Whether it is only known that no answer came within that time. */
  readonly #isOpen = new Uint8Array(ANSWERS_SEEN);
  #count = 0;

  /** Infinity: it gave none. */
  record(ms: number): void {
    this.#record(ms, 0);
  }

  /** Somebody waited so long in vain: a model that hangs is noticed long before its calls are given up. */
  recordVainWait(ms: number): void {
    this.#record(ms, 1);
  }

  /** Whether half of the latest answers came within this time. True while too few are known. */
  areMostlyWithin(ms: number): boolean {
    if (this.#count < ANSWERS_SEEN) return true;
    let within = 0;
    let known = 0;
    for (let place = 0; place < ANSWERS_SEEN; place++) {
      const answerMs = this.#ms[place]!;
      const isOpen = this.#isOpen[place] === 1;
      // A wait that was shorter says nothing about a longer one.
      if (isOpen && answerMs < ms) continue;
      known += 1;
      if (!isOpen && answerMs <= ms) within += 1;
    }
    return within * 2 >= known;
  }

  #record(ms: number, isOpen: 0 | 1): void {
    const place = this.#count % ANSWERS_SEEN;
    this.#ms[place] = ms;
    this.#isOpen[place] = isOpen;
    this.#count += 1;
  }
}
