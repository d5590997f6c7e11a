import { expect, it } from 'vitest';
import type { Reservation } from '../ports/budget-ledger.ts';
import type { Timers } from '../ports/clock.ts';
import { ReservationOutbox } from './reservation-outbox.ts';

const reservation = (key: string): Reservation => ({
  key,
  accountId: 'a',
  epoch: 1,
  sequence: 1,
  amount: 1,
  publisherId: 'p',
  expiresAtMs: 1,
});

function setUp() {
  const due: (() => void)[] = [];
  const timers: Timers = {
    schedule: (_delayMs, run) => due.push(run),
    cancel: () => {},
  };
  const told: string[][] = [];
  const calls: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const outbox = new ReservationOutbox({
    ledger: { reserve: () => new Promise<void>((resolve, reject) => calls.push({ resolve, reject })) },
    timers,
    lengthMax: 3,
    batchMax: 2,
    gatherMs: 20,
    retryMs: 250,
    onTold: (reservations) => told.push(reservations.map(({ key }) => key)),
    onFault: () => {},
  });
  /** Sends what is due, and lets the ledger answer. */
  const tell = async (answer: 'resolve' | 'reject' = 'resolve'): Promise<void> => {
    due.shift()!();
    calls.shift()![answer](new Error('away'));
    await new Promise(setImmediate);
  };
  return { outbox, told, tell };
}

it('tells in batches, again when the ledger was away', async () => {
  const { outbox, told, tell } = setUp();
  for (const key of ['a', 'b', 'c']) outbox.add(reservation(key));
  expect(outbox.isFull).toBe(true);
  await tell('reject');
  expect(told).toEqual([]);
  await tell();
  await tell();
  expect(told).toEqual([['a', 'b'], ['c']]);
  expect(outbox.length).toBe(0);
  outbox.add(reservation('d'));
  await tell();
  expect(told.at(-1)).toEqual(['d']);
});

it('whoever waits for what was won so far does not wait for what is won meanwhile', async () => {
  const { outbox, tell } = setUp();
  await outbox.whenTold();
  outbox.add(reservation('a'));
  let isTold = false;
  const waiting = outbox.whenTold().then(() => {
    isTold = true;
  });
  outbox.add(reservation('b'));
  outbox.add(reservation('c'));
  await tell();
  await waiting;
  expect(isTold).toBe(true);
  expect(outbox.length).toBe(1);
});
