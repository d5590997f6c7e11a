/** A day of a campaign that pays by the click: what its leases keep for clicks must not keep it from its budget. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LEASE_KEEPER_LIMITS, LeaseKeeper } from '../../engine/budget/lease-keeper.ts';
import { LEASE_POLICY_DEFAULTS } from '../../engine/budget/lease-policy.ts';
import { LocalAccount } from '../../engine/budget/local-account.ts';
import { LedgerModel } from '../../engine/budget/testing/ledger-model.ts';
import { takenFor } from '../../engine/exchange/purchases.ts';
import type { Reservation } from '../../engine/ports/budget-ledger.ts';
import { poisson } from '../../simulator/pacing-day/poisson.ts';
import { seededRandom } from '../../simulator/random.ts';
import { BudgetMemory, createEmbeddedBudgetStore } from './budget-store.embedded.ts';

const DAY_MS = 86_400_000;
const TICK_MS = 2000;
const SWEEP_MS = 10_000;
const CLICK_PRICE = 1_000_000_000;
/** From an impression to its click, in the mean. */
const CLICK_DELAY_MS = 20_000;
const PROCESSES = 4;

interface Day {
  readonly clicks: number;
  readonly rate: number;
  readonly estimate: number;
  /** Expected clicks of all impressions that could be won, as a multiple of the budget. */
  readonly supply: number;
  /** `campaigns.held`: of the price of a click, and for how long. */
  readonly shareMin: number;
  readonly clickMs: number;
}

interface Delivery {
  /** In parts of the budget. */
  readonly billed: number;
  /** While nothing was available that could have paid it. */
  readonly absorbedForWant: number;
}

async function deliver({ clicks, rate, estimate, supply, shareMin, clickMs }: Day): Promise<Delivery> {
  let nowMs = 0;
  const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
  const random = seededRandom('clicks');
  const ledger = new LedgerModel({ nowMs: () => nowMs, dayMs: 10 * DAY_MS, billingHorizonMs: 60_000 });
  ledger.addAccount({ accountId: 'campaign', unit: 'nanos', budget: clicks * CLICK_PRICE, dailyBudget: null });
  const store = createEmbeddedBudgetStore({ clock, memory: new BudgetMemory(10) });
  let requests = 0;
  const processes = Array.from({ length: PROCESSES }, (_, index) => {
    const account = new LocalAccount('campaign', CLICK_PRICE, LEASE_POLICY_DEFAULTS, nowMs);
    const keeper = new LeaseKeeper({
      processId: `process-${index}`,
      store,
      ledger,
      clock,
      timers: { schedule: () => null, cancel: () => {} },
      newRequestId: () => `${requests++}`,
      limits: LEASE_KEEPER_LIMITS,
      onLease: (lease) => account.accept(lease, nowMs),
      onNoLease: (_, reason) => account.refused(reason, nowMs),
      observer: { onFault: () => {}, onFenced: () => {}, onReturnDropped: () => {} },
    });
    return { account, keeper };
  });
  const winsPerTick = (supply * clicks * TICK_MS) / (rate * DAY_MS * PROCESSES);
  const clicksAt = new Map<number, string[]>();
  let wins = 0;
  let absorbedForWant = 0;
  for (; nowMs < DAY_MS; nowMs += TICK_MS) {
    const told: Reservation[] = [];
    for (const { account, keeper } of processes) {
      for (let count = poisson(winsPerTick, random); count > 0; count--) {
        const key = `${wins++}`;
        const reserved = account.reserve(key, takenFor(CLICK_PRICE, estimate, shareMin), clickMs, nowMs, CLICK_PRICE);
        if (typeof reserved === 'string') continue;
        const { accountId, epoch, sequence } = reserved.lease;
        const known = { accountId, epoch, sequence, key, amount: CLICK_PRICE, publisherId: 'pub' };
        told.push({ ...known, heldMs: clickMs, isShared: reserved.isShared });
        account.bill(key);
        if (!random.chance(rate)) continue;
        const tick = Math.ceil((nowMs + random.exponential(CLICK_DELAY_MS)) / TICK_MS) + 1;
        clicksAt.set(tick, [...(clicksAt.get(tick) ?? []), key]);
      }
      for (const over of account.settle(nowMs)) keeper.giveBack(over);
      const need = account.need(nowMs);
      if (need !== null) keeper.obtain(need);
    }
    await ledger.reserve(told);
    const clicked = clicksAt.get(nowMs / TICK_MS) ?? [];
    for (const key of clicked) {
      const [before] = await ledger.figures(['campaign']);
      const [result] = await ledger.billReports([{ key, atMs: nowMs, mayBecomeKnown: false }]);
      if (result === 'absorbed' && before!.available < BigInt(CLICK_PRICE)) absorbedForWant++;
    }
    if (nowMs % SWEEP_MS === 0) await ledger.sweep(nowMs);
    await nextTurn();
  }
  const [figures] = await ledger.figures(['campaign']);
  return {
    billed: Number(figures!.spent) / (clicks * CLICK_PRICE),
    absorbedForWant: absorbedForWant / clicks,
  };
}

const WHOLE = { clicks: 300, shareMin: 1, clickMs: 60_000 };
const SHARED = { clicks: 300, shareMin: 0, clickMs: 300_000 };

it.each([
  ['a hundredth clicks, as expected', { rate: 0.01, estimate: 0.01, supply: 2, ...WHOLE }],
  ['ten times as many click as expected', { rate: 0.01, estimate: 0.001, supply: 3, ...WHOLE }],
  ['a hundredth clicks, and they share', { rate: 0.01, estimate: 0.01, supply: 1.3, ...SHARED }],
  ['they share, and twice as many click as expected', { rate: 0.02, estimate: 0.01, supply: 2, ...SHARED }],
] satisfies [string, Day][])(
  'delivers a day of clicks: %s',
  async (_name, day) => {
    const { billed, absorbedForWant } = await deliver(day);
    expect(billed).toBeGreaterThanOrEqual(0.99);
    expect(billed).toBeLessThanOrEqual(1);
    expect(absorbedForWant).toBeLessThan(0.02);
  },
  120_000,
);
