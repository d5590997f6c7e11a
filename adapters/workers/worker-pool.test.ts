import { expect, test } from 'vitest';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { WORKER_DRAIN_MS_MAX } from '../process/drain-budget.ts';
import type { FromWorker, ToWorker, WorkerCounts } from './messages.ts';
import { START_MS_MAX, WorkerPool } from './worker-pool.ts';
import type { WorkerEnd, WorkerListener } from './worker-process.ts';

const KILLED: WorkerEnd = { code: null, signal: 'SIGKILL' };
const DONE: WorkerEnd = { code: 0, signal: null };

/** A worker process that does what a test says. */
class ScriptedWorker {
  readonly listener: WorkerListener;
  readonly heard: ToWorker<number>[] = [];
  isKilled = false;

  constructor(listener: WorkerListener) {
    this.listener = listener;
  }

  get number(): number {
    const [first] = this.heard;
    return first?.kind === 'start' ? first.start : 0;
  }

  get isDraining(): boolean {
    return this.heard.some(({ kind }) => kind === 'drain');
  }

  says(message: FromWorker): void {
    this.listener.onMessage(message);
  }

  serves(): void {
    this.says({ kind: 'serving' });
  }

  ends(end: WorkerEnd = DONE): void {
    this.listener.onEnded(end);
  }

  readonly pid = 1;
  readonly send = (message: ToWorker<number>): void => void this.heard.push(message);
  readonly hand = (): void => {};
  readonly kill = (): void => {
    this.isKilled = true;
  };
}

function poolOf(configured: number, takenNumbers: readonly number[] = []) {
  const timers = new ManualTimers();
  const workers: ScriptedWorker[] = [];
  const ended: string[] = [];
  const places: number[] = [];
  let counts: WorkerCounts | null = null;
  let nowMs = 0;
  const pool = new WorkerPool<number>({
    configured,
    clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
    timers,
    spawn: (listener) => {
      workers.push(new ScriptedWorker(listener));
      return workers.at(-1)!;
    },
    startOf: (number, place) => {
      places.push(place);
      return number;
    },
    takenNumbers: new Set(takenNumbers),
    observer: {
      onServing: () => {},
      onDraining: () => {},
      onEnded: ({ number }, { why, failure }) => ended.push(`${number} ${why} ${failure}`),
      onMessage: () => {},
      onCounts: (next) => {
        counts = next;
      },
    },
  });
  const advance = (ms: number): void => {
    nowMs += ms;
    timers.advance(ms);
  };
  return { pool, workers, ended, places, advance, counts: () => counts };
}

async function serving(configured: number) {
  const all = poolOf(configured);
  const started = all.pool.start();
  for (const worker of all.workers) worker.serves();
  await started;
  return all;
}

test('starts as many as configured, with numbers of their own that nobody else uses', async () => {
  const { pool, workers, counts } = poolOf(3, [2]);
  const started = pool.start();
  expect(workers.map(({ number }) => number)).toEqual([1, 3, 4]);
  for (const worker of workers) worker.serves();
  await started;
  expect(counts()).toEqual({ configured: 3, serving: 3 });
});

test('fails with the first failure when none serves, and only then', async () => {
  const failure: FromWorker = { kind: 'failed', name: 'EventLogError', code: 'io', message: 'no disk', stack: 'there' };
  const none = poolOf(2);
  const started = none.pool.start();
  none.workers[0]!.says(failure);
  none.workers[0]!.ends({ code: 1, signal: null });
  none.workers[1]!.ends({ code: 7, signal: null });
  await expect(started).rejects.toMatchObject({
    name: 'EventLogError',
    code: 'io',
    message: 'no disk',
    stack: 'there',
  });
  expect(none.workers).toHaveLength(2);

  const one = poolOf(2);
  const someStarted = one.pool.start();
  one.workers[0]!.ends({ code: 1, signal: null });
  expect(one.workers).toHaveLength(2);
  one.workers[1]!.serves();
  await someStarted;
  expect(one.workers.map(({ number }) => number)).toEqual([1, 2, 1]);
});

