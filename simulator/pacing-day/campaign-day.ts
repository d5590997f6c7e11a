/**
 * One campaign over one day in all processes, in virtual time. Traffic and prices are drawn; what decides and what keeps the
 * money is the product's: accounts, pacers, keepers of leases, budget store; the ledger is the model of it that keeps the
 * same contract.
 */
import type { AccountPlan } from '../../engine/budget/account-plan.ts';
import type { PacingController } from '../../engine/budget/pacing/controller.ts';
import { type DayPlan, planDay } from '../../engine/budget/pacing/day-plan.ts';
import { SLOT_MS, SLOTS_PER_DAY, SLOTS_PER_WEEK } from '../../engine/budget/pacing/local-time.ts';
import { TrafficCurve } from '../../engine/budget/pacing/traffic-curve.ts';
import { LedgerModel } from '../../engine/budget/testing/ledger-model.ts';
import { MoneyChecker } from '../../engine/budget/testing/money-checker.ts';
import { VirtualTime } from '../../engine/budget/testing/virtual-time.ts';
import type { Reservation } from '../../engine/ports/budget-ledger.ts';
import type { BudgetStore } from '../../engine/ports/budget-store.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import type { SeededRandom } from '../random.ts';
import { DayProcess, PACING_INTERVAL_MS } from './day-process.ts';
import type { Market } from './market.ts';
import { poisson } from './poisson.ts';
import { weeklyTraffic } from './weekly-traffic.ts';

/** A Wednesday. */
export const DAY_START_MS = Date.UTC(2026, 2, 4);
export const DAY_MS = 86_400_000;
export const TICK_MS = PACING_INTERVAL_MS;
const TICKS = DAY_MS / TICK_MS;
const FIRST_HOUR = 48;
const HOUR_MS = 3_600_000;
const WEEKS_LEARNED = 2;
/** From winning to the impression. */
const SERVED_MS_MIN = 200;
const SERVED_MS_MAX = 3000;
const BILLING_HORIZON_MS = 60_000;
const SWEEP_MS = 60_000;
/** Until what is out is back: a term, a horizon and a sweep. */
const AFTERWARDS_MS = 300_000;

/** A process is not there between two hours of the day: it crashes at the first, its successor has learned nothing. */
export interface Absence {
  /** By its place in `processShares`. */
  readonly process: number;
  /** 0: it joins later than the others. */
  readonly fromHour: number;
  readonly toHour: number;
}

export interface CampaignDayOptions {
  readonly openStore: (clock: Clock) => BudgetStore;
  readonly controller: PacingController;
  readonly account: AccountPlan;
  readonly market: Market;
  readonly bidNanos: number;
  /** Nanos; impressions, each at 1, for a guaranteed item. */
  readonly budget: number;
  /** What the day's traffic could take at full bid and throttle, over the budget. */
  readonly supply: number;
  /** Of the traffic, by process, while all are there. */
  readonly processShares: readonly number[];
  readonly absences: readonly Absence[];
  /** Real traffic over ordinary, by hour of the day. */
  readonly trafficFactor: (hour: number) => number;
  /** Learned over ordinary traffic, by slot of the week. */
  readonly forecastFactors: Float64Array;
}

export interface CampaignDay {
  readonly budget: number;
  /** Made at the start of the day from the ordinary traffic. */
  readonly plan: DayPlan;
  /** Billed, by tick. */
  readonly spent: Float64Array;
  /** By slot, expected at full bid and throttle. */
  readonly available: Float64Array;
  readonly billed: number;
  /** Served, and not paid by the budget. */
  readonly absorbed: number;
  /** Worth of what was billed to the advertiser, in the budget's unit. */
  readonly value: number;
}

/** Throws a `MoneyError` when the budget was exceeded at any moment, or money came from nowhere. */
export function runCampaignDay(options: CampaignDayOptions, random: SeededRandom): Promise<CampaignDay> {
  return new CampaignWorld(options, random).run();
}

class CampaignWorld {
  readonly #options: CampaignDayOptions;
  readonly #random: SeededRandom;
  readonly #time = new VirtualTime();
  readonly #ledger: LedgerModel;
  readonly #checker: MoneyChecker;
  readonly #store: BudgetStore;
  /** By place; null: nobody is there. */
  readonly #processes: (DayProcess | null)[];
  readonly #perOpportunity: number;
  /** Opportunities in the mean of the day. */
  readonly #meanPerMs: number;
  readonly #spent = new Float64Array(TICKS);
  /** Of the traffic shares of those that are there. */
  #presentShare = 0;
  #value = 0;
  #born = 0;

  constructor(options: CampaignDayOptions, random: SeededRandom) {
    const { account, market, budget, bidNanos, openStore } = options;
    this.#options = options;
    this.#random = random;
    const time = this.#time;
    time.nowMs = DAY_START_MS;
    const nowMs = (): number => time.nowMs;
    this.#ledger = new LedgerModel({ nowMs, dayMs: DAY_MS, billingHorizonMs: BILLING_HORIZON_MS });
    this.#checker = new MoneyChecker(this.#ledger);
    this.#store = openStore({ wallMs: nowMs, monotonicMs: nowMs });
    this.#processes = options.processShares.map(() => null);
    this.#perOpportunity = account.isGuaranteed ? market.winRate : market.meanSpend * bidNanos;
    this.#meanPerMs = (options.supply * budget) / this.#perOpportunity / DAY_MS;
  }

