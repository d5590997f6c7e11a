import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FAULTS } from './faults.ts';
import { defaultScenarioPath, dspsOf, loadScenario, parseScenario, ScenarioError } from './scenario.ts';

const GROUP = `
  - id: plain
    count: 2
    latency: { medianMs: 5 }
    bidRate: { default: 0.5 }
    price: { medianCpm: 1 }
`;

function errorOf(text: string): ScenarioError {
  try {
    parseScenario(text, 'bad.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(ScenarioError);
    return error as ScenarioError;
  }
  throw new Error('the scenario was accepted');
}

describe('scenario file', () => {
  it('fills in defaults', () => {
    const [group] = parseScenario(`name: tiny\ngroups:${GROUP}`, 'tiny.yaml').groups;
    expect(group).toMatchObject({
      version: '2.6',
      seats: ['main'],
      gzip: false,
      faults: {},
      faultTimes: { fromSec: 0 },
      latency: { tail: { probability: 0, multiplier: 1 } },
      price: { currency: 'USD' },
    });
  });

  it.each([
    ['an unknown key', `name: x\ngroups:${GROUP}    colour: red\n`, 'groups[0].colour', 8],
    ['a missing key', 'name: x\ngroups:\n  - id: a\n    count: 1\n', 'groups[0].latency', 3],
    ['a wrong type', `name: x\nseed: soon\ngroups:${GROUP}`, 'seed', 2],
    ['a value out of bounds', `name: x\ngroups:${GROUP}    secondBid: 1.5\n`, 'groups[0].secondBid', 8],
    ['a version that does not exist', `name: x\ngroups:${GROUP}    version: '3.0'\n`, 'groups[0].version', 8],
    ['an unknown fault', `name: x\ngroups:${GROUP}    faults: { fire: 1 }\n`, 'groups[0].faults.fire', 8],
    [
      'faults above certainty',
      `name: x\ngroups:${GROUP}    faults: { late: 0.7, reset: 0.7 }\n`,
      'groups[0].faults',
      8,
    ],
    [
      'faults that end before they begin',
      `name: x\ngroups:${GROUP}    faultTimes: { fromSec: 9, untilSec: 9 }\n`,
      'groups[0].faultTimes',
      8,
    ],
    [
      'flapping without a healthy phase',
      `name: x\ngroups:${GROUP}    faultTimes: { flapping: { sickSec: 3 } }\n`,
      'groups[0].faultTimes.flapping.healthySec',
      8,
    ],
    [
      'a reversed range',
      `name: x\ngroups:${GROUP}    creative: { minimumBytes: 9, maximumBytes: 8 }\n`,
      'groups[0].creative',
      8,
    ],
    ['a group named twice', `name: x\ngroups:${GROUP}${GROUP.slice(1)}`, 'groups[1].id', 8],
  ])('names file, line and key of %s', (_case, text, key, line) => {
    const error = errorOf(text);
    expect(error.key).toBe(key);
    expect(error.message).toMatch(new RegExp(`^bad\\.yaml:${line}: `));
  });

  it('says which faults there are where an unknown one is named', () => {
    expect(errorOf(`name: x\ngroups:${GROUP}    faults: { fire: 1 }\n`).message).toMatch(
      /faults\.fire: is not a fault: no-answer, .*gzip-bomb/,
    );
  });

  it('names the line of broken YAML and a file that cannot be read', () => {
    expect(errorOf('name: [x\n').message).toMatch(/^bad\.yaml:\d+: /);
    expect(() => loadScenario('/nowhere/at-all.yaml')).toThrow('/nowhere/at-all.yaml: cannot be read (ENOENT)');
  });
});

describe('the DSPs of a scenario', () => {
  const scenario = loadScenario(defaultScenarioPath());

  it('are 50 by default, each with its own id and its own latency', () => {
    const dsps = dspsOf(scenario);
    expect(dsps).toHaveLength(50);
    expect(new Set(dsps.map((dsp) => dsp.id)).size).toBe(50);
    expect(new Set(dsps.map((dsp) => dsp.latency.medianMs)).size).toBe(50);
  });

  it('keep the proportions of their groups at any count, and a shorter list begins a longer one', () => {
    const few = dspsOf(scenario, 5);
    const many = dspsOf(scenario, 100);
    expect(many.slice(0, 5)).toEqual(few);
    for (const group of scenario.groups) {
      expect(many.filter((dsp) => dsp.id.startsWith(`${group.id}-`))).toHaveLength(group.count * 2);
    }
  });

  it('differ by seed', () => {
    const other = dspsOf({ ...scenario, seed: scenario.seed + 1 });
    expect(other[0]!.latency.medianMs).not.toBe(dspsOf(scenario)[0]!.latency.medianMs);
  });

  const example = (name: string) =>
    dspsOf(loadScenario(fileURLToPath(new URL(`../../config/examples/scenarios/${name}.yaml`, import.meta.url))));

  it('of the example of actions pay for all that can be paid for', () => {
    expect(new Set(example('actions').map(({ price }) => price.pricing))).toEqual(new Set(['cpm', 'cpc', 'cpa']));
  });

  it('of the faulty example show every fault', () => {
    const dsps = example('faulty');
    const shown = new Set(dsps.flatMap(({ faults }) => Object.keys(faults)));
    expect([...shown].sort()).toEqual([...FAULTS].sort());
  });
});
