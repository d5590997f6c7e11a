/**
 * Outcomes of which the ledger knew nothing when they were reported: it hears of a win shortly behind the auction, so a fast
 * reader, or one whose report went to another process, may be earlier. They are billed again at growing intervals.
 *
 * Overflow policy `refuse-newest`, counted by the caller as unmatched like all that no win is ever found for.
 */
import type { Outcome } from '../estimation/quality/awaited-outcomes.ts';

interface Waiting {
  readonly outcome: Outcome;
  readonly dueAtMs: number;
  /** To the next time, ms. */
  readonly waitMs: number;
}

const FIRST_WAIT_MS = 500;
/** The last of these is some two minutes behind the report: by then a killed seller's win is nobody's any more. */
const WAIT_MS_MAX = 64_000;
const AT_ONCE_MAX = 2000;

export class UnmatchedOutcomes {
  readonly #lengthMax: number;
  readonly #waiting: Waiting[] = [];

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get length(): number {
    return this.#waiting.length;
  }

  add(outcomes: readonly Outcome[], nowMs: number): void {
    for (const outcome of outcomes) this.#wait(outcome, FIRST_WAIT_MS, nowMs);
  }

  /** Bills what is due: `bill` gives those that are still unmatched. When it rejects they stay due. */
  async retry(nowMs: number, bill: (outcomes: readonly Outcome[]) => Promise<readonly Outcome[]>): Promise<void> {
    const due = this.#takeDue(nowMs);
    if (due.length === 0) return;
    let unmatched: ReadonlySet<Outcome>;
    try {
      unmatched = new Set(await bill(due.map(({ outcome }) => outcome)));
    } catch (error) {
      this.#waiting.push(...due);
      throw error;
    }
    for (const { outcome, waitMs } of due) {
      if (unmatched.has(outcome) && waitMs < WAIT_MS_MAX) this.#wait(outcome, 2 * waitMs, nowMs);
    }
  }

  #takeDue(nowMs: number): readonly Waiting[] {
    const due: Waiting[] = [];
    let kept = 0;
    for (const waiting of this.#waiting) {
      if (waiting.dueAtMs <= nowMs && due.length < AT_ONCE_MAX) due.push(waiting);
      else this.#waiting[kept++] = waiting;
    }
    this.#waiting.length = kept;
    return due;
  }

  #wait(outcome: Outcome, waitMs: number, nowMs: number): void {
    if (this.#waiting.length < this.#lengthMax) this.#waiting.push({ outcome, dueAtMs: nowMs + waitMs, waitMs });
  }
}
