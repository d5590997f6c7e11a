/**
 * O2: no budget is overspent, at any moment. Twice over: by the books at each prefix of their journal, and by what publishers
 * were answered, whose ads name the lease that pays for them. What is answered from a lease and what its holder has given back are
 * never more than the ledger had put into it: so a lease that is granted, or spent, twice is found at its first nano too many,
 * long before a budget is at its end.
 */
import type { History, Observation } from '../history.ts';
import { adsIn } from './auctions-seen.ts';
import type { Check, Verdict } from './check.ts';
import { leaseText } from './conservation.ts';

export const spendCap: Check = {
  id: 'O2',
  name: 'spend within budgets',
  judge: (history, verdict) => {
    judgeJournal(history, verdict);
    judgeLeases(history, verdict);
  },
};

type Budget = Extract<Observation, { kind: 'budget-set' }>;

function judgeJournal({ observations, facts }: History, verdict: Verdict): void {
  const budgets = new Map<string, Budget>();
  const spent = new Map<string, number>();
  for (const seen of observations) {
    if (seen.kind === 'budget-set') budgets.set(seen.accountId, seen);
    if (seen.kind !== 'transfer') continue;
    const { accountId, day, amount, from, to, atMs } = seen;
    const names = day === null ? [accountId] : [accountId, `${accountId} ${day}`];
    if (from === 'spent') for (const name of names) spent.set(name, (spent.get(name) ?? 0) - amount);
    if (to !== 'spent') continue;
    const budget = budgets.get(accountId);
    for (const name of names) {
      const total = (spent.get(name) ?? 0) + amount;
      spent.set(name, total);
      const bound = (name === accountId ? budget?.budget : (budget?.dailyBudget ?? Number.POSITIVE_INFINITY)) ?? 0;
      verdict.expect(
        total <= bound + facts.overspendAllowance,
        () => `${name} has spent ${total} of ${bound} at ${atMs} ms`,
      );
    }
  }
}

interface LeaseSeen {
  put: number;
  taken: number;
}

/** Bills by click and conversion are left out: their money goes back to the budget before most of them. */
function judgeLeases(history: History, verdict: Verdict): void {
  const leases = new Map<string, LeaseSeen>();
  const leaseOf = (name: string): LeaseSeen => {
    const lease = leases.get(name) ?? { put: 0, taken: 0 };
    leases.set(name, lease);
    return lease;
  };
  const take = (name: string, amount: number, why: () => string): void => {
    const lease = leaseOf(name);
    lease.taken += amount;
    verdict.expect(lease.taken <= lease.put, () => `${name} had ${lease.put} and gave ${lease.taken}: ${why()}`);
  };
  for (const seen of history.observations) {
    if (seen.kind === 'transfer' && seen.lease !== null) {
      const name = leaseText(seen.accountId, seen.lease);
      if (seen.to === 'leased' && seen.from !== 'reserved') leaseOf(name).put += seen.amount;
      const isGivenBack = seen.from === 'leased' && seen.to === 'available' && seen.by === 'holder';
      if (isGivenBack) take(name, seen.amount, () => `given back at ${seen.atMs} ms`);
    }
    if (seen.kind !== 'answer-left' || seen.status !== 200) continue;
    for (const { claim, name: ad } of adsIn(seen.body) ?? []) {
      if (claim?.sale.payer.kind !== 'house' || claim.sale.billedBy !== 'impression') continue;
      const { payer, amount } = claim.sale;
      take(leaseText(payer.accountId, payer), amount, () => `${ad} at ${seen.atMs} ms`);
    }
  }
}
