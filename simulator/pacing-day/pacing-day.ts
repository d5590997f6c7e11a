/** A day of many campaigns: ordinary, with shocks of supply, with wrong forecasts, guaranteed. The same seed is the same day. */
import type { AccountPlan } from '../../engine/budget/account-plan.ts';
import type { PacingController } from '../../engine/budget/pacing/controller.ts';
import type { Flight } from '../../engine/budget/pacing/flight.ts';
import { LocalTime, SLOTS_PER_DAY, SLOTS_PER_WEEK } from '../../engine/budget/pacing/local-time.ts';
import type { BudgetStore } from '../../engine/ports/budget-store.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import { type SeededRandom, seededRandom } from '../random.ts';
import { type Absence, type CampaignDay, DAY_MS, DAY_START_MS, runCampaignDay } from './campaign-day.ts';
import { Market, QUALITY_MAX } from './market.ts';

export interface PacingScenario {
  readonly trafficFactor: (hour: number) => number;
  readonly forecastFactor: (hour: number, random: SeededRandom) => number;
  /** Slots are held against 1.5 plans from here on; 24: never. */
  readonly judgedFromHour: number;
  readonly isGuaranteed: boolean;
  readonly absences: readonly Absence[];
}

const ORDINARY: PacingScenario = {
  trafficFactor: () => 1,
  forecastFactor: () => 1,
  judgedFromHour: 24,
  isGuaranteed: false,
  absences: [],
};
const isShock = (hour: number): boolean => hour >= 14 && hour < 16;

/**
 * Shocks last two hours. `misread`: each slot of the forecast off by up to half. `late`: half in the morning, 1.5 later.
 * `crash`: the busiest process dies and is replaced half a minute later. `newcomer`: the second busiest comes at 14:00.
 */
export const PACING_SCENARIOS = {
  ordinary: ORDINARY,
  surge: { ...ORDINARY, trafficFactor: (hour) => (isShock(hour) ? 5 : 1), judgedFromHour: 14 },
  drought: { ...ORDINARY, trafficFactor: (hour) => (isShock(hour) ? 0.2 : 1), judgedFromHour: 16 },
  misread: { ...ORDINARY, forecastFactor: (_hour, random) => random.uniform(0.5, 1.5) },
  low: { ...ORDINARY, forecastFactor: () => 0.5 },
  high: { ...ORDINARY, forecastFactor: () => 1.5 },
  late: { ...ORDINARY, forecastFactor: (hour) => (hour < 14.5 ? 0.5 : 1.5) },
  early: { ...ORDINARY, forecastFactor: (hour) => (hour < 14.5 ? 1.5 : 0.5) },
  guaranteed: { ...ORDINARY, isGuaranteed: true },
  crash: { ...ORDINARY, absences: [{ process: 0, fromHour: 14, toHour: 14.01 }] },
  newcomer: { ...ORDINARY, absences: [{ process: 1, fromHour: 0, toHour: 14 }] },
} as const satisfies Record<string, PacingScenario>;

export interface PacingDayOptions {
  readonly seed: number;
  readonly campaigns: number;
  readonly processes: number;
  readonly controller: PacingController;
  readonly scenario: PacingScenario;
  /** All processes of a campaign share one. */
  readonly openStore: (clock: Clock) => BudgetStore;
}

/** Impressions that a budget buys at full bid. */
const IMPRESSIONS_MIN = 10_000;
const IMPRESSIONS_MAX = 40_000;
const SUPPLY_MIN = 1.2;
const SUPPLY_MAX = 5;
const MARKET_STRENGTHS = [0.7, 1, 1.4, 2, 3];

export async function* runPacingDay(options: PacingDayOptions): AsyncGenerator<CampaignDay> {
  const root = seededRandom(options.seed);
  const markets = MARKET_STRENGTHS.map((strength) => new Market(strength, root.fork(`market-${strength}`)));
  for (let campaign = 0; campaign < options.campaigns; campaign++) {
    yield await oneOf(options, markets, root.fork(`campaign-${campaign}`));
  }
}

const FLIGHT: Flight = {
  startAt: DAY_START_MS,
  endAt: DAY_START_MS + DAY_MS,
  delivery: 'even',
  localTime: new LocalTime('UTC'),
  openHours: new Uint8Array(168).fill(1),
};

function oneOf(
  { processes, controller, scenario, openStore }: PacingDayOptions,
  markets: readonly Market[],
  random: SeededRandom,
): Promise<CampaignDay> {
  const { isGuaranteed, absences, trafficFactor } = scenario;
  const market = random.pick(markets);
  const impressions = Math.round(IMPRESSIONS_MIN * (IMPRESSIONS_MAX / IMPRESSIONS_MIN) ** random.next());
  const bidNanos = Math.round(random.logNormal(3_000_000, 0.5));
  const budget = isGuaranteed ? impressions : Math.round(impressions * market.meanPrice * bidNanos);
  const supply = random.uniform(SUPPLY_MIN, SUPPLY_MAX);
  const processShares = skewedShares(processes, random);
  const forecastFactors = Float64Array.from({ length: SLOTS_PER_WEEK }, (_, slot) =>
    scenario.forecastFactor((slot % SLOTS_PER_DAY) / 4, random),
  );
  const price = isGuaranteed ? 1 : QUALITY_MAX * bidNanos;
  const account: AccountPlan = {
    accountId: 'account',
    campaignId: 'campaign',
    isGuaranteed,
    isSwitchedOn: true,
    isEnded: false,
    prices: { least: price, dearest: price },
    budget: BigInt(budget),
    dailyBudget: null,
    flight: FLIGHT,
  };
  const traffic = { supply, processShares, absences, trafficFactor, forecastFactors };
  return runCampaignDay({ openStore, controller, account, market, bidNanos, budget, ...traffic }, random);
}

/** Zipf: with eight processes the first has a third or so of the traffic, the last a twentieth. */
function skewedShares(processes: number, random: SeededRandom): number[] {
  const weights = Array.from({ length: processes }, (_, index) => random.logNormal(1, 0.3) / (index + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
