import { expect, test } from 'vitest';
import { clientConnectionsWithin, descriptorLimit } from './descriptors.ts';

test('clients get what the rest leaves, and a quarter at least', () => {
  expect(clientConnectionsWithin(20_096, 1000)).toBe(19_000);
  expect(clientConnectionsWithin(256, 60)).toBe(100);
  expect(clientConnectionsWithin(256, 1000)).toBe(64);
  expect(clientConnectionsWithin(2, 0)).toBe(1);
});

test('the limit of this process is a number where the system tells', () => {
  const limit = descriptorLimit();
  if (process.platform === 'linux') expect(limit).toBeGreaterThan(16);
  else expect(limit).toBeNull();
});
