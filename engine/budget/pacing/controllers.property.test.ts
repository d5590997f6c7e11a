import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PacingController, PacingObservation, PacingSignal } from './controller.ts';
import { PACING_CONTROLLERS } from './controllers.ts';

const anything = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, 1e308));
const nonsense = fc.record({
  elapsedMs: anything,
  targetNanos: anything,
  spentNanos: anything,
  eligible: anything,
  wins: anything,
});
const sound = fc
  .record({
    elapsedMs: fc.integer({ min: 1000, max: 60_000 }),
    targetNanos: fc.integer({ min: 0, max: 1e9 }),
    priceNanos: fc.integer({ min: 1, max: 1e7 }),
    eligible: fc.nat(500),
    wins: fc.nat(100),
  })
  .map(({ priceNanos, ...rest }) => ({ ...rest, spentNanos: rest.wins * priceNanos }));

const CONTROLLERS: readonly PacingController[] = Object.values(PACING_CONTROLLERS);

function run(controller: PacingController, observations: readonly PacingObservation[]): PacingSignal {
  return observations.reduce((state, observation) => controller.step(state, observation), controller.start);
}

const pressure = ({ throttle, multiplier }: PacingSignal): number => throttle * multiplier;

describe.each(CONTROLLERS)('$name', (controller) => {
  it('stays in range and finite, whatever comes in', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(nonsense, sound), { maxLength: 30 }), (observations) => {
        const state = run(controller, observations);
        expect(state.throttle).toBeGreaterThanOrEqual(0);
        expect(state.throttle).toBeLessThanOrEqual(1);
        expect(state.multiplier).toBeGreaterThan(0);
        expect(state.multiplier).toBeLessThanOrEqual(1);
        for (const value of Object.values(state).flatMap((entry) =>
          typeof entry === 'object' && entry !== null ? Object.values(entry) : [entry],
        )) {
          expect(value).toSatisfy(Number.isFinite);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes no more part when more was spent, no less when more is to be', () => {
    fc.assert(
      fc.property(fc.array(sound, { maxLength: 20 }), sound, fc.nat(1e7), (before, last, more) => {
        fc.pre(last.spentNanos > 0 && last.targetNanos > 0);
        const state = run(controller, before);
        const reference = pressure(controller.step(state, last));
        const spentMore = controller.step(state, { ...last, spentNanos: last.spentNanos + more });
        const wantedMore = controller.step(state, { ...last, targetNanos: last.targetNanos + more });
        expect(pressure(spentMore)).toBeLessThanOrEqual(reference * (1 + 1e-9));
        expect(pressure(wantedMore)).toBeGreaterThanOrEqual(reference * (1 - 1e-9));
      }),
      { numRuns: 500 },
    );
  });

  it('comes back within minutes after an hour without supply: nothing is wound up', () => {
    const tick = (state: PacingSignal, eligible: number): PacingSignal => {
      const wins = Math.round(eligible * pressure(state));
      const money = { targetNanos: 50_000, spentNanos: wins * 1000 };
      return controller.step(state, { elapsedMs: 10_000, ...money, eligible, wins });
    };
    let state = controller.start;
    for (let count = 0; count < 720; count++) state = tick(state, 200);
    expect(pressure(state)).toBeCloseTo(0.25, 1);
    for (let count = 0; count < 360; count++) state = tick(state, 0);
    let spent = 0;
    for (let count = 0; count < 180; count++) {
      state = tick(state, 200);
      if (count >= 90) spent += pressure(state) * 200;
    }
    expect(spent / 90).toBeGreaterThan(20);
    expect(spent / 90).toBeLessThan(80);
  });
});
