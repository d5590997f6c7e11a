import { expect, test } from 'vitest';
import { DeadlineQueue } from './deadline-queue.ts';

function fakeTime() {
  let nowMs = 0;
  let next = 0;
  const timers = new Map<number, { atMs: number; fire: () => void }>();
  return {
    clock: { wallMs: () => nowMs, monotonicMs: () => nowMs },
    timers: {
      schedule: (delayMs: number, fire: () => void) => {
        timers.set(++next, { atMs: nowMs + delayMs, fire });
        return next;
      },
      cancel: (handle: unknown) => void timers.delete(handle as number),
    },
    armed: () => timers.size,
    advanceTo(atMs: number) {
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.atMs <= atMs).sort((a, b) => a[1].atMs - b[1].atMs)[0];
        if (due === undefined) break;
        nowMs = due[1].atMs;
        timers.delete(due[0]);
        due[1].fire();
      }
      nowMs = atMs;
    },
    /** As `advanceTo`, but the loop was blocked: what was due on the way fires only now. */
    blockUntil(atMs: number) {
      nowMs = atMs;
      for (const [handle, timer] of timers) {
        if (timer.atMs > atMs) continue;
        timers.delete(handle);
        timer.fire();
      }
    },
  };
}

const rethrow = (error: unknown): void => {
  throw error;
};

const atOnce = (run: () => void): void => run();

test('an entry that throws keeps no other from expiring, nor the queue from going on', () => {
  const time = fakeTime();
  const faults: unknown[] = [];
  const queue = new DeadlineQueue(time.clock, time.timers, (error) => faults.push(error), atOnce);
  const expired: number[] = [];
  const fault = new Error('expire');
  queue.add(5, {
    expire: () => {
      throw fault;
    },
  });
  queue.add(5, { expire: (nowMs) => void expired.push(nowMs) });
  queue.add(9, { expire: (nowMs) => void expired.push(nowMs) });
  time.advanceTo(10);
  expect(expired).toEqual([5, 9]);
  expect(faults).toEqual([fault]);
});

test('entries expire at their deadline, never before, on one timer', () => {
  const time = fakeTime();
  const queue = new DeadlineQueue(time.clock, time.timers, rethrow, atOnce);
  const expired: [string, number][] = [];
  const entry = (name: string) => ({ expire: (nowMs: number) => void expired.push([name, nowMs]) });
  queue.add(20.2, entry('late'));
  queue.add(10, entry('early'));
  queue.add(20.9, entry('same bucket'));
  expect(time.armed()).toBe(1);
  time.advanceTo(9.9);
  expect(expired).toEqual([]);
  time.advanceTo(30);
  expect(expired).toEqual([
    ['early', 10],
    ['late', 21],
    ['same bucket', 21],
  ]);
  expect(time.armed()).toBe(0);
});

test('an expiry may add entries', () => {
  const time = fakeTime();
  const queue = new DeadlineQueue(time.clock, time.timers, rethrow, atOnce);
  const expired: number[] = [];
  queue.add(5, { expire: (nowMs) => queue.add(nowMs + 5, { expire: (atMs) => void expired.push(atMs) }) });
  queue.add(30, { expire: (nowMs) => void expired.push(nowMs) });
  time.advanceTo(40);
  expect(expired).toEqual([10, 30]);
});

test('when the loop is late, nothing expires before what has arrived by then is read', () => {
  const time = fakeTime();
  const afterInput: (() => void)[] = [];
  const queue = new DeadlineQueue(time.clock, time.timers, rethrow, (run) => afterInput.push(run));
  const seen: string[] = [];
  queue.add(5, { expire: () => seen.push('expired') });
  time.blockUntil(12);
  expect(queue.isBehind(12)).toBe(true);
  seen.push('read');
  for (const run of afterInput) run();
  expect(seen).toEqual(['read', 'expired']);
});

test('closing forgets everything', () => {
  const time = fakeTime();
  const queue = new DeadlineQueue(time.clock, time.timers, rethrow, atOnce);
  queue.add(5, { expire: () => expect.unreachable() });
  queue.close();
  time.advanceTo(10);
  expect(time.armed()).toBe(0);
});

test('a removed entry does not expire; removing what is not there removes nothing', () => {
  const time = fakeTime();
  const queue = new DeadlineQueue(time.clock, time.timers, rethrow, atOnce);
  const expired: string[] = [];
  const entry = (name: string) => ({ expire: () => void expired.push(name) });
  const removed = entry('removed');
  queue.add(5, entry('kept'));
  const place = queue.add(5, removed);
  queue.remove(5, place, removed);
  queue.add(5, entry('added behind'));
  queue.remove(5, place + 1, removed);
  time.advanceTo(5);
  queue.remove(5, place, removed);
  expect(expired).toEqual(['kept', 'added behind']);
});
