import { describe, expect, it } from 'vitest';
import { BudgetMemory, createEmbeddedBudgetStore } from '../../adapters/budget-store/budget-store.embedded.ts';
import { PACING_CONTROLLERS } from '../../engine/budget/pacing/controllers.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { seededRandom } from '../random.ts';
import type { CampaignDay } from './campaign-day.ts';
import { judgeDays } from './day-figures.ts';
import { Market } from './market.ts';
import { PACING_SCENARIOS, runPacingDay } from './pacing-day.ts';
import { poisson } from './poisson.ts';

/** The full day has many: `npm run bench -- --only pacing`. Each costs seconds. */
const CAMPAIGNS = 1;
const TIMEOUT_MS = 120_000;

const openStore = (clock: Clock) => createEmbeddedBudgetStore({ clock, memory: new BudgetMemory(1) });

async function dayOf(scenarioName: keyof typeof PACING_SCENARIOS, controllerName: keyof typeof PACING_CONTROLLERS) {
  const scenario = PACING_SCENARIOS[scenarioName];
  const controller = PACING_CONTROLLERS[controllerName];
  const days: CampaignDay[] = [];
  const options = { seed: 1, campaigns: CAMPAIGNS, processes: 8, controller, scenario, openStore };
  for await (const day of runPacingDay(options)) days.push(day);
  return judgeDays(days, scenario.judgedFromHour);
}

describe('simulated day, small', { timeout: TIMEOUT_MS }, () => {
  it('dual: on plan, all of the budget and nothing above it', async () => {
    const figures = await dayOf('ordinary', 'dual');
    expect(figures.overDeliveryNanos).toBe(0);
    expect(figures.deliveredRatioMin).toBeGreaterThan(0.99);
    expect(figures.rmseMax).toBeLessThan(0.03);
  });

  it('dual: a fivefold supply shows in no slot', async () => {
    const figures = await dayOf('surge', 'dual');
    expect(figures.overDeliveryNanos).toBe(0);
    expect(figures.slotMax).toBeLessThan(1.5);
  });

  it('pid: a forecast that is off by half costs no delivery', async () => {
    const figures = await dayOf('misread', 'pid');
    expect(figures.overDeliveryNanos).toBe(0);
    expect(figures.deliveredRatioMin).toBeGreaterThan(0.97);
  });

  it('a crash of the busiest process costs neither delivery nor a nano above budget', async () => {
    const figures = await dayOf('crash', 'dual');
    expect(figures.overDeliveryNanos).toBe(0);
    expect(figures.deliveredRatioMin).toBeGreaterThan(0.99);
  });

  it('a process that joins at two in the afternoon, and has learned nothing, costs neither', async () => {
    const figures = await dayOf('newcomer', 'dual');
    expect(figures.overDeliveryNanos).toBe(0);
    expect(figures.deliveredRatioMin).toBeGreaterThan(0.99);
  });

  it('guaranteed: exactly what was sold', async () => {
    const figures = await dayOf('guaranteed', 'pid');
    expect(figures.overDeliveryNanos).toBe(0);
    expect(figures.exact).toBe(CAMPAIGNS);
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
  const wonAt = (multiplier: number): number[] =>
    Array.from({ length: 5000 }, () => market.draw(random)).filter((sample) => market.isWon(sample, multiplier));
  const meanPrice = (samples: number[]): number =>
    samples.reduce((sum, sample) => sum + market.priceOf(sample), 0) / samples.length;
  expect(wonAt(0.5).length).toBeLessThan(wonAt(1).length);
  expect(meanPrice(wonAt(0.3))).toBeLessThan(meanPrice(wonAt(1)));
  expect(wonAt(1).length / 5000).toBeCloseTo(market.winRate, 1);
});
