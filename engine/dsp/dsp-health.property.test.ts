import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDspHealth, decide, record, snapshot } from './dsp-health.ts';
import { REPLY_RESULTS } from './reply.ts';
import {
  ANSWERS,
  type Behaviour,
  FAILS,
  failsOften,
  flaps,
  HANGS,
  OPTIONS,
  SimulatedDsp,
  seededRandom,
} from './testing/simulate-dsp.ts';

const BEHAVIOURS: Record<string, Behaviour> = {
  hangs: HANGS,
  fails: FAILS,
  answers: ANSWERS,
  'half late': failsOften(0.5, HANGS, ANSWERS),
  'fifth failing': failsOften(0.2, FAILS, ANSWERS),
  'flaps quickly': flaps(700, FAILS, ANSWERS),
};

const episodes = fc.array(
  fc.record({
    durationMs: fc.integer({ min: 100, max: 40_000 }),
    behaviour: fc.constantFrom(...Object.keys(BEHAVIOURS)),
  }),
  { minLength: 1, maxLength: 6 },
);
const rates = fc.constantFrom(0.2, 3, 30, 150);
const seeds = fc.nat(1_000_000);

function afterEpisodes(
  seed: number,
  perSecond: number,
  course: readonly { durationMs: number; behaviour: string }[],
): SimulatedDsp {
  const dsp = new SimulatedDsp(seed);
  for (const { durationMs, behaviour } of course) dsp.run(durationMs, perSecond, BEHAVIOURS[behaviour]!);
  return dsp;
}

describe('dsp health, whatever happened before', () => {
  // The longest streak asked for is 60 s, and with bad luck (a healthy DSP, too, is late now and then) it takes two.
  it('a healed DSP gets its calls back within three minutes', () => {
    fc.assert(
      fc.property(seeds, rates, episodes, (seed, perSecond, course) => {
        const dsp = afterEpisodes(seed, perSecond, course);
        dsp.run(180_000, perSecond, ANSWERS);
        dsp.resetCounts();
        dsp.run(20_000 + 20_000 / perSecond, perSecond, ANSWERS);
        expect(dsp.share).toBeGreaterThan(0.9);
      }),
      { numRuns: 40 },
    );
  });

  it('and within 10 s if it was ill once', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 50, max: 300 }),
        fc.integer({ min: 2000, max: 60_000 }),
        fc.constantFrom(HANGS, FAILS),
        (seed, perSecond, sickMs, sick) => {
          const dsp = new SimulatedDsp(seed);
          dsp.run(20_000, perSecond, ANSWERS);
          dsp.run(sickMs, perSecond, sick);
          dsp.run(10_000, perSecond, ANSWERS);
          dsp.resetCounts();
          dsp.run(2000, perSecond, ANSWERS);
          expect(dsp.share).toBeGreaterThan(0.9);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('probes never stop: a call at the latest when 2.5 s have passed', () => {
    fc.assert(
      fc.property(seeds, rates, episodes, (seed, perSecond, course) => {
        const dsp = afterEpisodes(seed, perSecond, course);
        // Beside the interval, the wait for the next request, of which one in a million takes 14 times the mean.
        expect(dsp.longestSilenceMs).toBeLessThan(2500 + 14_000 / perSecond);
      }),
      { numRuns: 40 },
    );
  });

  it('flapping at any period makes at most 10 state changes a minute', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.constantFrom(20, 100),
        fc.integer({ min: 300, max: 25_000 }),
        fc.constantFrom(HANGS, FAILS, BEHAVIOURS['half late']!),
        (seed, perSecond, periodMs, sick) => {
          const dsp = new SimulatedDsp(seed);
          dsp.run(150_000, perSecond, flaps(periodMs, sick, ANSWERS));
          expect(dsp.changesPerMinuteMax()).toBeLessThanOrEqual(10);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('no DSP feels the failures of another', () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.tuple(fc.nat(500), fc.constantFrom(...REPLY_RESULTS))), (seed, others) => {
        const sick = createDspHealth(OPTIONS, 0);
        const [beside, alone] = [createDspHealth(OPTIONS, 0), createDspHealth(OPTIONS, 0)];
        const [sickRandom, besideRandom, aloneRandom] = [seededRandom(1), seededRandom(seed), seededRandom(seed)];
        let nowMs = 0;
        for (const [gapMs, result] of others) {
          nowMs += gapMs;
          const sickCall = decide(sick, nowMs, 100, sickRandom);
          if (sickCall.kind === 'call') {
            record(sick, { ...sickCall, result, latencyMs: 9, isLocalFault: false, blockedMs: 0 }, nowMs, sickRandom);
          }
          for (const [health, random] of [
            [beside, besideRandom],
            [alone, aloneRandom],
          ] as const) {
            const call = decide(health, nowMs, 100, random);
            expect(call.kind).toBe('call');
            if (call.kind !== 'call') continue;
            record(health, { ...call, result: 'bid', latencyMs: 9, isLocalFault: false, blockedMs: 0 }, nowMs, random);
          }
        }
        expect(snapshot(beside, nowMs)).toEqual(snapshot(alone, nowMs));
        expect(snapshot(beside, nowMs).state).toBe('healthy');
      }),
    );
  });

  it('every wait is a whole number of milliseconds within the bounds, every share between 1% and all', () => {
    const steps = fc.array(
      fc.tuple(
        fc.nat(3000),
        fc.double({ min: 0, max: 60, noNaN: true }),
        fc.constantFrom(...REPLY_RESULTS),
        fc.boolean(),
      ),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(seeds, steps, (seed, course) => {
        const health = createDspHealth(OPTIONS, 0);
        const random = seededRandom(seed);
        let nowMs = 0;
        for (const [gapMs, remainingMs, result, isLocalFault] of course) {
          nowMs += gapMs;
          const call = decide(health, nowMs, remainingMs, random);
          if (call.kind === 'call') {
            expect(Number.isInteger(call.timeoutMs)).toBe(true);
            expect(call.timeoutMs).toBeGreaterThanOrEqual(5);
            expect(call.timeoutMs).toBeLessThanOrEqual(Math.min(30, remainingMs));
            record(health, { ...call, result, latencyMs: remainingMs, isLocalFault, blockedMs: 0 }, nowMs, random);
          }
          const { callShare, inFlight } = snapshot(health, nowMs);
          expect(callShare).toBeGreaterThanOrEqual(0.01);
          expect(callShare).toBeLessThanOrEqual(1);
          expect(inFlight).toBe(0);
        }
      }),
      { numRuns: 50 },
    );
  });
});
