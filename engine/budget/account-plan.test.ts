import { expect, it } from 'vitest';
import { booking, campaign, lineItem } from '../campaign/testing/build-booking.ts';
import { accountPlans, isCut, isSamePlan } from './account-plan.ts';
import { LocalTime } from './pacing/local-time.ts';

const UTC = new LocalTime('UTC');

function planOf(changes: Parameters<typeof campaign>[0] = {}, items = [lineItem()], localTime = UTC) {
  const { advertiser } = booking();
  return accountPlans({ campaign: campaign(changes), advertiser, lineItems: items }, localTime)[0]!;
}

it('knows the least and the dearest price of a hundred thousand line items', () => {
  const many = Array.from({ length: 100_000 }, () => lineItem({ bidMicros: 7 }));
  const perClick = lineItem({ pricing: 'cpc', bidMicros: 9 });
  expect(planOf({}, [...many, perClick]).prices).toEqual({ least: 7, dearest: 9000 });
});

it('a new name is the same plan', () => {
  expect(isSamePlan(planOf({ name: 'another' }), planOf())).toBe(true);
  for (const change of [{ budgetNanos: 1n }, { dailyBudgetNanos: 1n }, { endAt: 1 }, { status: 'paused' as const }]) {
    expect(isSamePlan(planOf(change), planOf())).toBe(false);
  }
});

it('less money, less time or other days are a cut; more is none', () => {
  const bounded = { budgetNanos: 100n, dailyBudgetNanos: 10n, endAt: 1000, startAt: 10 };
  const before = planOf(bounded);
  const cuts = [{ budgetNanos: 99n }, { dailyBudgetNanos: 9n }, { endAt: 999 }, { startAt: 11 }];
  for (const cut of cuts) expect(isCut(planOf({ ...bounded, ...cut }), before)).toBe(true);
  expect(isCut(planOf(bounded, undefined, new LocalTime('Asia/Kolkata')), before)).toBe(true);
  const raises = [{ budgetNanos: 101n }, { dailyBudgetNanos: null }, { endAt: null }, { startAt: 9 }, {}];
  for (const raise of raises) expect(isCut(planOf({ ...bounded, ...raise }), before)).toBe(false);
});
