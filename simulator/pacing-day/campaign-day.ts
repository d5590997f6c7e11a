/** One campaign over one day in all processes, in virtual time: traffic and prices drawn, the decisions are the product's. */
import { CampaignPacer } from '../../engine/budget/pacing/campaign-pacer.ts';
import type { PacingController, PacingSignal } from '../../engine/budget/pacing/controller.ts';
import { type DayPlan, type Funds, planDay } from '../../engine/budget/pacing/day-plan.ts';
import type { Flight } from '../../engine/budget/pacing/flight.ts';
import { SLOT_MS, SLOTS_PER_DAY, SLOTS_PER_WEEK } from '../../engine/budget/pacing/local-time.ts';
import { TrafficCurve } from '../../engine/budget/pacing/traffic-curve.ts';
import type { SeededRandom } from '../random.ts';
import type { Market } from './market.ts';
import { poisson } from './poisson.ts';
import { SharedBudget } from './shared-budget.ts';
import { weeklyTraffic } from './weekly-traffic.ts';

/** A Wednesday. */
export const DAY_START_MS = Date.UTC(2026, 2, 4);
export const DAY_MS = 86_400_000;
export const TICK_MS = 10_000;
export const TICKS = DAY_MS / TICK_MS;
const FIRST_HOUR = 48;
/** What other processes spent is known with this delay at most, in ticks. */
const FUNDS_EVERY_TICKS = 3;
const WEEKS_LEARNED = 2;
const HOUR_MS = 3_600_000;

export interface CampaignDayOptions {
  readonly controller: PacingController;
  readonly flight: Flight;
  readonly market: Market;
  readonly bidNanos: number;
  /** Nanos; impressions, each at 1, for a guaranteed item. */
  readonly budget: number;
  readonly isGuaranteed: boolean;
  /** What the day's traffic could take at full bid and throttle, over the budget. */
  readonly supply: number;
  /** Of the traffic, by process; sums to 1. */
  readonly processShares: readonly number[];
  /** Real traffic over ordinary, by hour of the day. */
  readonly trafficFactor: (hour: number) => number;
  /** Learned over ordinary traffic, by slot of the week. */
  readonly forecastFactors: Float64Array;
}

export interface CampaignDay {
  readonly budget: number;
  /** Made at the start of the day from the ordinary traffic. */
  readonly plan: DayPlan;
  /** By tick. */
  readonly spent: Float64Array;
  /** By slot, expected at full bid and throttle. */
  readonly available: Float64Array;
  readonly billed: number;
  readonly lost: number;
  /** Worth of what was won to the advertiser, in the budget's unit. */
  readonly value: number;
}

interface Process {
  readonly share: number;
  readonly pacer: CampaignPacer;
  funds: Funds;
  eligible: number;
  wins: number;
  spent: number;
}

export function runCampaignDay(options: CampaignDayOptions, random: SeededRandom): CampaignDay {
  const { market, budget, isGuaranteed, bidNanos, trafficFactor } = options;
  const unit = isGuaranteed ? 1 : bidNanos;
  const perOpportunity = isGuaranteed ? market.winRate(1) : market.meanSpend * bidNanos;
  const meanPerMs = (options.supply * budget) / perOpportunity / DAY_MS;
  const shared = new SharedBudget(budget, isGuaranteed ? 1 : bidNanos * 2, options.processShares.length, DAY_START_MS);
  const processes = options.processShares.map((share) => startProcess(options, share, meanPerMs * share, random));
  const spent = new Float64Array(TICKS);
  const available = new Float64Array(SLOTS_PER_DAY);
  let value = 0;
  for (let tick = 0; tick < TICKS; tick++) {
    const nowMs = DAY_START_MS + tick * TICK_MS;
    const hour = (tick * TICK_MS) / HOUR_MS;
    const opportunities = meanPerMs * trafficAt(hour) * trafficFactor(hour) * TICK_MS;
    available[Math.floor((tick * TICK_MS) / SLOT_MS)]! += opportunities * perOpportunity;
    for (let index = 0; index < processes.length; index++) {
      const process = processes[index]!;
      shared.settle(index, nowMs);
      if ((tick + index) % FUNDS_EVERY_TICKS === 0) process.funds = fundsOf(shared.unspent);
      const signal = tickProcess(process, nowMs);
      const winRate = market.winRate(signal.multiplier);
      const taken = signal.throttle * winRate;
      const won = poisson(opportunities * process.share * taken, random);
      process.eligible = won + poisson(opportunities * process.share * (1 - taken), random);
      for (let win = 0; win < won; win++) {
        const sample = market.draw(winRate, random);
        const price = isGuaranteed ? 1 : Math.max(1, Math.round(market.priceOf(sample) * bidNanos));
        if (!shared.spend(index, price, nowMs + Math.floor(((win + 1) * TICK_MS) / (won + 1)))) continue;
        process.wins += 1;
        process.spent += price;
        spent[tick]! += price;
        value += market.valueOf(sample) * unit;
      }
    }
  }
  const plan = planDay(options.flight, ordinaryCurve(), DAY_START_MS, fundsOf(budget));
  return { budget, plan, spent, available, billed: shared.billed, lost: shared.lost(DAY_START_MS + DAY_MS), value };
}

function startProcess(
  { flight, controller, budget, processShares, forecastFactors }: CampaignDayOptions,
  share: number,
  meanPerMs: number,
  random: SeededRandom,
): Process {
  const curve = new TrafficCurve();
  for (let week = 0; week < WEEKS_LEARNED; week++) {
    for (let slot = 0; slot < SLOTS_PER_WEEK; slot++) {
      const mean = meanPerMs * SLOT_MS * trafficAt((slot + 0.5) / 4 - FIRST_HOUR) * forecastFactors[slot]!;
      curve.observe(slot, poisson(mean, random), SLOT_MS);
    }
  }
  const start = { nowMs: DAY_START_MS, funds: fundsOf(budget), share: 1 / processShares.length };
  const pacer = new CampaignPacer(flight, curve, controller, start);
  return { share, pacer, funds: start.funds, eligible: 0, wins: 0, spent: 0 };
}

function tickProcess(process: Process, nowMs: number): PacingSignal {
  const { pacer, eligible, wins, spent, funds } = process;
  const signal = pacer.tick({ nowMs, eligible, wins, spentNanos: spent, funds });
  process.wins = 0;
  process.spent = 0;
  return signal;
}

function fundsOf(unspent: number): Funds {
  return { unspent, unspentToday: null };
}

let dayMean = 0;
for (let slot = 0; slot < SLOTS_PER_DAY; slot++)
  dayMean += weeklyTraffic(FIRST_HOUR + (slot + 0.5) / 4) / SLOTS_PER_DAY;
const DAY_MEAN = dayMean;

/** Ordinary traffic over the day's mean; hours count from the start of the simulated day. */
function trafficAt(hour: number): number {
  return weeklyTraffic(FIRST_HOUR + hour) / DAY_MEAN;
}

function ordinaryCurve(): TrafficCurve {
  const curve = new TrafficCurve();
  for (let slot = 0; slot < SLOTS_PER_WEEK; slot++) curve.observe(slot, weeklyTraffic((slot + 0.5) / 4) * 1e6, SLOT_MS);
  return curve;
}
