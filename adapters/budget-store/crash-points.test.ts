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
  readonly hasCrashed: boolean;
  readonly rest: bigint;
}

async function crashAt(point: number): Promise<Outcome> {
  const time = new VirtualTime();
  const ledger = new LedgerModel({
    nowMs: () => time.nowMs,
    dayMs: WORLD.dayMs,
    billingHorizonMs: WORLD.billingHorizonMs,
  });
  const checker = new MoneyChecker(ledger, WORLD.dayMs);
  ledger.addAccount({ accountId, unit: 'nanos', budget: BUDGET, dailyBudget: null });
  checker.addAccount(accountId, BUDGET, null);
  const clock = { wallMs: () => time.nowMs, monotonicMs: () => time.nowMs };
  const store = createEmbeddedBudgetStore({ clock, memory: new BudgetMemory(10) });
  let mortal: SimulatedProcess | null = null;
  const steps = new Steps(point, () => mortal!.crash());
  const spawn = (processId: string): SimulatedProcess => {
    const counted = processId === 'mortal' ? steps : new Steps(-1, () => {});
    return new SimulatedProcess({
      processId,
      time,
      random: seededRandom(1).fork(processId),
      store: {
        ...store,
        install: (tranche) => counted.take('install', () => store.install(tranche)),
        grant: (wanted) => counted.take('grant', () => store.grant(wanted)),
      },
      ledger: {
        openTranche: (wanted) => counted.take('openTranche', () => ledger.openTranche(wanted)),
        confirmLeases: (grants) => counted.take('confirmLeases', () => ledger.confirmLeases(grants)),
        closeLease: (key, unspent) => counted.take('closeLease', () => ledger.closeLease(key, unspent)),
      },
      faults: () => NO_LINK_FAULTS,
      isStoreDown: () => false,
      isLedgerDown: () => false,
      accountIds: [accountId],
      policy: WORLD_POLICY,
      planted: null,
    });
  };
  let failure: Error | null = null;
  const check = (): void => {
    if (failure !== null) throw failure;
    checker.check();
  };
  let wins = 0;
  const win = async (process: SimulatedProcess, counted: Steps): Promise<void> => {
    const account = process.accounts.get(accountId)!;
    const key = `${process.id}-${wins++}`;
    const reserved = account.reserve(key, 1 + ((wins * 379) % WORLD.priceMax), WORLD.lapseMs, process.nowMs());
    if (typeof reserved === 'string') return;
    checker.reserved(reserved, time.nowMs);
    const { amount, lease } = reserved;
    const entry = { accountId, epoch: lease.epoch, sequence: lease.sequence, key, amount };
    const expiresAtMs = time.nowMs + WORLD.lapseMs;
    await counted.take('reserve', () => ledger.reserve([{ ...entry, publisherId: 'publisher', expiresAtMs }]));
    await counted.take('serve', () => time.sleep(20));
    const bill = { ...entry, publisherId: 'publisher', atMs: time.nowMs };
    expect(await counted.take('bill', () => ledger.bill([bill]))).toEqual(['billed']);
    account.bill(key);
  };
  const traffic = (process: SimulatedProcess, counted: Steps): void => {
    time.schedule(50, () => {
      if (!process.isAlive) return;
      win(process, counted).catch((error: Error) => {
        if (!(error instanceof Dead)) failure ??= error;
      });
      traffic(process, counted);
    });
  };
  const sweep = (): void => {
    time.schedule(1000, () => {
      void ledger.sweep(time.nowMs);
      sweep();
    });
  };
  sweep();
  mortal = spawn('mortal');
  traffic(mortal, steps);
  await time.run(500, check);
  if (mortal.isAlive) void mortal.stop(1000);
  await time.run(2000, check);
  const hasCrashed = point >= 0 && point < 2 * steps.taken.length;
  traffic(spawn('heir'), new Steps(-1, () => {}));
  await time.run(35_000, check);
  await checker.checkFigures();
  const [figures] = await ledger.figures([accountId]);
  return { steps: [...steps.taken], hasCrashed, rest: figures!.budget - figures!.spent };
}

describe('a crash at any await', () => {
  it('takes nothing twice and strands nothing', async () => {
    const { steps, rest } = await crashAt(-1);
    expect(rest).toBeLessThan(BigInt(WORLD.priceMax));
    const kinds = ['grant', 'openTranche', 'install', 'confirmLeases', 'reserve', 'serve', 'bill', 'closeLease'];
    expect(new Set(steps)).toEqual(new Set(kinds));
    for (let point = 0; point < 2 * steps.length; point++) {
      const outcome = await crashAt(point);
      const name = `${point % 2 === 0 ? 'before' : 'after'} step ${point >> 1}, ${steps[point >> 1]}`;
      expect(outcome.hasCrashed, name).toBe(true);
      expect(outcome.rest, name).toBeLessThan(BigInt(WORLD.priceMax));
    }
  }, 120_000);
});
