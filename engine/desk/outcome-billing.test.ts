import { expect, it } from 'vitest';
import type { Bill, BillResult, KnownCharge } from '../ports/budget-ledger.ts';
import { BILLING_RESULTS, billOutcomes } from './outcome-billing.ts';

const KNOWN: KnownCharge = {
  key: 'auction/imp/1/click',
  accountId: 'account',
  epoch: 2,
  sequence: 3,
  amount: 5,
  publisherId: 'publisher',
};
const NONE = Object.fromEntries(BILLING_RESULTS.map((result) => [result, 0]));

const outcome = (type: 'impression' | 'click', atMs: number | null = null) =>
  ({ auctionId: 'auction', impId: 'imp/1', type, atMs }) as const;

it('bills what was reserved for this event, as its reservation says, once', async () => {
  const bills: Bill[] = [];
  const steps: string[] = [];
  const ledger = {
    charges: async (keys: readonly string[]) => {
      steps.push(...keys);
      return [KNOWN].filter(({ key }) => keys.includes(key));
    },
    bill: async (wanted: readonly Bill[]): Promise<BillResult[]> => {
      bills.push(...wanted);
      return wanted.map(() => 'billed');
    },
  };
  const whenTold = async (concerns: (key: string) => boolean) =>
    void steps.push(`told ${concerns('auction/imp/1/click')} ${concerns('other/imp/1/click')}`);
  const { counts, unmatched } = await billOutcomes([outcome('impression'), outcome('click', 700), outcome('click')], {
    ledger,
    whenTold,
    onSetAside: () => {},
    nowMs: () => 1000,
  });
  expect(steps).toEqual(['told true false', 'auction/imp/1/impression', 'auction/imp/1/click']);
  expect(bills).toEqual([{ ...KNOWN, atMs: 1000 }]);
  expect(counts).toEqual({ ...NONE, billed: 1, unmatched: 1, repeated: 1 });
  expect(unmatched).toEqual([outcome('impression')]);
});

it('what the ledger refuses of a report keeps nobody else from being paid', async () => {
  const aside: string[] = [];
  const ids = ['a', 'never', 'b', 'no\0key'];
  const { counts } = await billOutcomes(
    ids.map((auctionId) => ({ ...outcome('click'), auctionId })),
    {
      ledger: {
        charges: async (keys) => {
          if (keys.some((key) => key.includes('\0'))) throw new RangeError('invalid byte sequence');
          return keys.map((key) => ({ ...KNOWN, key }));
        },
        bill: async (bills) => {
          if (bills.some(({ key }) => key.startsWith('never'))) throw new RangeError('index row size');
          return bills.map(() => 'billed' as const);
        },
      },
      whenTold: async () => {},
      onSetAside: (key) => aside.push(key),
      nowMs: () => 1000,
    },
  );
  expect(counts).toEqual({ ...NONE, billed: 2, unmatched: 1, 'set-aside': 1 });
  expect(aside).toEqual(['never/imp/1/click']);
});
