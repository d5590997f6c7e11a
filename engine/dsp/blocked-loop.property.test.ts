import fc from 'fast-check';
import { expect, it } from 'vitest';
import { snapshot } from './dsp-health.ts';
import { BlockedLoop } from './testing/blocked-loop.ts';
import { ANSWERS, HANGS, seededRandom } from './testing/simulate-dsp.ts';

const blocks = fc.record({ blockMs: fc.integer({ min: 1, max: 250 }), freeMs: fc.integer({ min: 5, max: 200 }) });
/** The loop is blocked for half of the time at most. */
const halves = blocks.map(({ blockMs, freeMs }) => ({ blockMs: Math.min(blockMs, freeMs), freeMs }));
const seeds = fc.nat(1_000_000);
const RUNS = { numRuns: 50 };

function expectCutOff(loop: BlockedLoop): void {
  expect(snapshot(loop.health, loop.nowMs).breaker).not.toBe('closed');
  loop.run(5000, HANGS);
  expect(loop.called / loop.offered).toBeLessThan(0.05);
}

it('a DSP that hangs is cut off within 5 s when the loop is blocked for no more than half of the time', () => {
  fc.assert(
    fc.property(seeds, halves, fc.boolean(), (seed, course, wasKnown) => {
      const loop = new BlockedLoop(course, seededRandom(seed));
      if (wasKnown) loop.run(10_000, ANSWERS);
      loop.run(5000, HANGS);
      expectCutOff(loop);
    }),
    RUNS,
  );
});

it('when it is blocked for longer, no auction waits for it, and it is cut off once its answers are forgotten', () => {
  fc.assert(
    fc.property(seeds, blocks, (seed, course) => {
      const loop = new BlockedLoop(course, seededRandom(seed));
      loop.run(10_000, ANSWERS);
      loop.run(1000, HANGS);
      loop.run(69_000, HANGS);
      expect(loop.awaited).toBe(0);
      expectCutOff(loop);
    }),
    RUNS,
  );
});

it('one that is well is never cut off, be it for blocks of any length or for long ones that take up most of the time', () => {
  const long = fc.record({ blockMs: fc.integer({ min: 50, max: 250 }), freeMs: fc.integer({ min: 30, max: 200 }) });
  fc.assert(
    fc.property(seeds, fc.oneof(halves, long), (seed, course) => {
      const loop = new BlockedLoop(course, seededRandom(seed));
      loop.run(60_000, ANSWERS);
      expect(loop.health.skipCounts).toMatchObject({ 'breaker-open': 0, 'out-of-rotation': 0 });
    }),
    RUNS,
  );
});
