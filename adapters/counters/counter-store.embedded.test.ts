import { expect, it } from 'vitest';
import { WINDOW_MS } from '../../engine/counters/counts.ts';
import { BOUNDS, counterStoreContract, impression, SPRING } from './counter-store.contract.ts';
import { createEmbeddedCounterStore } from './counter-store.embedded.ts';

const NOW_MS = 1_800_000_000_000;
const clockAt = (now: { ms: number }) => ({ wallMs: () => now.ms, monotonicMs: () => now.ms });

counterStoreContract('the embedded store', async (bounds) => {
  const clock = clockAt({ ms: NOW_MS });
  return {
    store: createEmbeddedCounterStore({ ...bounds, clock }),
    nowMs: clock.wallMs,
    dispose: async () => {},
  };
});

it('lets go of windows that are over', async () => {
  const now = { ms: NOW_MS };
  const store = createEmbeddedCounterStore({ ...BOUNDS, clock: clockAt(now) });
  await store.claim(0);
  await store.count({ partition: 0, events: [impression(1, NOW_MS)], toOffset: 2 });
  const period = { fromMs: NOW_MS, toMs: NOW_MS + WINDOW_MS };
  now.ms += BOUNDS.keptMs + WINDOW_MS - 1;
  expect((await store.read(SPRING, period)).size).toBe(1);
  now.ms += 1;
  expect((await store.read(SPRING, period)).size).toBe(0);
});
