import { expect, it } from 'vitest';
import type { Reservation } from '../ports/budget-ledger.ts';
import { ReservationOutbox } from './reservation-outbox.ts';
import { VirtualTime } from './testing/virtual-time.ts';

const reservation = (key: string): Reservation => ({
  key,
  accountId: 'account',
  epoch: 1,
  sequence: 1,
  amount: 1,
  publisherId: 'publisher',
  heldMs: 1000,
});

it('tells in batches, in order, and again until it is known', async () => {
  const time = new VirtualTime();
  const calls: string[][] = [];
  const told: string[] = [];
  let isAway = true;
  const outbox = new ReservationOutbox({
    ledger: {
      reserve: async (reservations) => {
        calls.push(reservations.map(({ key }) => key));
        if (isAway) throw new Error('away');
        return [];
      },
    },
    timers: time,
    lengthMax: 3,
    batchMax: 2,
    gatherMs: 10,
    retryMs: 100,
    onTold: (batch) => told.push(...batch.map(({ key }) => key)),
    onFault: () => {},
  });
  await outbox.whenTold();
  for (const key of ['a', 'b', 'c']) outbox.add(reservation(key));
  expect(outbox.isFull).toBe(true);
  let isEmpty = false;
  void outbox.whenTold().then(() => {
    isEmpty = true;
  });
  await time.run(50, () => {});
  expect([calls, told, isEmpty]).toEqual([[['a', 'b']], [], false]);
  isAway = false;
  await time.run(200, () => {});
  expect(calls).toEqual([['a', 'b'], ['a', 'b'], ['c']]);
  expect([told, isEmpty, outbox.length]).toEqual([['a', 'b', 'c'], true, 0]);
});

it('whoever waits for what was won so far does not wait for what is won meanwhile', async () => {
  const time = new VirtualTime();
  const outbox = new ReservationOutbox({
    ledger: { reserve: () => new Promise((resolve) => time.schedule(10, () => resolve([]))) },
    timers: time,
    lengthMax: 10,
    batchMax: 2,
    gatherMs: 10,
    retryMs: 100,
    // There is always some more.
    onTold: (batch) => {
      for (const { key } of batch) outbox.add(reservation(`${key}'`));
    },
    onFault: () => {},
  });
  outbox.add(reservation('a'));
  let isTold = false;
  void outbox.whenTold().then(() => {
    isTold = true;
  });
  await time.run(200, () => {});
  expect([isTold, outbox.length]).toEqual([true, 1]);
});
