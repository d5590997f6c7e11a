import { describe, expect, it } from 'vitest';
import type { AccountPlan } from './account-plan.ts';
import { LEASE_POLICY_DEFAULTS } from './lease-policy.ts';
import { PACING_CONTROLLERS } from './pacing/controllers.ts';
import { openHours } from './pacing/flight.ts';
import { LocalTime, SLOT_MS } from './pacing/local-time.ts';
import { PacingBoard } from './pacing/pacing-board.ts';
import { TrafficCurve } from './pacing/traffic-curve.ts';
import { SpendingAccount } from './spending-account.ts';

const START = Date.UTC(2026, 2, 4);
const PLAN: AccountPlan = {
  accountId: 'spring',
  campaignId: 'spring',
  isGuaranteed: false,
  isSwitchedOn: true,
  prices: { least: 1, dearest: 1 },
  budget: 1_000_000n,
  dailyBudget: null,
  flight: {
    startAt: START,
    endAt: null,
    delivery: 'even',
    localTime: new LocalTime('UTC'),
    openHours: openHours([{ include: [], exclude: [] }]),
  },
};

const open = () =>
  new SpendingAccount(PLAN, LEASE_POLICY_DEFAULTS, PACING_CONTROLLERS.dual, new PacingBoard(), 0, () => {});

/** So many opportunities in the slot that ends now. */
function see(account: SpendingAccount, count: number, nowMs: number): void {
  for (let seen = 0; seen < count; seen++) account.observeOpportunity();
  account.pace({ unspent: 900, unspentToday: null }, 1, nowMs);
}

describe('traffic of an account', () => {
  it('is given once for each time that something was learned', () => {
    const account = open();
    see(account, 0, START);
    expect(account.takeLearned()).toBeNull();
    see(account, 40, START + SLOT_MS);
    expect(account.takeLearned()!.dayEvents[0]).toBe(40);
    expect(account.takeLearned()).toBeNull();
  });

  it('goes on from what another process had learned, and only before its own', () => {
    const known = new TrafficCurve();
    known.observe(7, 70, SLOT_MS);
    const account = open();
    account.recall(known.memory);
    expect(account.takeLearned()).toBeNull();
    see(account, 0, START);
    account.recall(new TrafficCurve().memory);
    see(account, 40, START + SLOT_MS);
    expect([...account.takeLearned()!.dayEvents].filter((events) => events > 0)).toEqual([40, 70]);
  });
});

it('its standing is that of the budget and the plan', () => {
  const account = open();
  account.budget = 1000;
  expect(account.standing).toBeNull();
  see(account, 0, START);
  expect(account.standing).toEqual({ leftShare: 0.9, pace: null });
  see(account, 0, START + SLOT_MS);
  expect(account.standing).toEqual({ leftShare: 0.9, pace: 0 });
});
