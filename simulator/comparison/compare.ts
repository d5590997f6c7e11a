/**
 * The same worlds under several arms: each seed draws the same users, requests, values and faults for every arm (common random
 * numbers), so that what differs between two runs of a seed comes of what the arms differ in.
 */
import type { RunRecord } from '../world/run-record.ts';
import type { ComparisonArm, ComparisonRecord, MetricComparison } from './comparison-record.ts';
import { METRICS, type Metric } from './metrics.ts';
import { pairedDifference } from './paired-difference.ts';

export interface ComparisonPlan<Scenario> {
  readonly name: string;
  readonly commit: string;
  /** Repeats it, from the root of the project. */
  readonly command: string;
  /** The first one is what the others are compared with. */
  readonly arms: readonly { readonly name: string; readonly scenario: Scenario }[];
  readonly seeds: readonly number[];
  readonly run: (scenario: Scenario, seed: number) => Promise<RunRecord>;
  /** Runs at a time. */
  readonly parallel: number;
  readonly onProgress?: (done: number, all: number) => void;
}

/** What of a run is kept: a record a seed would be a lot to hold. */
type Kept = readonly number[];

export async function compareWorlds<Scenario>(plan: ComparisonPlan<Scenario>): Promise<ComparisonRecord> {
  const { name, commit, command, arms, seeds } = plan;
  const kept: Kept[][] = arms.map(() => []);
  const examples: RunRecord[] = [];
  const jobs = seeds.flatMap((seed, seedIndex) => arms.map((_, armIndex) => ({ seed, seedIndex, armIndex })));
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) {
      const { seed, seedIndex, armIndex } = job;
      const record = await plan.run(arms[armIndex]!.scenario, seed);
      if (seedIndex === 0) examples[armIndex] = record;
      kept[armIndex]![seedIndex] = METRICS.map(({ of }) => of(record));
      plan.onProgress?.(++done, jobs.length);
    }
  };
  await Promise.all(Array.from({ length: plan.parallel }, work));
  return {
    kind: 'comparison',
    version: 1,
    name,
    commit,
    command,
    seeds,
    arms: arms.map((arm, index) => armOf(arm.name, command, examples[index]!)),
    metrics: METRICS.map((metric, index) =>
      compareBy(
        metric,
        arms,
        kept.map((runs) => runs.map((run) => run[index]!)),
      ),
    ),
  };
}

/** An arm may stand in no file of its own: what repeats its run is the comparison. */
function armOf(name: string, command: string, example: RunRecord): ComparisonArm {
  const { identity } = example;
  return { name, scenarioHash: identity.scenarioHash, example: { ...example, identity: { ...identity, command } } };
}

function compareBy(
  { metric, unit, higherIsBetter }: Metric,
  arms: readonly { readonly name: string }[],
  values: readonly (readonly number[])[],
): MetricComparison {
  const [first, ...others] = values;
  return {
    metric,
    unit,
    higherIsBetter,
    values,
    differences: others.map((other, index) => pairedDifference(arms[index + 1]!.name, first!, other)),
  };
}
