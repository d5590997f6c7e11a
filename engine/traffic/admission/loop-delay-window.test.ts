import { describe, expect, it } from 'vitest';
import { LoopDelayWindow } from './loop-delay-window.ts';

const OPTIONS = { windowMs: 100, toleranceMs: 1, blockedMsMin: 10 };

/** Ticks every 10 ms, each `lateMs` late, for `forMs`; returns when the next is due. */
function tick(window: LoopDelayWindow, fromMs: number, forMs: number, lateMs: number): number {
  let dueMs = fromMs;
  while (dueMs < fromMs + forMs) {
    const cameMs = dueMs + lateMs;
    dueMs = cameMs + 10;
    window.ticked(cameMs, dueMs);
  }
  return dueMs;
}

describe('loop delay window', () => {
  it('is 0 on a loop that is on time to the rounding of timers', () => {
    const window = new LoopDelayWindow(OPTIONS);
    expect(window.delayMs(0)).toBe(0);
    const dueMs = tick(window, 0, 1000, 0.9);
    expect(window.delayMs(dueMs)).toBe(0);
    expect(window.blockedMsBetween(0, dueMs, dueMs)).toBe(0);
  });

  it('a pause of 40 ms weighs little, a block of 200 ms fills the window', () => {
    const pause = new LoopDelayWindow(OPTIONS);
    pause.ticked(0, 10);
    pause.ticked(50, 60);
    expect(pause.delayMs(50)).toBe(8);
    const block = new LoopDelayWindow(OPTIONS);
    block.ticked(0, 10);
    block.ticked(210, 220);
    expect(block.delayMs(210)).toBe(50);
  });

  it('counts a block under way before its tick has come', () => {
    const window = new LoopDelayWindow(OPTIONS);
    window.ticked(0, 10);
    expect(window.delayMs(60)).toBe(12.5);
    expect(window.blockedMsBetween(0, 60, 60)).toBe(50);
  });

  it('turns of 20 ms cost an arrival about 10', () => {
    const window = new LoopDelayWindow(OPTIONS);
    const dueMs = tick(window, 0, 1000, 20);
    expect(window.delayMs(dueMs - 10)).toBeGreaterThan(5);
    expect(window.delayMs(dueMs - 10)).toBeLessThan(10);
  });

  it('forgets: 100 ms after a block it is 0', () => {
    const window = new LoopDelayWindow(OPTIONS);
    window.ticked(0, 10);
    window.ticked(210, 220);
    tick(window, 220, 100, 0);
    expect(window.delayMs(311)).toBe(0);
  });

  it('knows for how long the loop was blocked between two moments', () => {
    const window = new LoopDelayWindow(OPTIONS);
    window.ticked(0, 10);
    window.ticked(60, 70);
    window.ticked(70, 80);
    expect(window.blockedMsBetween(0, 80, 80)).toBe(50);
    expect(window.blockedMsBetween(30, 40, 80)).toBe(10);
    expect(window.blockedMsBetween(60, 80, 80)).toBe(0);
    expect(window.blockedMsBetween(75, 100, 100)).toBe(20);
  });

  it('knows how long the block was that a moment lies in, though its tick has not come', () => {
    const window = new LoopDelayWindow(OPTIONS);
    window.ticked(0, 10);
    expect(window.blockedMsBetween(0, 15, 60)).toBe(5);
  });

  it('remembers the last 64 late ticks and no more', () => {
    const window = new LoopDelayWindow(OPTIONS);
    const dueMs = tick(window, 0, 10_000, 20);
    expect(window.blockedMsBetween(0, dueMs, dueMs)).toBe(64 * 20);
  });
});
