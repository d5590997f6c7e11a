import { expect, test } from 'vitest';
import { poolSize } from './pool-size.ts';

test.each([
  ['Q x L', { callsPerSecond: 500, latencyMs: 30, processes: 1 }, 15],
  ['shared by processes, rounded up', { callsPerSecond: 500, latencyMs: 30, processes: 4 }, 4],
  ['a rare DSP', { callsPerSecond: 1, latencyMs: 30, processes: 1 }, 2],
  ['a typo', { callsPerSecond: 1_000_000, latencyMs: 10_000, processes: 1 }, 512],
])('%s', (_name, demand, connections) => {
  expect(poolSize(demand)).toBe(connections);
});
