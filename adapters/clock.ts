/** The real clock and timers. */
import type { Clock, Timers } from '../engine/ports/clock.ts';

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

export const systemTimers: Timers = {
  schedule: (delayMs, fire) => setTimeout(fire, delayMs),
  cancel: (handle) => clearTimeout(handle as NodeJS.Timeout | undefined),
};
