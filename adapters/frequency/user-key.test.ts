import { expect, it } from 'vitest';
import { userKey } from './user-key.ts';

it('is the same for a user and a secret, and shows neither', () => {
  const key = userKey('ifa:1', 'secret');
  expect(userKey('ifa:1', 'secret')).toBe(key);
  expect(userKey('ifa:2', 'secret')).not.toBe(key);
  expect(userKey('ifa:1', 'another')).not.toBe(key);
  // Also a hash tag: no brace may end it early.
  expect(key).toMatch(/^[\w-]{22}$/);
});
