import { describe, expect, it } from 'vitest';
import type { AccountPlan } from '../budget/account-plan.ts';
import type { AccountStanding } from '../budget/spending-account.ts';
import { deliveryAlerts, NAMED_MAX } from './delivery-alerts.ts';

const NOW_MS = 1000;
const LIMITS = { lowBalanceShare: 0.1, paceMin: 0.8 };

function account(accountId: string, standing: Partial<AccountStanding> | null, plan: object = {}) {
  return {
    plan: { accountId, isSwitchedOn: true, flight: { startAt: 0, endAt: null }, ...plan } as unknown as AccountPlan,
    standing: standing === null ? null : { leftShare: 0.5, pace: 1, ...standing },
  };
}

const idsIn = (accounts: ReturnType<typeof account>[]) => {
  const { lowBalance, underDelivery } = deliveryAlerts(accounts, LIMITS, NOW_MS);
  return [lowBalance.accountIds, underDelivery.accountIds];
};

describe('of all accounts', () => {
  it('those with little left and those behind plan are named, the worst first', () => {
    const accounts = [
      account('fine', {}),
      account('low', { leftShare: 0.09 }),
      account('slow', { pace: 0.79 }),
      account('empty', { leftShare: 0, pace: 0 }),
      account('still', { pace: 0 }),
      account('young', { pace: null }),
      account('unpaced', null),
    ];
    expect(idsIn(accounts)).toEqual([
      ['empty', 'low'],
      ['still', 'slow'],
    ]);
  });

  it('those that may not deliver now are left out', () => {
    const bad = { leftShare: 0.01, pace: 0 };
    const accounts = [
      account('paused', bad, { isSwitchedOn: false }),
      account('later', bad, { flight: { startAt: NOW_MS + 1, endAt: null } }),
      account('over', bad, { flight: { startAt: 0, endAt: NOW_MS } }),
    ];
    expect(idsIn(accounts)).toEqual([[], []]);
  });

  it('all are counted and few are named', () => {
    const accounts = Array.from({ length: 20 }, (_, number) => account(`a${number}`, { pace: (20 - number) / 100 }));
    const { underDelivery } = deliveryAlerts(accounts, LIMITS, NOW_MS);
    expect(underDelivery).toEqual({ count: 20, accountIds: ['a19', 'a18', 'a17', 'a16', 'a15'] });
    expect(underDelivery.accountIds).toHaveLength(NAMED_MAX);
  });
});
