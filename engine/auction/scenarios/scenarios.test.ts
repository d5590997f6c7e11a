/**
 * Runs the scenario files: `input` as in `build-input.ts` (defaults for what is left out), `wins` in the order of the outcome,
 * `bids` by bid. Only the fields that a file names are compared.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clearAuction } from '../clear.ts';
import { buildInput, type InputParts } from '../testing/build-input.ts';
import type { BidVerdict, Win } from '../types.ts';

interface Scenario {
  readonly description: string;
  readonly input: InputParts;
  readonly wins: readonly Partial<Win>[];
  readonly bids: readonly Partial<BidVerdict>[];
}

describe.each(['exemplary', 'supplemental'])('%s scenarios', (folder) => {
  const directory = new URL(`./${folder}/`, import.meta.url);
  for (const file of readdirSync(directory)) {
    const scenario = JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as Scenario;
    it(`${file}: ${scenario.description}`, () => {
      const outcome = clearAuction(buildInput(scenario.input));
      expect(outcome.wins).toHaveLength(scenario.wins.length);
      expect(outcome.wins).toMatchObject(scenario.wins);
      expect(outcome.bids).toHaveLength(scenario.bids.length);
      expect(outcome.bids).toMatchObject(scenario.bids);
    });
  }
});
