import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../engine/ports/clock.ts';
import { systemClock, systemTimers } from '../clock.ts';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { type LoopDelayWatch, watchLoopDelay } from './loop-delay.ts';

describe('loop delay watch on manual time', () => {
  let nowMs = 0;
  const clock: Clock = { wallMs: () => 0, monotonicMs: () => nowMs };

  function run(timers: ManualTimers, ms: number): void {
    for (const untilMs = nowMs + ms; nowMs < untilMs; ) {
      nowMs++;
      timers.advance(1);
    }
  }

  it('shows nothing on a free loop, a block after it, nothing again 100 ms later', () => {
    nowMs = 0;
    const timers = new ManualTimers();
    const watch = watchLoopDelay({ clock, timers });
    run(timers, 500);
    expect(watch.delayMs()).toBe(0);
    nowMs += 200;
    timers.advance(10);
    expect(watch.delayMs()).toBe(50);
    expect(watch.blockedMsBetween(0, 700)).toBe(190);
    expect(watch.blockedMsBetween(600, 900)).toBe(100);
    run(timers, 120);
    expect(watch.delayMs()).toBe(0);
    watch.stop();
  });

  it('sees each of many short blocks, to at most a tick less', () => {
    nowMs = 0;
    const timers = new ManualTimers();
    const watch = watchLoopDelay({ clock, timers });
    for (let block = 0; block < 20; block++) {
      run(timers, 443 + block);
      const blockedAtMs = nowMs;
      nowMs += 50;
      timers.advance(10);
      // A call of 30 ms, made 10 ms before the block, whose deadline lay in it.
      expect(watch.blockedMsBetween(blockedAtMs - 10, nowMs)).toBeGreaterThanOrEqual(40);
    }
    watch.stop();
  });

  it('stops', () => {
    nowMs = 0;
    const timers = new ManualTimers();
    watchLoopDelay({ clock, timers }).stop();
    let fired = false;
    timers.schedule(1000, () => {
      fired = true;
    });
    run(timers, 999);
    expect(fired).toBe(false);
  });
});

describe('loop delay watch on the real loop', () => {
  let watch: LoopDelayWatch | undefined;
  afterEach(() => watch?.stop());

  it('sees a block of 60 ms, and where it was', async () => {
    watch = watchLoopDelay({ clock: systemClock, timers: systemTimers });
    await nextTurn();
    const fromMs = systemClock.monotonicMs();
    while (systemClock.monotonicMs() - fromMs < 60);
    const toMs = systemClock.monotonicMs();
    expect(watch.blockedMsBetween(fromMs, toMs)).toBeGreaterThan(45);
    expect(watch.delayMs()).toBeGreaterThan(9);
  });
});
