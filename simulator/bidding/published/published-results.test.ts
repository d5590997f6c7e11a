import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { publishedPlaces, reproduce } from './published-results.ts';

const EXPECTED = fileURLToPath(new URL('../../../../shared/datasets/replay/expected.json', import.meta.url));

it.skipIf(!existsSync(EXPECTED))('reproduces every published row', async () => {
  const results = JSON.parse(readFileSync(EXPECTED, 'utf8'));
  const rows = [];
  for await (const row of reproduce(results, publishedPlaces(EXPECTED))) rows.push(row);
  expect(rows.filter(({ isEqual }) => !isEqual)).toEqual([]);
  console.log(rows.length);
});
