/** Sums over the worlds of many seeds: how much was tried, and how much each check had to judge. Pure. */
import { DETERMINISM } from '../checks/determinism.ts';
import { CHECKS } from '../checks/judge.ts';
import { DRAWABLE_FAULTS } from '../faults/drawn-faults.ts';
import { failuresOf, isFailed, type SeedOutcome } from './seed-outcome.ts';

export interface CheckTally {
  readonly id: string;
  readonly name: string;
  judged: number;
  /** Worlds in which it judged anything. */
  worlds: number;
  violatedWorlds: number;
}

export interface FaultTally {
  readonly name: string;
  strikes: number;
  worlds: number;
}

export class SeedTally {
  worlds = 0;
  failed = 0;
  requests = 0;
  virtualMs = 0;
  /** The failed world of the lowest seed; null: none has failed. */
  firstFailed: SeedOutcome | null = null;
  readonly #worldsByMode = new Map<string, number>();
  readonly checks: readonly CheckTally[] = [...CHECKS, DETERMINISM].map(({ id, name }) => {
    return { id, name, judged: 0, worlds: 0, violatedWorlds: 0 };
  });
  readonly faults: readonly FaultTally[] = DRAWABLE_FAULTS.map(({ name }) => ({ name, strikes: 0, worlds: 0 }));

  add(outcome: SeedOutcome): void {
    this.worlds++;
    this.requests += outcome.requests;
    this.virtualMs += outcome.virtualMs;
    this.#worldsByMode.set(outcome.mode, this.worldsOf(outcome.mode) + 1);
    for (const check of this.checks) {
      const figures = outcome.checks.find(({ id }) => id === check.id);
      check.judged += figures?.judged ?? 0;
      if ((figures?.judged ?? 0) > 0) check.worlds++;
      if ((figures?.violations.length ?? 0) > 0) check.violatedWorlds++;
    }
    for (const fault of this.faults) {
      const strikes = outcome.faults[fault.name] ?? 0;
      fault.strikes += strikes;
      if (strikes > 0) fault.worlds++;
    }
    if (!isFailed(outcome)) return;
    this.failed++;
    if (this.firstFailed === null || outcome.seed < this.firstFailed.seed) this.firstFailed = outcome;
  }

  worldsOf(mode: SeedOutcome['mode']): number {
    return this.#worldsByMode.get(mode) ?? 0;
  }

  /** What was never tried: holes in the net, not proofs. */
  holes(): string[] {
    const checks = this.checks.filter(({ judged }) => judged === 0).map(({ id, name }) => `${id} (${name})`);
    return [...checks, ...this.faults.filter(({ strikes }) => strikes === 0).map(({ name }) => name)];
  }
}

/** Repeats one world, from the root of the project. */
export function commandOf(seed: number): string {
  return `npm run sim -- --seed-world ${seed}`;
}

/** What is wrong with the world of the lowest seed that failed, and how to see it again. */
export function describeFailure(outcome: SeedOutcome): string {
  const lines = failuresOf(outcome).map((line) => `  ${line}`);
  return [`seed ${outcome.seed} (${outcome.mode}) failed:`, ...lines, `again: ${commandOf(outcome.seed)}`].join('\n');
}
