import { describe, expect, it } from 'vitest';
import { openHours } from '../campaign/open-hours.ts';
import type { AccountPlan } from './account-plan.ts';
import { LEASE_POLICY_DEFAULTS } from './lease-policy.ts';
import { PACING_CONTROLLERS } from './pacing/controllers.ts';
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
  isEnded: false,
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

const DAY_MS = 86_400_000;

const open = (plan = PLAN) =>
  new SpendingAccount(plan, LEASE_POLICY_DEFAULTS, PACING_CONTROLLERS.dual, new PacingBoard(), 0, () => {});

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

describe('funds', () => {
  it('are looked up for the first time, after a win, after a change, and once a minute', () => {
    const account = open();
    expect(account.needsFunds(START)).toBe(true);
    see(account, 0, START);
    expect(account.needsFunds(START + 10_000)).toBe(false);
    account.paceAsKnown(START + 10_000);
    expect(account.needsFunds(START + 59_999)).toBe(false);
    expect(account.needsFunds(START + 60_000)).toBe(true);
    see(account, 0, START + 60_000);
    account.observeWin(1);
    expect(account.needsFunds(START + 61_000)).toBe(true);
    account.forgetWin(1);
    expect(account.needsFunds(START + 61_000)).toBe(false);
    account.replan({ ...PLAN }, 0);
    expect(account.needsFunds(START + 61_000)).toBe(false);
    account.replan({ ...PLAN, budget: PLAN.budget + 1n }, 0);
    expect(account.needsFunds(START + 61_000)).toBe(true);
  });

  it('are looked up for each day that is planned, and not behind the last', () => {
    const night = START + DAY_MS - 1000;
    const account = open();
    see(account, 0, night);
    expect(account.needsFunds(night + 999)).toBe(false);
    expect(account.needsFunds(night + 1000)).toBe(true);
    const last = open({ ...PLAN, flight: { ...PLAN.flight, endAt: START + DAY_MS } });
    see(last, 0, night);
    see(last, 0, night + 1000);
    expect(last.needsFunds(night + 1000)).toBe(false);
  });

  it('are those of the last look until the next', () => {
    const account = open();
    account.budget = 1000;
    see(account, 0, START);
    account.paceAsKnown(START + SLOT_MS);
    expect(account.standing).toEqual({ leftShare: 0.9, pace: 0 });
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
