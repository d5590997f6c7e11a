/** O3: what is billed was answered and reported, at the price of the answer, once. */
import type { History } from '../history.ts';
import { adsSeen } from './auctions-seen.ts';
import type { Check } from './check.ts';

export const billedOnce: Check = {
  id: 'O3',
  name: 'billed exactly once',
  judge: (history, verdict) => {
    const due = amountsDue(history);
    const reported = new Set<string>();
    const billed = new Set<string>();
    for (const seen of history.observations) {
      if (seen.kind === 'report-sent') reported.add(seen.key);
      const bill = billOf(seen);
      if (bill === null) continue;
      const { key, amount, atMs } = bill;
      verdict.expect(!billed.has(key), () => `${key} is billed again at ${atMs} ms`);
      billed.add(key);
      verdict.expect(reported.has(key), () => `${key} is billed at ${atMs} ms, and nobody has reported it`);
      const owed = due.get(key);
      verdict.expect(owed === amount, () => `${key} is billed ${amount}, and was sold for ${owed ?? 'nothing'}`);
    }
  },
};

/** Whether anybody bears it: an advertiser, a DSP, or we. */
function billOf(seen: History['observations'][number]): { key: string; amount: number; atMs: number } | null {
  if (seen.kind === 'receivable') return seen;
  if (seen.kind !== 'transfer' || seen.key === null) return null;
  const { key, amount, atMs, from, to } = seen;
  return (to === 'spent' || to === 'served') && from !== 'served' ? { key, amount, atMs } : null;
}

/** By key. What the publisher was told is what is due, where both are in one currency and by impression. */
function amountsDue(history: History): ReadonlyMap<string, number> {
  const due = new Map<string, number>();
  for (const { name, claim, priceCpmMicros, currency } of adsSeen(history)) {
    if (claim === null) continue;
    const { billedBy, pricing, amount, payer, currency: theirs } = claim.sale;
    const isQuota = payer.kind === 'house' && payer.unit === 'impressions';
    // A thousandth of so many micros per mille is as many nanos.
    const isTold = !isQuota && pricing === 'cpm' && theirs === currency;
    due.set(`${name}/${billedBy}`, isTold ? priceCpmMicros : amount);
  }
  return due;
}
