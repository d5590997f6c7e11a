import { describe, expect, it } from 'vitest';
import { drawWorld } from './draw-world.ts';
import { DRAWABLE_FAULTS } from './drawn-faults.ts';
import { WORLD_FAULTS } from './world-fault.ts';

describe('worlds that are drawn', () => {
  const worlds = Array.from({ length: 400 }, (_, seed) => drawWorld(seed));

  it('are the same for the same seed', () => {
    expect(worlds.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, seed) => drawWorld(seed)));
  });

  it('are of both modes, and see every fault', () => {
    const seen = new Set(worlds.flatMap(({ faultNames }) => faultNames));
    expect([...seen].sort()).toEqual(DRAWABLE_FAULTS.map(({ name }) => name).sort());
    expect(worlds.filter(({ mode }) => mode === 'liveness').length).toBeGreaterThan(150);
    expect(worlds.some(({ faultNames }) => faultNames.length === 0)).toBe(true);
  });

  it('leave out some faults each', () => {
    const most = Math.max(...worlds.map(({ faultNames }) => new Set(faultNames).size));
    expect(most).toBeLessThan(DRAWABLE_FAULTS.length / 2);
  });

  it('leave time to compare before and after, where all is to settle', () => {
    for (const { scenario, healedAtMs } of worlds.filter(({ mode }) => mode === 'liveness')) {
      const { faults, traffic, durationSec } = scenario;
      const ends = faults.map(({ fromSec, forSec = Number.POSITIVE_INFINITY }) => fromSec + forSec);
      expect(Math.max(0, ...ends)).toBeLessThanOrEqual(healedAtMs! / 1000 + 1e-6);
      for (const { fromSec } of faults) expect(fromSec * traffic.requestsPerSec).toBeGreaterThanOrEqual(30);
      expect((durationSec - healedAtMs! / 1000 - 5) * traffic.requestsPerSec).toBeGreaterThanOrEqual(30);
    }
  });
});

it('every fault of a scenario is drawn in some way', () => {
  expect([...new Set(DRAWABLE_FAULTS.map(({ kind }) => kind))].sort()).toEqual([...WORLD_FAULTS].sort());
});