test('kills one that does not serve in time', async () => {
  const { pool, workers, advance } = poolOf(1);
  const started = pool.start();
  advance(START_MS_MAX);
  expect(workers[0]!.isKilled).toBe(true);
  workers[0]!.ends(KILLED);
  await expect(started).rejects.toThrow('worker 1 got SIGKILL');
});

test('replaces one that dies at once, in its place', async () => {
  const { workers, ended, counts } = await serving(2);
  workers[0]!.ends(KILLED);
  expect(ended).toEqual(['1 crash worker 1 got SIGKILL']);
  expect(counts()).toEqual({ configured: 2, serving: 1 });
  expect(workers[2]!.number).toBe(1);
  workers[2]!.serves();
  expect(counts()).toEqual({ configured: 2, serving: 2 });
});

test('waits before it replaces those that die young again and again', async () => {
  const { workers, advance } = await serving(1);
  workers[0]!.ends(KILLED);
  expect(workers).toHaveLength(2);
  workers[1]!.ends(KILLED);
  expect(workers).toHaveLength(2);
  advance(499);
  expect(workers).toHaveLength(2);
  advance(1);
  expect(workers).toHaveLength(3);
});

test('a worker that was sent a signal drains at once and is replaced at once', async () => {
  const { workers, ended, places } = await serving(2);
  workers[1]!.says({ kind: 'leaving', reason: 'signal' });
  expect(workers[1]!.isDraining).toBe(true);
  expect(workers[2]!.number).toBe(3);
  expect(places).toEqual([0, 1, 1]);
  workers[1]!.ends();
  expect(ended).toEqual(['2 signal null']);
  expect(workers).toHaveLength(3);
});

test('workers whose heaps are full are replaced one after the other, each after its successor serves', async () => {
  const { workers, counts, places } = await serving(2);
  for (const worker of workers.slice(0, 2)) worker.says({ kind: 'leaving', reason: 'heap' });
  expect(workers).toHaveLength(3);
  expect(workers.map(({ isDraining }) => isDraining)).toEqual([false, false, false]);
  workers[2]!.serves();
  expect(workers.map(({ isDraining }) => isDraining)).toEqual([true, false, false, false]);
  expect(counts()).toEqual({ configured: 2, serving: 2 });
  workers[3]!.serves();
  expect(workers.map(({ isDraining }) => isDraining)).toEqual([true, true, false, false]);
  expect(places).toEqual([0, 1, 0, 1]);
  workers[0]!.ends();
  workers[1]!.ends();
  expect(workers).toHaveLength(4);
});

test('one that threw is replaced when it has ended, and counts as a crash', async () => {
  const { workers, ended } = await serving(1);
  workers[0]!.says({ kind: 'leaving', reason: 'crash' });
  expect(workers).toHaveLength(1);
  workers[0]!.ends({ code: 1, signal: null });
  expect(ended).toEqual(['1 crash worker 1 ended with code 1']);
  expect(workers).toHaveLength(2);
});

test('closing drains all, those that start included, kills who does not end, and replaces none', async () => {
  const { pool, workers, advance } = await serving(2);
  workers[0]!.ends(KILLED);
  const closed = pool.close();
  expect(workers.slice(1).map(({ isDraining }) => isDraining)).toEqual([true, true]);
  workers[1]!.ends();
  advance(WORKER_DRAIN_MS_MAX - 1);
  expect(workers[2]!.isKilled).toBe(false);
  advance(1);
  expect(workers[2]!.isKilled).toBe(true);
  workers[2]!.ends(KILLED);
  await closed;
  expect(workers).toHaveLength(3);
});

test('those that are signalled while the end of all is near stay until it comes', async () => {
  const { pool, workers } = await serving(2);
  pool.keep();
  for (const worker of workers) worker.says({ kind: 'leaving', reason: 'signal' });
  expect(workers.map(({ isDraining }) => isDraining)).toEqual([false, false]);
  const closed = pool.close();
  expect(workers.map(({ isDraining }) => isDraining)).toEqual([true, true]);
  for (const worker of workers) worker.ends();
  await closed;
  expect(workers).toHaveLength(2);
});
