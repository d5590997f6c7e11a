/** Pacing over a simulated day, in virtual time: the same numbers on every machine (docs/pacing.md). */
import { BudgetMemory, createEmbeddedBudgetStore } from '../adapters/budget-store/budget-store.embedded.ts';
import { DEFAULT_PACING, PACING_CONTROLLERS } from '../engine/budget/pacing/controllers.ts';
import type { BudgetStore } from '../engine/ports/budget-store.ts';
import type { Clock } from '../engine/ports/clock.ts';
import type { CampaignDay } from '../simulator/pacing-day/campaign-day.ts';
import { type DayFigures, judgeDays } from '../simulator/pacing-day/day-figures.ts';
import { PACING_SCENARIOS, runPacingDay } from '../simulator/pacing-day/pacing-day.ts';
import type { BenchContext, Measurement } from './measurement.ts';

export const PACING_NAMES = [
  'budget.over_delivery_nanos',
  'budget.delivered_ratio',
  'pacing.rmse',
  'pacing.slot_max',
] as const;

/** Of each of the two days. Sixty at full scale, which take some 2 s of CPU each; one in a tiny run. */
const CAMPAIGNS_PER_SECOND = 12;
const PROCESSES = 8;
const PROGRESS_CAMPAIGNS = 20;

const openStore = (clock: Clock): BudgetStore => createEmbeddedBudgetStore({ clock, memory: new BudgetMemory(1) });

export async function measurePacing(context: BenchContext): Promise<Measurement[]> {
  const ordinary = await dayOf('ordinary', context);
  const surge = await dayOf('surge', context);
  const overDelivery = ordinary.overDeliveryNanos + surge.overDeliveryNanos;
  return [
    { name: 'budget.over_delivery_nanos', value: overDelivery, unit: 'nanos' },
    { name: 'budget.delivered_ratio', value: ordinary.deliveredRatio, unit: 'ratio' },
    { name: 'budget.delivered_ratio_min', value: ordinary.deliveredRatioMin, unit: 'ratio' },
    { name: 'pacing.rmse', value: ordinary.rmse, unit: 'ratio' },
    { name: 'pacing.slot_rmse', value: ordinary.slotRmse, unit: 'ratio' },
    { name: 'pacing.value_per_spend', value: ordinary.valuePerSpend, unit: 'ratio' },
    { name: 'pacing.slot_max', value: surge.slotMax, unit: 'ratio' },
  ];
}

async function dayOf(name: 'ordinary' | 'surge', { scale, seed, progress }: BenchContext): Promise<DayFigures> {
  const campaigns = scale.seconds < 1 ? 1 : Math.round(scale.seconds * CAMPAIGNS_PER_SECOND);
  const scenario = PACING_SCENARIOS[name];
  const controller = PACING_CONTROLLERS[DEFAULT_PACING];
  const options = { seed, campaigns, processes: PROCESSES, controller, scenario, openStore };
  const days: CampaignDay[] = [];
  for await (const day of runPacingDay(options)) {
    days.push(day);
    if (days.length % PROGRESS_CAMPAIGNS === 0) progress(`pacing, ${name}: ${days.length} of ${campaigns} campaigns`);
  }
  const figures = judgeDays(days, scenario.judgedFromHour);
  progress(`pacing, ${name}: ${campaigns} campaigns, the worst delivered ${figures.deliveredRatioMin.toFixed(4)}`);
  return figures;
}
