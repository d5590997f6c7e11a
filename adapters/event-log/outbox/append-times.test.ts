import { expect, it } from 'vitest';
import { AppendTimes } from './append-times.ts';

it('says when an event was appended, or a little earlier', () => {
  const times = new AppendTimes();
  expect(times.of(1)).toBeNull();
  for (let n = 0; n < 100; n += 1) times.mark(n + 1, n * 10);
  for (const sequence of [1, 20, 50, 100]) {
    const appendedAtMs = (sequence - 1) * 10;
    expect(times.of(sequence)).toBeLessThanOrEqual(appendedAtMs);
    expect(times.of(sequence)).toBeGreaterThan(appendedAtMs - 50);
  }
  times.clear();
  expect(times.of(101)).toBeNull();
});

it('is coarser the longer an outage lasts, and never says that an event is younger than it is', () => {
  const times = new AppendTimes();
  const DAY_MS = 86_400_000;
  for (let atMs = 0; atMs <= DAY_MS; atMs += 1000) times.mark(atMs / 1000 + 1, atMs);
  for (const sequence of [1, 600, 40_000, 86_400]) {
    const appendedAtMs = (sequence - 1) * 1000;
    expect(times.of(sequence)).toBeLessThanOrEqual(appendedAtMs);
    expect(times.of(sequence)).toBeGreaterThan(appendedAtMs - DAY_MS / 100);
  }
});
