import { describe, expect, it } from 'vitest';
import { RECOVERY_DEFAULTS, Recovery } from './recovery.ts';

/** A success each half second from `fromMs`; how long it took until the streak was long enough. */
function cleanAfter(recovery: Recovery, fromMs: number): number {
  for (let nowMs = fromMs; ; nowMs += 500) {
    recovery.record(false, true, nowMs);
    if (recovery.isClean(nowMs)) return nowMs - fromMs;
  }
}

function ill(): Recovery {
  const recovery = new Recovery(RECOVERY_DEFAULTS);
  recovery.begin(0);
  return recovery;
}

describe('recovery', () => {
  it('lets all calls pass until there is a suspicion, then one in a hundred', () => {
    const recovery = new Recovery(RECOVERY_DEFAULTS);
    expect([recovery.isActive, recovery.share]).toEqual([false, 1]);
    recovery.begin(0);
    expect([recovery.isActive, recovery.share]).toEqual([true, 0.01]);
    recovery.end(1);
    expect([recovery.isActive, recovery.share]).toEqual([false, 1]);
  });

  it('does not rise within three good seconds, then trebles', () => {
    const recovery = ill();
    for (let nowMs = 0; nowMs <= 3000; nowMs += 10) recovery.record(false, true, nowMs);
    expect(recovery.share).toBe(0.01);
    recovery.record(false, true, 3500);
    expect(recovery.share).toBeCloseTo(0.03);
    for (let i = 0; i < 4; i++) recovery.record(false, true, 3500);
    expect(recovery.share).toBe(1);
  });

  it('needs several successes, however far apart', () => {
    const recovery = ill();
    recovery.record(false, true, 0);
    recovery.record(false, true, 100_000);
    expect(recovery.isClean(100_000)).toBe(false);
    recovery.record(false, true, 200_000);
    expect(recovery.isClean(200_000)).toBe(true);
  });

  it('starts the streak anew at a failure', () => {
    const recovery = ill();
    for (let nowMs = 0; nowMs <= 3000; nowMs += 1000) recovery.record(false, true, nowMs);
    recovery.record(true, true, 3100);
    recovery.record(false, true, 4000);
    expect(recovery.isClean(4000)).toBe(false);
  });

  it('goes one step back at a failure, never below the floor', () => {
    const recovery = ill();
    cleanAfter(recovery, 0);
    recovery.record(false, true, 4000);
    expect(recovery.share).toBeCloseTo(0.09);
    recovery.record(true, true, 4000);
    expect(recovery.share).toBeCloseTo(0.03);
    // A risen share needs no second streak: a healthy DSP, too, fails now and then.
    recovery.record(false, true, 4000);
    expect(recovery.share).toBeCloseTo(0.09);
    for (let i = 0; i < 9; i++) recovery.record(true, true, 4000);
    expect(recovery.share).toBe(0.01);
  });

  it('does not rise while it may not', () => {
    const recovery = ill();
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 1000) recovery.record(false, false, nowMs);
    expect(recovery.isClean(10_000)).toBe(true);
    expect(recovery.share).toBe(0.01);
  });

  it('asks for a longer streak with each relapse but the first two, within a bound', () => {
    const recovery = ill();
    const neededMs = [cleanAfter(recovery, 0)];
    for (let nowMs = 5000; neededMs.length < 6; ) {
      recovery.end(nowMs);
      recovery.begin(nowMs + 1000);
      const tookMs = cleanAfter(recovery, nowMs + 2000);
      neededMs.push(tookMs);
      nowMs += 2000 + tookMs;
    }
    expect(neededMs).toEqual([3500, 3500, 3500, 14_000, 56_000, 60_000]);
  });

  it('takes a setback after a clean streak for a relapse, one before for the same illness', () => {
    const recovery = ill();
    for (let nowMs = 0; nowMs < 60_000; nowMs += 10_000) recovery.begin(nowMs);
    expect(cleanAfter(recovery, 60_000)).toBe(3500);
    recovery.begin(70_000);
    expect(cleanAfter(recovery, 70_000)).toBe(3500);
    recovery.begin(80_000);
    expect(cleanAfter(recovery, 80_000)).toBe(3500);
    recovery.begin(90_000);
    expect(cleanAfter(recovery, 90_000)).toBe(14_000);
  });

  describe('lets calls pass', () => {
    const never = () => 1;
    /** After how many whole 10 ms since the last call the next one passes that chance does not favour. */
    const intervalMs = (recovery: Recovery, offerGapMs: number): number => {
      for (let sinceMs = 0; ; sinceMs += 10) if (recovery.passes(0.01, sinceMs, offerGapMs, never)) return sinceMs;
    };

    it.each([
      ['200 requests/s', 5, 750],
      ['20', 50, 1670],
      ['10', 100, 2500],
      ['1', 1000, 2500],
    ])('at %s as soon as that is no more than 3%% of them, within bounds', (_name, offerGapMs, expectedMs) => {
      expect(intervalMs(ill(), offerGapMs)).toBe(expectedMs);
    });

    it('more often once the streak was long enough', () => {
      const recovery = ill();
      cleanAfter(recovery, 0);
      expect(intervalMs(recovery, 100)).toBe(250);
    });

    it('by chance only where that is not on top of the interval', () => {
      expect(ill().passes(0.01, 0, 5, () => 0.009)).toBe(true);
      expect(ill().passes(0.01, 0, 50, () => 0.009)).toBe(false);
      expect(ill().passes(1, 0, 50, never)).toBe(true);
    });
  });

  it('forgives relapses after a calm minute', () => {
    const recovery = ill();
    for (const nowMs of [10_000, 20_000, 30_000]) {
      recovery.end(nowMs);
      recovery.begin(nowMs + 5000);
    }
    recovery.end(40_000);
    recovery.begin(101_000);
    expect(cleanAfter(recovery, 101_000)).toBe(3500);
  });
});
