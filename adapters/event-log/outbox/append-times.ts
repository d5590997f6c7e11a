/**
 * When the events that wait were appended, coarsely: one mark for many sequences, so that an outage of days takes no more
 * room than one of minutes.
 */
const MARKS_MAX = 512;

interface Mark {
  /** From this sequence on, up to the next mark. */
  readonly sequence: number;
  readonly atMs: number;
}

export class AppendTimes {
  #marks: Mark[] = [];
  #spacingMs = 50;

  /** Events from this sequence on were appended at this time or later. Sequences and times rise. */
  mark(sequence: number, atMs: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && atMs - last.atMs < this.#spacingMs) return;
    this.#marks.push({ sequence, atMs });
    if (this.#marks.length <= MARKS_MAX) return;
    this.#marks = this.#marks.filter((_, index) => index % 2 === 0);
    this.#spacingMs *= 2;
  }

  /** At what time or later this one was appended; null: unknown. Forgets those before it. */
  of(sequence: number): number | null {
    while (this.#marks.length > 1 && this.#marks[1]!.sequence <= sequence) this.#marks.shift();
    return this.#marks[0]?.atMs ?? null;
  }

  /** Nothing waits any more. */
  clear(): void {
    this.#marks = [];
    this.#spacingMs = 50;
  }
}
