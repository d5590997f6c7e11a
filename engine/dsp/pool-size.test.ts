import { expect, test } from 'vitest';
import { poolSize } from './pool-size.ts';

test.each([
  ['Q x L', { callsPerSecond: 500, latencyMs: 30 }, 15],
  ['a share, rounded up', { callsPerSecond: 125, latencyMs: 30 }, 4],
  ['a rare DSP', { callsPerSecond: 1, latencyMs: 30 }, 2],
  ['a typo', { callsPerSecond: 1_000_000, latencyMs: 10_000 }, 512],
])('%s', (_name, demand, connections) => {
  expect(poolSize(demand)).toBe(connections);
});
