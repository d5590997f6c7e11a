/**
 * Every await of a process that obtains a lease, reserves, serves and gives back is a point at which it may die: before
 * its call is sent, or after it took effect and before the answer came. Each of them is tried; another process then has
 * to be able to spend all that is left, and not a nano more.
 */
import { describe, expect, it } from 'vitest';
import { LedgerModel } from '../../engine/budget/testing/ledger-model.ts';
import { MoneyChecker } from '../../engine/budget/testing/money-checker.ts';
import { SimulatedProcess } from '../../engine/budget/testing/simulated-process.ts';
import { NO_LINK_FAULTS } from '../../engine/budget/testing/unreliable-link.ts';
import { VirtualTime } from '../../engine/budget/testing/virtual-time.ts';
import { WORLD, WORLD_POLICY } from '../../engine/budget/testing/world-options.ts';
import type { BillResult } from '../../engine/ports/budget-ledger.ts';
import type { BudgetStore } from '../../engine/ports/budget-store.ts';
import { seededRandom } from '../../simulator/random.ts';
import { BudgetMemory, createEmbeddedBudgetStore } from './budget-store.embedded.ts';

const BUDGET = 50 * WORLD.priceMax;
const accountId = 'campaign';

/** Nobody hears it: its caller is dead. */
class Dead extends Error {}

/** Steps of one process, counted as they are taken. */
class Steps {
  readonly taken: string[] = [];
  readonly #crashAt: number;
  readonly #crash: () => void;

  /** `crashAt`: two to a step, before it and after it. */
  constructor(crashAt: number, crash: () => void) {
    this.#crashAt = crashAt;
    this.#crash = crash;
  }

  /** `work` of a process that is dead before it does not happen. */
  async take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const step = this.taken.push(name) - 1;
    if (step * 2 === this.#crashAt) return this.#die();
    const result = await work();
    return step * 2 + 1 === this.#crashAt ? this.#die() : result;
  }

  #die(): never {
    this.#crash();
    throw new Dead();
  }
}

interface Outcome {
  readonly steps: readonly string[];
  readonly rest: bigint;
}

const NO_CRASH = -1;

async function crashAt(point: number): Promise<Outcome> {
  return await new CrashRun(point).run();
}

/** One process until it dies or is stopped, then its heir until all is spent. */
class CrashRun {
  readonly #time = new VirtualTime();
  readonly #ledger: LedgerModel;
  readonly #checker: MoneyChecker;
  readonly #store: BudgetStore;
  readonly #steps: Steps;
  readonly #mortal: SimulatedProcess;
  #wins = 0;
  #failure: Error | null = null;

  constructor(point: number) {
    const time = this.#time;
    const { dayMs, billingHorizonMs } = WORLD;
    this.#ledger = new LedgerModel({ nowMs: () => time.nowMs, dayMs, billingHorizonMs });
    this.#checker = new MoneyChecker(this.#ledger);
    this.#ledger.addAccount({ accountId, unit: 'nanos', budget: BUDGET, dailyBudget: null });
    this.#checker.addAccount(accountId, BUDGET, null);
    const clock = { wallMs: () => time.nowMs, monotonicMs: () => time.nowMs };
    this.#store = createEmbeddedBudgetStore({ clock, memory: new BudgetMemory(10) });
    this.#steps = new Steps(point, () => this.#mortal.crash());
    this.#mortal = this.#spawn('mortal', this.#steps);
  }

  async run(): Promise<Outcome> {
    const check = (): void => this.#check();
    this.#sweep();
    this.#traffic(this.#mortal, this.#steps);
    await this.#time.run(500, check);
    if (this.#mortal.isAlive) void this.#mortal.stop(1000);
    await this.#time.run(2000, check);
    const unharmed = new Steps(NO_CRASH, () => {});
    const heir = this.#spawn('heir', unharmed);
    heir.recover(this.#mortal);
    this.#traffic(heir, unharmed);
    await this.#time.run(35_000, check);
    await this.#checker.checkFigures();
    const [figures] = await this.#ledger.figures([accountId]);
    return { steps: [...this.#steps.taken], rest: figures!.budget - figures!.spent };
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure;
    this.#checker.check();
  }

  #spawn(processId: string, steps: Steps): SimulatedProcess {
    const [store, ledger] = [this.#store, this.#ledger];
    return new SimulatedProcess({
      processId,
      time: this.#time,
      random: seededRandom(1).fork(processId),
      store: {
        ...store,
        install: (tranche) => steps.take('install', () => store.install(tranche)),
        grant: (wanted) => steps.take('grant', () => store.grant(wanted)),
      },
      ledger: {
        openTranche: (wanted) => steps.take('openTranche', () => ledger.openTranche(wanted)),
        confirmLeases: (grants) => steps.take('confirmLeases', () => ledger.confirmLeases(grants)),
        closeLeases: (returns) => steps.take('closeLeases', () => ledger.closeLeases(returns)),
        reserve: (reservations) => steps.take('reserve', () => ledger.reserve(reservations)),
      },
      faults: () => NO_LINK_FAULTS,
      isStoreDown: () => false,
      isLedgerDown: () => false,
      accountIds: [accountId],
      policy: WORLD_POLICY,
      planted: null,
      onBilled: (_told, bills) => this.#onBilled(bills),
    });
  }

  #traffic(process: SimulatedProcess, steps: Steps): void {
    this.#time.schedule(50, () => {
      if (!process.isAlive) return;
      this.#win(process, steps).catch((error: Error) => {
        if (!(error instanceof Dead)) this.#failure ??= error;
      });
      this.#traffic(process, steps);
    });
  }

  async #win(process: SimulatedProcess, steps: Steps): Promise<void> {
    const account = process.accounts.get(accountId)!;
    const key = `win-${this.#wins++}`;
    const price = 1 + ((this.#wins * 379) % WORLD.priceMax);
    const reserved = account.reserve(key, price, WORLD.lapseMs, process.nowMs());
    if (typeof reserved === 'string') return;
    this.#checker.reserved(reserved, this.#time.nowMs);
    process.served(reserved);
    await steps.take('serve', () => this.#time.sleep(20));
    const report = { key, atMs: Math.max(0, process.wallMs()), mayBecomeKnown: true };
    const [result] = await steps.take('bill', () => this.#ledger.billReports([report]));
    expect(['billed', 'parked']).toContain(result);
  }

  #onBilled(bills: readonly BillResult[]): void {
    if (bills.some((result) => result !== 'billed')) this.#failure ??= new Error(`reported before, and ${bills}`);
  }

  #sweep(): void {
    this.#time.schedule(1000, () => {
      void this.#ledger.sweep(this.#time.nowMs);
      this.#sweep();
    });
  }
}

describe('a crash at any await', () => {
  it('takes nothing twice and strands nothing', async () => {
    const { steps, rest } = await crashAt(NO_CRASH);
    expect(rest).toBeLessThan(BigInt(WORLD.priceMax));
    const kinds = ['grant', 'openTranche', 'install', 'confirmLeases', 'reserve', 'serve', 'bill', 'closeLeases'];
    expect(new Set(steps)).toEqual(new Set(kinds));
    for (let point = 0; point < 2 * steps.length; point++) {
      const outcome = await crashAt(point);
      const name = `${point % 2 === 0 ? 'before' : 'after'} step ${point >> 1}, ${steps[point >> 1]}`;
      expect(outcome.steps.length, name).toBeGreaterThan(point >> 1);
      expect(outcome.rest, name).toBeLessThan(BigInt(WORLD.priceMax));
    }
  }, 120_000);
});
