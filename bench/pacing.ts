/** Pacing over a simulated day, in virtual time: the same numbers on every machine (docs/pacing.md). */
import { BudgetMemory, createEmbeddedBudgetStore } from '../adapters/budget-store/budget-store.embedded.ts';
import { DEFAULT_PACING, PACING_CONTROLLERS } from '../engine/budget/pacing/controllers.ts';
import type { BudgetStore } from '../engine/ports/budget-store.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { CampaignDay } from '../simulator/pacing-day/campaign-day.ts';
import { judgeDays } from '../simulator/pacing-day/day-figures.ts';
import { PACING_SCENARIOS, runPacingDay } from '../simulator/pacing-day/pacing-day.ts';
import type { BenchContext, Measurement } from './measurement.ts';

export const PACING_NAMES = ['budget.over_delivery_nanos', 'budget.delivered_ratio', 'pacing.rmse'] as const;

/** Three hundred at full scale, which take some 15 minutes; one in a tiny run. */
const CAMPAIGNS_PER_SECOND = 60;
const CAMPAIGNS_MIN = 1;
const PROCESSES = 8;
const PROGRESS_CAMPAIGNS = 50;

export async function measurePacing({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  const isTiny = scale.seconds < 1;
  const campaigns = isTiny ? CAMPAIGNS_MIN : Math.round(scale.seconds * CAMPAIGNS_PER_SECOND);
  const scenario = PACING_SCENARIOS.ordinary;
  const controller = PACING_CONTROLLERS[DEFAULT_PACING];
  const openStore = (clock: Clock): BudgetStore => createEmbeddedBudgetStore({ clock, memory: new BudgetMemory(1) });
  const options = { seed, campaigns, processes: PROCESSES, controller, scenario, openStore };
  const days: CampaignDay[] = [];
  for await (const day of runPacingDay(options)) {
    days.push(day);
    if (days.length % PROGRESS_CAMPAIGNS === 0) progress(`pacing: ${days.length} of ${campaigns} campaigns`);
  }
  const figures = judgeDays(days, scenario.judgedFromHour);
  progress(`pacing: ${campaigns} campaigns, the worst delivered ${figures.deliveredRatioMin.toFixed(4)}`);
  return [
    { name: 'budget.over_delivery_nanos', value: figures.overDeliveryNanos, unit: 'nanos' },
    { name: 'budget.delivered_ratio', value: figures.deliveredRatio, unit: 'ratio' },
    { name: 'budget.delivered_ratio_min', value: figures.deliveredRatioMin, unit: 'ratio' },
    { name: 'pacing.rmse', value: figures.rmse, unit: 'ratio' },
    { name: 'pacing.slot_rmse', value: figures.slotRmse, unit: 'ratio' },
    { name: 'pacing.value_per_spend', value: figures.valuePerSpend, unit: 'ratio' },
  ];
}
