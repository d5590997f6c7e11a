import { describe, expect, it } from 'vitest';
import { PACING_CONTROLLERS } from '../../engine/budget/pacing/controllers.ts';
import { seededRandom } from '../random.ts';
import { judgeDays } from './day-figures.ts';
import { Market } from './market.ts';
import { PACING_SCENARIOS, runPacingDay } from './pacing-day.ts';
import { poisson } from './poisson.ts';

/** The full day has a thousand campaigns: `npm run bench -- --only pacing`. */
const CAMPAIGNS = 2;

function dayOf(scenarioName: keyof typeof PACING_SCENARIOS, controllerName: keyof typeof PACING_CONTROLLERS) {
  const scenario = PACING_SCENARIOS[scenarioName];
  const controller = PACING_CONTROLLERS[controllerName];
  const days = [...runPacingDay({ seed: 1, campaigns: CAMPAIGNS, processes: 8, controller, scenario })];
  return judgeDays(days, scenario.judgedFromHour);
}

describe('simulated day, small', () => {
  it('dual: on plan, all of the budget and nothing above it', () => {
    const figures = dayOf('ordinary', 'dual');
    expect(figures.overDeliveryNanos).toBe(0);
    expect(figures.deliveredRatioMin).toBeGreaterThan(0.99);
    expect(figures.rmseMax).toBeLessThan(0.03);
  });

  it('dual: a fivefold supply shows in no slot', () => {
    const figures = dayOf('surge', 'dual');
    expect(figures.overDeliveryNanos).toBe(0);
    expect(figures.slotMax).toBeLessThan(1.5);
  });

  it('pid: a forecast that is off by half costs no delivery', () => {
    const figures = dayOf('misread', 'pid');
    expect(figures.overDeliveryNanos).toBe(0);
    expect(figures.deliveredRatioMin).toBeGreaterThan(0.97);
  });

  it('guaranteed: exactly what was sold', () => {
    const figures = dayOf('guaranteed', 'pid');
    expect(figures.overDeliveryNanos).toBe(0);
    expect(figures.exact).toBe(CAMPAIGNS);
  });

  it('the rule of ten percent a minute does not follow a surge, which the judge sees', () => {
    expect(dayOf('surge', 'multiplicative').slotMax).toBeGreaterThan(1.5);
  });
});

it('numbers of events have the mean and the spread of a Poisson process', () => {
  const random = seededRandom(1);
  for (const mean of [0.05, 3, 80]) {
    const draws = Array.from({ length: 20_000 }, () => poisson(mean, random));
    const average = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    const variance = draws.reduce((sum, draw) => sum + (draw - average) ** 2, 0) / draws.length;
    expect(average / mean).toBeCloseTo(1, 1);
    expect(variance / mean).toBeCloseTo(1, 1);
  }
});

it('lower bids win less often, and cheaper', () => {
  const random = seededRandom(1);
  const market = new Market(1.4, random);
  expect(market.winRate(0.5)).toBeLessThan(market.winRate(1));
  const meanPrice = (multiplier: number): number => {
    const prices = Array.from({ length: 2000 }, () => market.priceOf(market.draw(market.winRate(multiplier), random)));
    return prices.reduce((sum, price) => sum + price, 0) / prices.length;
  };
  expect(meanPrice(0.3)).toBeLessThan(meanPrice(1));
});
