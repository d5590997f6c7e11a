/** Long work beside requests: a slice of it each turn of the event loop, so that nobody waits for more than one. */
import type { Steps } from '../engine/estimation/models/steps.ts';

/** Of a slice; a step that was begun is finished. */
const SLICE_MS = 2;

/** Rejects with what a step throws. */
export async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    await nextTurn();
    const endAtMs = performance.now() + SLICE_MS;
    do {
      const { done, value } = steps.next();
      if (done === true) return value;
    } while (performance.now() < endAtMs);
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
