import type { CheckFigures } from '../run-record.ts';

/** What one drawn world came to: plain JSON, for it comes from another process. */
export interface SeedOutcome {
  readonly seed: number;
  readonly mode: 'safety' | 'liveness';
  readonly checks: readonly CheckFigures[];
  /** How often each kind of fault struck. */
  readonly faults: Readonly<Record<string, number>>;
  readonly requests: number;
  /** Virtual length, with the time that it took to come to rest. */
  readonly virtualMs: number;
  readonly traceHash: string;
  /** It could not be run to its end: what was thrown; null: it could. */
  readonly problem: string | null;
}

export function isFailed({ checks, problem }: SeedOutcome): boolean {
  return problem !== null || checks.some(({ violations }) => violations.length > 0);
}

/** One line for each thing that is wrong. */
export function failuresOf({ checks, problem }: SeedOutcome): string[] {
  const lines = checks.flatMap(({ id, name, violations }) => violations.map((text) => `${id} ${name}: ${text}`));
  return problem === null ? lines : [problem, ...lines];
}
