import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { seededRandom } from '../random.ts';
import {
  checkedScenario,
  type Problem,
  readScenarioText,
  ScenarioError,
  type ScenarioRules,
} from '../scenario-file.ts';
import { FAULTS, type FaultShares } from './faults.ts';
import { type DspGroup, type DspTraits, type Scenario, scenarioSchema } from './scenario-schema.ts';

export { ScenarioError } from '../scenario-file.ts';
export type { Scenario } from './scenario-schema.ts';

/** One DSP of a scenario, with its own share of the group's variation. */
export interface SimulatedDsp extends DspTraits {
  /** `<group>-<two digits or more>`. */
  readonly id: string;
}

/** Reads and checks a scenario file. Throws a ScenarioError. */
export function loadScenario(path: string): Scenario {
  return parseScenario(readScenarioText(path), path);
}

/** Checks the text of a scenario; `file` is what errors call it. Throws a ScenarioError. */
export function parseScenario(text: string, file: string): Scenario {
  return checkedScenario(text, file, RULES);
}

/** The scenario used when none is named: 50 mostly healthy DSPs. Lies beside the sources and beside `dist/` alike. */
export function defaultScenarioPath(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const path = join(folder, 'config', 'examples', 'scenarios', 'default.yaml');
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) throw new ScenarioError(path, '', null, 'is missing from this installation');
  }
}

/**
 * The DSPs of a scenario: as many as its groups say, or `count` in the same proportions, so that a run of 5 meets the
 * common kinds and a run of 200 has each kind four times as often. The first members of a longer list are those of a shorter one.
 */
export function dspsOf(scenario: Scenario, count = declaredCount(scenario)): SimulatedDsp[] {
  const rounds = Math.ceil(count / declaredCount(scenario));
  // Member i of a group of c stands at (i + 1/2) / c: sorting by that deals the groups out evenly.
  const members = scenario.groups.flatMap((group) =>
    Array.from({ length: group.count * rounds }, (_, index) => ({
      group,
      index,
      position: (index + 0.5) / group.count,
    })),
  );
  members.sort((a, b) => a.position - b.position);
  return members.slice(0, count).map(({ group, index }) => memberOf(scenario, group, index));
}

function declaredCount(scenario: Scenario): number {
  return scenario.groups.reduce((sum, group) => sum + group.count, 0);
}

function memberOf(scenario: Scenario, group: DspGroup, index: number): SimulatedDsp {
  const { id: groupId, count: _count, variation, ...traits } = group;
  const id = `${groupId}-${String(index + 1).padStart(2, '0')}`;
  const random = seededRandom(scenario.seed).fork('variation').fork(id);
  return {
    ...traits,
    id,
    latency: { ...traits.latency, medianMs: random.logNormal(traits.latency.medianMs, variation) },
    price: { ...traits.price, medianCpm: random.logNormal(traits.price.medianCpm, variation) },
  };
}

const ajv = new Ajv({ useDefaults: true, strict: true });
addFormats.default(ajv, ['hostname']);

const RULES: ScenarioRules<Scenario> = {
  validate: ajv.compile<Scenario>(scenarioSchema),
  findContradiction,
  describeUnknownKey: (parent) => (parent.at(-1) === 'faults' ? `is not a fault: ${FAULTS.join(', ')}` : null),
};

/** What a schema cannot say. */
function findContradiction(scenario: Scenario): Problem | null {
  const ids = new Set<string>();
  for (const [index, group] of scenario.groups.entries()) {
    const path = ['groups', index];
    if (ids.has(group.id)) return { path: [...path, 'id'], text: `"${group.id}" names two groups` };
    ids.add(group.id);
    if (group.creative.minimumBytes > group.creative.maximumBytes) {
      return { path: [...path, 'creative'], text: 'minimumBytes is above maximumBytes' };
    }
    const faulty = faultShare(group.faults);
    if (faulty > 1) return { path: [...path, 'faults'], text: `probabilities add up to ${faulty.toFixed(3)}, above 1` };
    const { fromSec, untilSec } = group.faultTimes;
    if (untilSec !== undefined && untilSec <= fromSec) {
      return { path: [...path, 'faultTimes'], text: 'untilSec is not after fromSec' };
    }
  }
  return null;
}

/** Chance of any fault at all. */
export function faultShare(faults: FaultShares): number {
  return Object.values(faults).reduce((sum, probability) => sum + probability, 0);
}
