/** Nothing fails here: how much of a budget is spent when traffic is uneven and hardly more than the budget. */
import { describe, expect, it } from 'vitest';
import { LEASE_POLICY_DEFAULTS } from '../../engine/budget/lease-policy.ts';
import { LedgerModel } from '../../engine/budget/testing/ledger-model.ts';
import { SimulatedProcess } from '../../engine/budget/testing/simulated-process.ts';
import { NO_LINK_FAULTS } from '../../engine/budget/testing/unreliable-link.ts';
import { VirtualTime } from '../../engine/budget/testing/virtual-time.ts';
import { WORLD } from '../../engine/budget/testing/world-options.ts';
import type { AccountFigures } from '../../engine/ports/budget-ledger.ts';
import { seededRandom } from '../../simulator/random.ts';
import { BudgetMemory, createEmbeddedBudgetStore } from './budget-store.embedded.ts';

const MINUTES = 10;
const WINS_PER_SEC = 40;
/** All leases are over and given back. */
const AT_REST_MS = LEASE_POLICY_DEFAULTS.idleMs + LEASE_POLICY_DEFAULTS.smallTermMs;
const PRICE_MEAN = (1 + WORLD.priceMax) / 2;

interface Delivery {
  /** Of the budget, or of what was asked for if that is less. */
  readonly ratio: number;
  /** Calls to the store, all processes, a second. */
  readonly grantsPerSec: number;
  /** Neither won nor in the budget when the campaign is ended, a while after the last win. */
  readonly lost: number;
  /** Of the budget, what is back in it then. */
  readonly backShare: number;
}

/** `shares`: of the traffic, by process. `supply`: what could be won, as a multiple of the budget. */
async function deliver(shares: readonly number[], supply: number): Promise<Delivery> {
  const time = new VirtualTime();
  const random = seededRandom('delivery');
  const ledger = new LedgerModel({ nowMs: () => time.nowMs, dayMs: 86_400_000, billingHorizonMs: 3_600_000 });
  const budget = Math.floor((MINUTES * 60 * WINS_PER_SEC * PRICE_MEAN) / supply);
  ledger.addAccount({ accountId: 'campaign', unit: 'nanos', budget, dailyBudget: null });
  const clock = { wallMs: () => time.nowMs, monotonicMs: () => time.nowMs };
  const store = createEmbeddedBudgetStore({ clock, memory: new BudgetMemory(10) });
  let grants = 0;
  let reserved = 0;
  let asked = 0;
  shares.forEach((share, index) => {
    const processId = `process-${index}`;
    const process = new SimulatedProcess({
      processId,
      time,
      random: random.fork(processId),
      store: {
        ...store,
        grant: (wanted) => {
          grants++;
          return store.grant(wanted);
        },
      },
      ledger,
      faults: () => NO_LINK_FAULTS,
      isStoreDown: () => false,
      isLedgerDown: () => false,
      accountIds: ['campaign'],
      policy: LEASE_POLICY_DEFAULTS,
      planted: null,
    });
    const traffic = random.fork(`${processId} traffic`);
    let wins = 0;
    const win = (): void => {
      if (time.nowMs > MINUTES * 60_000) return;
      const price = traffic.integer(1, WORLD.priceMax);
      asked += price;
      const account = process.accounts.get('campaign')!;
      // As engines do: who cannot pay the dearest bid takes no part.
      if (account.canPay(WORLD.priceMax, process.nowMs())) {
        const result = account.reserve(`${index}/${wins++}`, price, 60_000, process.nowMs());
        if (typeof result !== 'string') reserved += price;
      }
      time.schedule(traffic.exponential(1000 / (WINS_PER_SEC * share)), win);
    };
    time.schedule(traffic.exponential(1000 / (WINS_PER_SEC * share)), win);
  });
  await time.run(MINUTES * 60_000, () => {});
  const grantsPerSec = grants / (MINUTES * 60);
  await time.run(MINUTES * 60_000 + AT_REST_MS, () => {});
  ledger.setStatus('campaign', 'ended');
  const [{ available }] = (await ledger.figures(['campaign'])) as [AccountFigures];
  expect(reserved).toBeLessThanOrEqual(budget);
  return {
    lost: budget - reserved - Number(available),
    backShare: Number(available) / budget,
    grantsPerSec,
    ratio: reserved / Math.min(budget, asked),
  };
}

const alike = Array.from({ length: 8 }, () => 1 / 8);
const oneHot = [0.93, ...Array.from({ length: 7 }, () => 0.01)];

describe('8 processes spend what there is', () => {
  it.each([
    ['alike, 1.2 times the budget', alike, 1.2],
    ['alike, 1.02 times the budget', alike, 1.02],
    ['one hot, seven cold, 1.2 times the budget', oneHot, 1.2],
    ['one hot, seven cold, 1.02 times the budget', oneHot, 1.02],
  ])('%s', async (_name, shares, supply) => {
    const { ratio, grantsPerSec, lost, backShare } = await deliver(shares, supply);
    expect(ratio).toBeGreaterThan(0.995);
    // What is too little for one more price is nobody's but the campaign's.
    expect(lost).toBe(0);
    expect(backShare).toBeLessThan(0.005);
    expect(grantsPerSec).toBeLessThan(10);
  });

  it('and where the budget is enough for all, nearly every win is paid', async () => {
    const { ratio } = await deliver(oneHot, 0.5);
    expect(ratio).toBeGreaterThan(0.995);
  });
});
