import { expect, it } from 'vitest';
import type { UserKey } from '../../engine/ports/frequency-store.ts';
import { systemClock } from '../clock.ts';
import { DAY_MS, frequencyStoreContract, impression } from './frequency-store.contract.ts';
import { createEmbeddedFrequencyStore } from './frequency-store.embedded.ts';

frequencyStoreContract('the embedded store', async () => {
  const store = createEmbeddedFrequencyStore({ usersMax: 1000, clock: systemClock });
  return { stores: [store, store], dispose: store.close };
});

const user = (number: number) => `user-${number}` as UserKey;

it('is full rather than forgetful, and takes new users once old ones count no more', async () => {
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const store = createEmbeddedFrequencyStore({ usersMax: 10, clock });
  for (let number = 0; number < 10; number++) await store.take(user(number), impression('1'));
  expect(await store.take(user(10), impression('1'))).toEqual({ kind: 'full' });
  expect(await store.take(user(0), impression('2', [{ count: 1 }]))).toMatchObject({ kind: 'capped' });
  nowMs = DAY_MS;
  expect(await store.take(user(10), impression('1'))).toEqual({ kind: 'taken' });
});

it('clears away as it goes', async () => {
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const store = createEmbeddedFrequencyStore({ usersMax: 100, clock });
  for (let number = 0; number < 10_000; number++) {
    nowMs += DAY_MS / 40;
    expect(await store.take(user(number), impression('1'))).toEqual({ kind: 'taken' });
  }
});
