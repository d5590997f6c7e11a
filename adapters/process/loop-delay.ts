/**
 * Watches how late the event loop is. A tick of our own and not `perf_hooks.monitorEventLoopDelay`: that one is a histogram
 * since its last reset, without a notion of "the last 100 ms", cannot be asked during a block, and forgets when the blocks
 * were, which is what a DSP's timeout has to be excused with. A tick per 10 ms costs about 0.02% of a core.
 */
import type { Clock, TimerHandle, Timers } from '../../engine/ports/clock.ts';
import { LoopDelayWindow } from '../../engine/traffic/admission/loop-delay-window.ts';

export interface LoopDelayWatch {
  /** What an arrival of the last 100 ms waited for the loop on average, ms; a block under way counts. About 0.1 us. */
  readonly delayMs: () => number;
  /** For how long the loop was blocked between two monotonic moments, ms: a DSP timeout in there is not the DSP's fault. */
  readonly blockedMsBetween: (fromMs: number, toMs: number) => number;
  readonly stop: () => void;
}

const TICK_MS = 10;
const WINDOW = { windowMs: 100, toleranceMs: 1, blockedMsMin: 10 };

/** Ticks until stopped, and keeps the process alive as long. */
export function watchLoopDelay({ clock, timers }: { readonly clock: Clock; readonly timers: Timers }): LoopDelayWatch {
  const window = new LoopDelayWindow(WINDOW);
  let handle: TimerHandle;

  const tick = (): void => {
    const nowMs = clock.monotonicMs();
    window.ticked(nowMs, nowMs + TICK_MS);
    handle = timers.schedule(TICK_MS, tick);
  };
  tick();

  return {
    delayMs: () => window.delayMs(clock.monotonicMs()),
    blockedMsBetween: (fromMs, toMs) => window.blockedMsBetween(fromMs, toMs, clock.monotonicMs()),
    stop: () => timers.cancel(handle),
  };
}
