import { expect, test } from 'vitest';
import { RespawnDelay } from './respawn-delay.ts';

const OPTIONS = { youngMs: 10_000, firstMs: 500, longestMs: 4000 };

test('one that dies is replaced at once, young or old', () => {
  expect(new RespawnDelay(OPTIONS).afterDeath(50)).toBe(0);
  expect(new RespawnDelay(OPTIONS).afterDeath(3_600_000)).toBe(0);
});

test('those that die young one after the other are replaced later each time, up to a bound', () => {
  const delay = new RespawnDelay(OPTIONS);
  expect(Array.from({ length: 7 }, () => delay.afterDeath(100))).toEqual([0, 500, 1000, 2000, 4000, 4000, 4000]);
});

test('one that lived long enough ends the row', () => {
  const delay = new RespawnDelay(OPTIONS);
  for (let i = 0; i < 3; i += 1) delay.afterDeath(9999);
  expect(delay.afterDeath(10_000)).toBe(0);
  expect(delay.afterDeath(100)).toBe(0);
});
