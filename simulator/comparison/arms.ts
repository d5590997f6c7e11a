/**
 * What is compared: some scenarios of worlds, or one file that names a base and says how each arm differs from it.
 */
import { dirname, resolve } from 'node:path';
import { Ajv } from 'ajv';
import { parseDocument } from 'yaml';
import { checkedScenario, readScenarioText, ScenarioError } from '../scenario-file.ts';
import { engineConfig, loadWorldScenario, type WorldScenario, worldScenario } from '../world/scenario.ts';

export interface Arm {
  readonly name: string;
  readonly scenario: WorldScenario;
  /** Where it is from. */
  readonly file: string;
}

export interface Arms {
  readonly name: string;
  /** At least two; the first one is what the others are compared with. */
  readonly arms: readonly Arm[];
}

interface ComparisonFile {
  readonly name: string;
  /** A world, beside this file. */
  readonly base: string;
  readonly arms: readonly { readonly name: string; readonly changes?: Changes }[];
}

/** Of a scenario: mappings are merged key by key, everything else is replaced. */
type Changes = Readonly<Record<string, unknown>>;

const validate = new Ajv({ strict: true }).compile<ComparisonFile>({
  type: 'object',
  additionalProperties: false,
  required: ['name', 'base', 'arms'],
  properties: {
    name: { type: 'string', minLength: 1 },
    base: { type: 'string', minLength: 1 },
    arms: {
      type: 'array',
      minItems: 2,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: { name: { type: 'string', minLength: 1 }, changes: { type: 'object' } },
      },
    },
  },
});

/** One comparison file, or two and more scenarios. Throws a ScenarioError. */
export function loadArms(files: readonly string[]): Arms {
  const [first] = files;
  if (files.length === 1) return armsOfComparison(first!);
  const arms = files.map((file) => {
    const scenario = loadWorldScenario(file);
    return { name: scenario.name, scenario, file };
  });
  requireDistinct(arms, first!);
  return { name: arms.map(({ name }) => name).join(' / '), arms };
}

function armsOfComparison(file: string): Arms {
  const text = readScenarioText(file);
  if (!isComparison(text)) {
    throw new ScenarioError(
      file,
      '',
      null,
      'is no comparison (name, base, arms); to compare worlds, name two or more of them',
    );
  }
  const comparison = checkedScenario<ComparisonFile>(text, file, {
    validate,
    findContradiction: () => null,
    describeUnknownKey: () => null,
  });
  const base = loadWorldScenario(resolve(dirname(file), comparison.base));
  const arms = comparison.arms.map(({ name, changes }) => ({
    name,
    scenario: changed(base, changes ?? {}, name, file),
    file,
  }));
  requireDistinct(arms, file);
  return { name: comparison.name, arms };
}

function isComparison(text: string): boolean {
  const document: unknown = parseDocument(text).toJS();
  return typeof document === 'object' && document !== null && 'arms' in document;
}

function changed(base: WorldScenario, changes: Changes, name: string, file: string): WorldScenario {
  try {
    const scenario = worldScenario(merged(base as unknown as Changes, changes) as unknown as WorldScenario);
    engineConfig(scenario, [], '');
    return scenario;
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    throw new ScenarioError(file, `arm "${name}"`, null, error.message.replace(PLACE, ''));
  }
}

/** What an error of a changed scenario begins with: it stands in no file. */
const PLACE = /^(scenario "[^"]*")?(:\d+)?: /;

function merged(base: Changes, changes: Changes): Changes {
  const result: Record<string, unknown> = { ...base };
  for (const [key, change] of Object.entries(changes)) {
    const before = Object.hasOwn(result, key) ? result[key] : undefined;
    Object.defineProperty(result, key, {
      value: isMapping(before) && isMapping(change) ? merged(before, change) : change,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

function isMapping(value: unknown): value is Changes {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function requireDistinct(arms: readonly Arm[], file: string): void {
  const names = new Set<string>();
  for (const { name } of arms) {
    if (names.has(name)) throw new ScenarioError(file, '', null, `two arms are called "${name}"`);
    names.add(name);
  }
}
