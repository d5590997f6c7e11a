import { describe, expect, it } from 'vitest';
import { BudgetLedgerError, type Reservation } from '../ports/budget-ledger.ts';
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
        if (isAway) throw new BudgetLedgerError('unavailable', 'away');
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
    onSetAside: () => {},
  });
  await outbox.whenTold(0);
  for (const key of ['a', 'b', 'c']) outbox.add(reservation(key));
  expect(outbox.isFull).toBe(true);
  let isEmpty = false;
  void outbox.whenTold(1000).then(() => {
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
    onSetAside: () => {},
  });
  outbox.add(reservation('a'));
  let isTold = false;
  void outbox.whenTold(1000).then(() => {
    isTold = true;
  });
  await time.run(200, () => {});
  expect([isTold, outbox.length]).toEqual([true, 1]);
});

describe('of a ledger', () => {
  const opened = (reserve: (keys: readonly string[]) => void) => {
    const time = new VirtualTime();
    const told: string[] = [];
    const aside: string[] = [];
    const faults: unknown[] = [];
    const outbox = new ReservationOutbox({
      ledger: {
        reserve: async (reservations) => {
          reserve(reservations.map(({ key }) => key));
          return [];
        },
      },
      timers: time,
      lengthMax: 100,
      batchMax: 50,
      gatherMs: 10,
      retryMs: 100,
      onTold: (batch) => told.push(...batch.map(({ key }) => key)),
      onFault: (error) => faults.push(error),
      onSetAside: ({ key }) => aside.push(key),
    });
    return { time, told, aside, faults, outbox };
  };

  it('that will never take one win is told all others', async () => {
    const { time, told, aside, faults, outbox } = opened((keys) => {
      if (keys.includes('never')) throw new RangeError('no key of mine');
    });
    for (const key of ['a', 'b', 'never', 'c']) outbox.add(reservation(key));
    const whenTold = outbox.whenTold(1000);
    await time.run(50, () => {});
    await whenTold;
    expect([told, aside, faults, outbox.length]).toEqual([['a', 'b', 'c'], ['never'], [], 0]);
  });

  it('that is away nobody waits for longer than asked for, and who is not concerned not at all', async () => {
    let isAway = true;
    const { time, told, outbox } = opened(() => {
      if (isAway) throw new BudgetLedgerError('unavailable', 'away');
    });
    for (const key of ['a', 'b']) outbox.add(reservation(key));
    const outcomes: string[] = [];
    const wait = (name: string, ...keys: string[]) =>
      outbox
        .whenTold(500, (key) => keys.includes(key))
        .then(
          () => outcomes.push(`${name} told`),
          ({ code }) => outcomes.push(`${name} ${code}`),
        );
    void wait('stranger', 'x');
    void wait('owner', 'a');
    await time.run(600, () => {});
    expect(outcomes).toEqual(['stranger told', 'owner late']);
    void wait('patient', 'b');
    isAway = false;
    await time.run(800, () => {});
    expect([outcomes.at(-1), told]).toEqual(['patient told', ['a', 'b']]);
  });
});
