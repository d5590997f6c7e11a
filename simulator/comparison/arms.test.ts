import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadArms } from './arms.ts';

function files(texts: Readonly<Record<string, string>>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'gavel-arms-'));
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  return (name) => join(folder, name);
}

const BASE = 'name: base\ndurationSec: 60\nengine: { auction: { tmaxDefaultMs: 80 } }\nmarket: { dsps: 3 }\n';

test('an arm is its base but for what it changes', () => {
  const path = files({
    'base.yaml': BASE,
    'comparison.yaml': `name: waits\nbase: base.yaml\narms:\n  - name: as-is\n  - name: hasty\n    changes: { engine: { auction: { progressive: false } }, faults: [] }\n`,
  });
  const { name, arms } = loadArms([path('comparison.yaml')]);
  expect(name).toBe('waits');
  expect(arms.map((arm) => arm.name)).toEqual(['as-is', 'hasty']);
  expect(arms[1]!.scenario.engine).toEqual({ auction: { tmaxDefaultMs: 80, progressive: false } });
  expect({ ...arms[1]!.scenario, engine: null }).toEqual({ ...arms[0]!.scenario, engine: null });
});

test('two scenarios are two arms', () => {
  const path = files({ 'a.yaml': BASE, 'b.yaml': BASE.replace('base', 'other') });
  expect(loadArms([path('a.yaml'), path('b.yaml')]).arms.map(({ name }) => name)).toEqual(['base', 'other']);
});

test('what is wrong is said with file and arm', () => {
  const path = files({
    'base.yaml': BASE,
    'unknown.yaml': 'name: x\nbase: base.yaml\narms: [{ name: a }, { name: b, changes: { durationSecs: 3 } }]\n',
    'twice.yaml': 'name: x\nbase: base.yaml\narms: [{ name: a }, { name: a }]\n',
    'engine.yaml': 'name: x\nbase: base.yaml\narms: [{ name: a }, { name: b, changes: { engine: { auktion: {} } } }]\n',
  });
  const messageOf = (...names: string[]): string => {
    try {
      loadArms(names.map(path));
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(messageOf('unknown.yaml')).toMatch(/unknown\.yaml: arm "b": .*durationSecs/);
  expect(messageOf('engine.yaml')).toMatch(/engine\.yaml: arm "b": .*auktion/);
  expect(messageOf('twice.yaml')).toMatch(/twice\.yaml: two arms are called "a"/);
  expect(messageOf('base.yaml')).toMatch(/base\.yaml: is no comparison/);
  expect(messageOf('base.yaml', 'base.yaml')).toMatch(/two arms are called "base"/);
  expect(messageOf('missing.yaml')).toMatch(/missing\.yaml: cannot be read/);
});

const SHIPPED = join(import.meta.dirname, '../../config/examples/comparisons');
const comparisons = readdirSync(SHIPPED).filter((file) =>
  readFileSync(join(SHIPPED, file), 'utf8').includes('\narms:'),
);

test.each(comparisons)('%s, which ships, can be run', (file) => {
  const { name, arms } = loadArms([join(SHIPPED, file)]);
  expect(`${name}.yaml`).toBe(file);
  expect(new Set(arms.map(({ scenario }) => JSON.stringify(scenario))).size).toBe(arms.length);
});
