/** What judges a world: a pure function over its history. */
import type { History } from '../history.ts';
import type { CheckFigures } from '../run-record.ts';

export interface Check {
  readonly id: 'O1' | 'O2' | 'O3' | 'O4' | 'O5' | 'O6' | 'O7' | 'O8';
  readonly name: string;
  readonly judge: (history: History, verdict: Verdict) => void;
}

/** Kept of a check; the rest is only counted. */
const VIOLATIONS_MAX = 20;

/** What a check came to. One that has judged nothing has proved nothing, and says so. */
export class Verdict {
  readonly violations: string[] = [];
  #judged = 0;
  #notKept = 0;

  /** One more thing was looked at; `violation` is asked for only where it does not hold. */
  expect(holds: boolean, violation: () => string): void {
    this.#judged++;
    if (holds) return;
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(violation());
    else this.#notKept++;
  }

  figures({ id, name }: Pick<Check, 'id' | 'name'>): CheckFigures {
    const rest = this.#notKept === 0 ? [] : [`and ${this.#notKept} more`];
    return { id, name, judged: this.#judged, violations: [...this.violations, ...rest] };
  }
}
