import type { Timers } from '../../../engine/ports/clock.ts';

/** The real ones, for tests that talk to real sockets. */
export const systemTimers: Timers = {
  schedule: (delayMs, fire) => setTimeout(fire, delayMs),
  cancel: (handle) => clearTimeout(handle as NodeJS.Timeout),
};
