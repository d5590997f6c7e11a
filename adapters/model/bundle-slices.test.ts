/** A bundle is read beside requests: measured by shares of its own time, since machines differ. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SHIPPED_MODEL_KEY, shippedModelFolder } from '../../config/shipped-model.ts';
import { readRateTablesInSteps } from '../../engine/estimation/features/rate-tables.ts';
import { FEATURE_COUNT, SCHEMA_HASH } from '../../engine/estimation/features/schema.ts';
import { readModelInSteps } from '../../engine/estimation/models/model.ts';
import type { Steps } from '../../engine/estimation/models/steps.ts';
import { readBundle } from './bundle.ts';
import { readPublicKey } from './public-key.ts';

const FOLDER = shippedModelFolder('ctr');
/** A busy machine may stop any of them at the wrong moment, but hardly all. */
const TRIES = 5;

const textOf = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

/** Gives the longest time without a turn of the event loop, as a share of the whole. */
async function longestShare(work: () => Promise<unknown>): Promise<number> {
  const startedAtMs = performance.now();
  let lastTurnAtMs = startedAtMs;
  let longestMs = 0;
  let isDone = false;
  const done = work().then(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    longestMs = Math.max(longestMs, performance.now() - lastTurnAtMs);
    lastTurnAtMs = performance.now();
  }
  await done;
  return longestMs / (performance.now() - startedAtMs);
}

async function leastOf(share: () => Promise<number>): Promise<number> {
  let least = 1;
  for (let attempt = 0; attempt < TRIES; attempt++) least = Math.min(least, await share());
  return least;
}

it('other turns of the event loop come in between', async () => {
  const rules = {
    publicKeys: [readPublicKey(SHIPPED_MODEL_KEY)],
    schemaHash: SCHEMA_HASH,
    featureCount: FEATURE_COUNT,
    target: 'click' as const,
  };
  const read = (): Promise<unknown> => readBundle(FOLDER, rules, { versionMin: 0, nowMs: Date.parse('2026-12-01') });
  expect(await leastOf(() => longestShare(read))).toBeLessThan(0.35);
});

it.each<[string, () => Steps<unknown>]>([
  ['trees', () => readModelInSteps('gbdt', textOf('model.txt'))],
  ['rates', () => readRateTablesInSteps(textOf('rates.json'))],
])('no step over %s is most of the work', async (_name, begin) => {
  const share = async (): Promise<number> => {
    const steps = begin();
    const timesMs: number[] = [];
    for (let isDone = false; !isDone; ) {
      const startedAtMs = performance.now();
      isDone = steps.next().done === true;
      timesMs.push(performance.now() - startedAtMs);
    }
    return Math.max(...timesMs) / timesMs.reduce((sum, timeMs) => sum + timeMs, 0);
  };
  expect(await leastOf(share)).toBeLessThan(0.4);
});