  async run(): Promise<CampaignDay> {
    const { account, budget, absences } = this.#options;
    const { accountId, isGuaranteed, flight } = account;
    const terms = { accountId, budget, dailyBudget: null, endAtMs: flight.endAt };
    this.#ledger.addAccount({ ...terms, unit: isGuaranteed ? 'impressions' : 'nanos' });
    this.#checker.addAccount(accountId, budget, null);
    this.#processes.forEach((_, place) => {
      if (!absences.some(({ process, fromHour }) => process === place && fromHour === 0)) this.#join(place, true);
    });
    for (const { process, fromHour, toHour } of absences) {
      if (fromHour > 0) this.#time.schedule(fromHour * HOUR_MS, () => this.#crash(process));
      this.#time.schedule(toHour * HOUR_MS, () => this.#join(process, false));
    }
    this.#sweep();
    await this.#time.run(DAY_START_MS + DAY_MS + AFTERWARDS_MS, () => {});
    this.#checker.check();
    await this.#checker.checkFigures();
    return this.#report();
  }

  async #report(): Promise<CampaignDay> {
    const { account, budget } = this.#options;
    const [figures] = await this.#ledger.figures([account.accountId]);
    const plan = planDay(account.flight, ordinaryCurve(), DAY_START_MS, { unspent: budget, unspentToday: null });
    return {
      budget,
      plan,
      spent: this.#spent,
      available: this.#available(),
      billed: Number(figures!.spent),
      absorbed: Number(figures!.absorbed),
      value: this.#value,
    };
  }

  #join(place: number, hasLearned: boolean): void {
    const { account, controller, processShares } = this.#options;
    const processId = `process-${place}-${this.#born++}`;
    this.#presentShare += processShares[place]!;
    this.#processes[place] = new DayProcess({
      processId,
      time: this.#time,
      random: this.#random.fork(processId),
      store: this.#store,
      ledger: this.#ledger,
      plan: account,
      curve: hasLearned ? this.#learnedCurve(processShares[place]!) : new TrafficCurve(),
      controller,
    });
    this.#nextOpportunity(place);
  }

  #crash(place: number): void {
    this.#processes[place]!.crash();
    this.#processes[place] = null;
    this.#presentShare -= this.#options.processShares[place]!;
  }

  #learnedCurve(share: number): TrafficCurve {
    const curve = new TrafficCurve();
    for (let week = 0; week < WEEKS_LEARNED; week++) {
      for (let slot = 0; slot < SLOTS_PER_WEEK; slot++) {
        const traffic = trafficAt((slot + 0.5) / 4 - FIRST_HOUR) * this.#options.forecastFactors[slot]!;
        curve.observe(slot, poisson(this.#meanPerMs * share * SLOT_MS * traffic, this.#random), SLOT_MS);
      }
    }
    return curve;
  }

  /** All processes together. */
  #opportunitiesPerMs(atMs: number): number {
    const hour = (atMs - DAY_START_MS) / HOUR_MS;
    return this.#meanPerMs * trafficAt(hour) * this.#options.trafficFactor(hour);
  }

  #nextOpportunity(place: number): void {
    const share = this.#options.processShares[place]! / this.#presentShare;
    const gapMs = this.#random.exponential(1 / (this.#opportunitiesPerMs(this.#time.nowMs) * share));
    const process = this.#processes[place]!;
    this.#time.schedule(gapMs, () => {
      if (!process.isAlive || this.#time.nowMs >= DAY_START_MS + DAY_MS) return;
      this.#opportunity(process);
      this.#nextOpportunity(place);
    });
  }

  #opportunity(process: DayProcess): void {
    const { market, bidNanos, account } = this.#options;
    const multiplier = process.enter();
    const sample = market.draw(this.#random);
    if (!market.isWon(sample, multiplier)) return;
    const { isGuaranteed } = account;
    const won = process.win(isGuaranteed ? 1 : Math.max(1, Math.round(market.priceOf(sample) * bidNanos)));
    if (won === null) return;
    const value = market.valueOf(sample) * (isGuaranteed ? 1 : bidNanos);
    this.#time.schedule(this.#random.uniform(SERVED_MS_MIN, SERVED_MS_MAX), () => void this.#bill(won, value));
  }

  /** By whichever process hears of the impression: that the winner is gone changes nothing. */
  async #bill({ heldMs: _, ...won }: Reservation, value: number): Promise<void> {
    const { nowMs } = this.#time;
    const [result] = await this.#ledger.bill([{ ...won, atMs: nowMs }]);
    if (result !== 'billed') return;
    this.#spent[Math.min(TICKS - 1, Math.floor((nowMs - DAY_START_MS) / TICK_MS))]! += won.amount;
    this.#value += value;
  }

  #sweep(): void {
    this.#time.schedule(SWEEP_MS, () => {
      void this.#ledger.sweep(this.#time.nowMs);
      this.#checker.check();
      this.#sweep();
    });
  }

  #available(): Float64Array {
    const available = new Float64Array(SLOTS_PER_DAY);
    for (let atMs = DAY_START_MS; atMs < DAY_START_MS + DAY_MS; atMs += TICK_MS) {
      const amount = this.#opportunitiesPerMs(atMs) * TICK_MS * this.#perOpportunity;
      available[Math.floor((atMs - DAY_START_MS) / SLOT_MS)]! += amount;
    }
    return available;
  }
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
