import { describe, expect, it, vi } from 'vitest';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { v8HeapShare, watchHeap, youngBytesMax } from './heap.ts';

function watched(): { set: (share: number) => void; timers: ManualTimers; asked: number[]; share: () => number } {
  const timers = new ManualTimers();
  const asked: number[] = [];
  let now = 0.4;
  const onRestartWanted = (share: number): void => {
    asked.push(share);
  };
  const watch = watchHeap({ timers, readShare: () => now, restartShare: 0.92, onRestartWanted });
  const set = (share: number): void => {
    now = share;
  };
  return { set, timers, asked, share: watch.share };
}

describe('heap watch', () => {
  it('shows the share, at most a quarter of a second old', () => {
    const { set, timers, share } = watched();
    expect(share()).toBe(0.4);
    set(0.88);
    timers.advance(250);
    expect(share()).toBe(0.88);
  });

  it('asks for a restart once, after 2 s above the bound', () => {
    const { set, timers, asked } = watched();
    set(0.93);
    timers.advance(1999);
    expect(asked).toEqual([]);
    timers.advance(1);
    expect(asked).toEqual([0.93]);
    set(0.5);
    timers.advance(1000);
    set(0.95);
    timers.advance(10_000);
    expect(asked).toHaveLength(1);
  });

  it('garbage that is collected asks for nothing', () => {
    const { set, timers, asked } = watched();
    for (let index = 0; index < 20; index++) {
      set(index % 4 === 0 ? 0.6 : 0.95);
      timers.advance(250);
    }
    expect(asked).toEqual([]);
  });

  it('knows what of the limit is for young objects', () => {
    const mib = 1024 * 1024;
    expect(youngBytesMax([], '')).toBe(48 * mib);
    expect(youngBytesMax(['--max-semi-space-size=64'], '')).toBe(192 * mib);
    expect(youngBytesMax(['--max_semi_space_size=8'], '--max-semi-space-size=64')).toBe(24 * mib);
  });

  it('does not read the options again for every sample', () => {
    const matching = vi.spyOn(String.prototype, 'matchAll');
    v8HeapShare();
    expect(matching).not.toHaveBeenCalled();
    matching.mockRestore();
  });

  it('reads a share of the real heap', () => {
    expect(v8HeapShare()).toBeGreaterThan(0);
    expect(v8HeapShare()).toBeLessThan(1);
  });
});
