import { describe, expect, it } from 'vitest';
import { ROTATION_DEFAULTS, Rotation, type RotationChange } from './rotation.ts';

/** One call each 20 ms from `fromMs`; every `lateEvery`-th is late. What the results changed, in order. */
function feed(rotation: Rotation, fromMs: number, count: number, lateEvery: number, isProbe = false): RotationChange[] {
  const changes: RotationChange[] = [];
  for (let i = 1; i <= count; i++) {
    const change = rotation.record(i % lateEvery === 0, isProbe, fromMs + i * 20);
    if (change !== 'none') changes.push(change);
  }
  return changes;
}

function out(): Rotation {
  const rotation = new Rotation(ROTATION_DEFAULTS, 0);
  expect(feed(rotation, 0, 120, 3)).toEqual(['left']);
  return rotation;
}

describe('rotation', () => {
  it('keeps a DSP that answers 80% in time', () => {
    const rotation = new Rotation(ROTATION_DEFAULTS, 0);
    expect(feed(rotation, 0, 490, 5)).toEqual([]);
    expect(rotation.isOut).toBe(false);
    expect(rotation.inTimeRatio(9900)).toBeCloseTo(0.8);
  });

  it('drops one that answers less, but not on few calls nor at once', () => {
    expect(out().isOut).toBe(true);
    const rotation = new Rotation(ROTATION_DEFAULTS, 0);
    expect(feed(rotation, 5000, 49, 1)).toEqual([]);
    expect(feed(new Rotation(ROTATION_DEFAULTS, 0), 0, 99, 1)).toEqual([]);
  });

  it('takes it back after 18 of 20 probes in time', () => {
    const rotation = out();
    expect(feed(rotation, 3000, 2, 1, true)).toEqual([]);
    expect(feed(rotation, 3100, 18, 100, true)).toEqual(['returned']);
    expect(rotation.isOut).toBe(false);
    expect(rotation.inTimeRatio(3500)).toBeNull();
  });

  it('throws a block with three late probes away', () => {
    const rotation = out();
    expect(feed(rotation, 3000, 19, 7, true)).toEqual([]);
    expect(feed(rotation, 3400, 1, 1, true)).toEqual(['block-failed']);
    expect(feed(rotation, 3500, 19, 100, true)).toEqual([]);
    expect(feed(rotation, 4000, 1, 100, true)).toEqual(['returned']);
  });

  it('does not take results of earlier calls for probes', () => {
    const rotation = out();
    expect(feed(rotation, 3000, 100, 100)).toEqual([]);
    expect(rotation.isOut).toBe(true);
  });

  it('is in, with a clean slate, after a reset', () => {
    const rotation = out();
    rotation.reset(3000);
    expect([rotation.isOut, rotation.inTimeRatio(3000)]).toEqual([false, null]);
    expect(feed(rotation, 3000, 50, 1)).toEqual([]);
  });
});
