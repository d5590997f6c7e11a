/** The world of one seed: drawn, run, and judged. */
import { judge } from '../checks/judge.ts';
import { type DrawnWorld, drawWorld, HELD_MS } from '../faults/draw-world.ts';
import type { History, WorldFacts } from '../history.ts';
import { HistoryRecorder } from '../history-recorder.ts';
import { runWorld } from '../run-world.ts';
import type { World } from '../world.ts';
import type { SeedOutcome } from './seed-outcome.ts';

/** Changes a world before it begins: a bug that is put in, to see that it is found. */
export type Plant = (world: World) => void;

export interface SeedOptions {
  readonly plant?: Plant;
  /** Of each run of it. */
  readonly onHistory?: (history: History) => void;
}

/** Of so many seeds one is run twice (check O8). */
const REPEATED_OF = 10;

export function runSeed(seed: number, options: SeedOptions = {}): Promise<SeedOutcome> {
  return runDrawn(drawWorld(seed), options);
}

/** Never rejects: what goes wrong is in the outcome. */
export async function runDrawn(drawn: DrawnWorld, options: SeedOptions): Promise<SeedOutcome> {
  try {
    const history = await historyOf(drawn, options);
    const again = drawn.seed % REPEATED_OF === 0 ? await historyOf(drawn, options) : null;
    return outcomeOf(drawn, history, again);
  } catch (error) {
    const problem = `it could not be run: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    return { ...outlineOf(drawn), checks: [], requests: 0, virtualMs: 0, traceHash: '', problem };
  }
}

async function historyOf(drawn: DrawnWorld, { plant, onHistory }: SeedOptions): Promise<History> {
  const recorder = new HistoryRecorder({ facts: factsOf(drawn), healedAtMs: drawn.healedAtMs });
  const { traceHash } = await runWorld(drawn.scenario, {
    seed: drawn.seed,
    watches: [recorder.watch],
    prepare: (world) => {
      recorder.prepare(world);
      plant?.(world);
    },
  });
  const history = await recorder.history(traceHash);
  onHistory?.(history);
  return history;
}

function factsOf({ seed, mode, scenario, houseAds, isMoneyHome }: DrawnWorld): WorldFacts {
  return {
    seed,
    mode,
    isMoneyHome,
    isBilling: scenario.campaigns !== undefined,
    tmaxDefaultMs: 100,
    tmaxMaxMs: 1000,
    houseAds,
    billableMsMin: HELD_MS,
    overspendAllowance: 0,
    lateShareMax: scenario.cpuMsPerAuction === 0 ? 0 : 0.001,
  };
}

function outlineOf({ seed, mode, faultNames }: DrawnWorld): Pick<SeedOutcome, 'seed' | 'mode' | 'faults'> {
  const faults: Record<string, number> = {};
  for (const name of faultNames) faults[name] = (faults[name] ?? 0) + 1;
  return { seed, mode, faults };
}

function outcomeOf(drawn: DrawnWorld, history: History, again: History | null): SeedOutcome {
  const { observations, rest, traceHash } = history;
  return {
    ...outlineOf(drawn),
    checks: judge(history, again),
    requests: observations.filter(({ kind }) => kind === 'request-sent').length,
    virtualMs: rest?.atMs ?? 0,
    traceHash,
    problem: null,
  };
}
