/** Which windows there are; the same in both stores. */
import { WINDOW_MS } from '../../engine/counters/counts.ts';

/** Clocks of engines need not agree by more. An event further ahead is nobody's: its window would outlive all others. */
export const AHEAD_MS_MAX = 60_000;

export function isWindowKept(windowMs: number, nowMs: number, keptMs: number): boolean {
  return windowMs + WINDOW_MS + keptMs > nowMs && windowMs <= nowMs + AHEAD_MS_MAX;
}
