import { expect, it } from 'vitest';
import { ManualTimers } from '../../adapters/notices/testing/manual-timers.ts';
import type { Bill, BillResult } from '../ports/budget-ledger.ts';
import { BillingOutbox } from './billing-outbox.ts';

const bill = (key: string): Bill => ({
  key,
  accountId: 'spring',
  epoch: 1,
  sequence: 1,
  amount: 1,
  publisherId: 'pub',
  atMs: 0,
});

class Ledger {
  readonly timers = new ManualTimers();
  readonly billed: string[][] = [];
  isAway = false;
  dropped = 0;
  readonly outbox = new BillingOutbox({
    bill: async (bills): Promise<BillResult[]> => {
      if (this.isAway) throw new Error('away');
      this.billed.push(bills.map(({ key }) => key));
      return bills.map(() => 'billed');
    },
    timers: this.timers,
    lengthMax: 3,
    batchMax: 2,
    gatherMs: 20,
    retryMs: 500,
    onDropped: (count) => {
      this.dropped += count;
    },
  });

  async pass(ms: number): Promise<void> {
    this.timers.advance(ms);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
}

it('bills what has gathered, in order, in batches', async () => {
  const ledger = new Ledger();
  for (const key of ['a', 'b', 'c']) ledger.outbox.add(bill(key));
  await ledger.pass(20);
  await ledger.pass(0);
  expect(ledger.billed).toEqual([['a', 'b'], ['c']]);
});

it('bills again until the ledger has it, and takes no more than it has room for', async () => {
  const ledger = new Ledger();
  ledger.isAway = true;
  for (const key of ['a', 'b', 'c', 'd']) ledger.outbox.add(bill(key));
  expect(ledger.dropped).toBe(1);
  await ledger.pass(20);
  ledger.isAway = false;
  await ledger.pass(499);
  expect(ledger.billed).toEqual([]);
  await ledger.pass(1);
  await ledger.pass(0);
  expect(ledger.billed.flat()).toEqual(['a', 'b', 'c']);
});

it('waits for the last when it closes, and counts what it gives up', async () => {
  const ledger = new Ledger();
  ledger.outbox.add(bill('a'));
  const closed = ledger.outbox.close(1000);
  await ledger.pass(20);
  await closed;
  expect([ledger.billed, ledger.dropped]).toEqual([[['a']], 0]);
  ledger.isAway = true;
  ledger.outbox.add(bill('b'));
  const cut = ledger.outbox.close(100);
  await ledger.pass(100);
  await cut;
  expect(ledger.dropped).toBe(1);
});
