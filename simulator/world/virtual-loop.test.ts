import fc from 'fast-check';
import { expect, it } from 'vitest';
import { watchLoopDelay } from '../../adapters/process/loop-delay.ts';
import { smallLoop } from './testing/small-loop.ts';

it('runs tasks in the order of their time, those of one moment as they came, and nothing behind the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 20 })), async (times) => {
      const { loop, spawn } = smallLoop();
      const process = spawn('one');
      const ran: [number, number][] = [];
      for (const [index, atMs] of times.entries()) loop.schedule(process, atMs, () => ran.push([loop.nowMs, index]));
      await loop.run(15);
      const due = times.map((atMs, index): [number, number] => [atMs, index]).filter(([atMs]) => atMs <= 15);
      expect(ran).toEqual(due.sort(([a, first], [b, second]) => a - b || first - second));
      expect(loop.nowMs).toBe(15);
    }),
    { numRuns: 30 },
  );
});

it('lets all microtasks of a task run before the next one, however many they beget', async () => {
  const { loop, spawn } = smallLoop();
  const process = spawn('one');
  const seen: string[] = [];
  loop.schedule(process, 0, async () => {
    for (let step = 0; step < 50; step++) await null;
    seen.push(`promise of ${loop.current?.name}`);
  });
  loop.schedule(spawn('other'), 0, () => seen.push('next task'));
  await loop.run(0);
  expect(seen).toEqual(['promise of one', 'next task']);
});

it('forgets what was cancelled, also among very many', async () => {
  const { loop, spawn } = smallLoop();
  const { timers } = spawn('one');
  let fired = 0;
  const handles = Array.from({ length: 5000 }, (_, index) => timers.schedule(index % 100, () => fired++));
  for (const [index, handle] of handles.entries()) if (index % 10 !== 0) timers.cancel(handle);
  await loop.run(1000);
  expect(fired).toBe(500);
  timers.cancel(handles[0]);
});

it('kills a process between any two awaits: nothing that it has begun goes on, and a later life starts with nothing', async () => {
  const { loop, spawn } = smallLoop();
  const process = spawn('one');
  const steps: number[] = [];
  const wait = (ms: number) => new Promise<void>((resolve) => process.timers.schedule(ms, resolve));
  loop.schedule(process, 0, async () => {
    for (let step = 0; ; step++) {
      steps.push(step);
      await wait(10);
    }
  });
  loop.schedule(spawn('director'), 25, () => process.kill());
  loop.schedule(spawn('other'), 30, () => {
    process.restart();
    loop.schedule(process, 35, () => steps.push(100));
  });
  await loop.run(100);
  expect(steps).toEqual([0, 1, 2, 100]);
});

it('makes a busy process late, in the order in which its tasks came, and others not', async () => {
  const { loop, spawn } = smallLoop();
  const [busy, idle] = [spawn('busy'), spawn('idle')];
  const ran: string[] = [];
  const note = (name: string) => ran.push(`${name} at ${loop.nowMs}`);
  loop.schedule(busy, 0, () => busy.spend(100));
  busy.timers.schedule(10, () => note('first'));
  loop.schedule(busy, 20, () => {
    note('second');
    busy.spend(5);
  });
  loop.schedule(busy, 30, () => note('third'));
  loop.schedule(idle, 20, () => note('idle'));
  await loop.run(200);
  expect(ran).toEqual(['idle at 20', 'first at 100', 'second at 100', 'third at 105']);
  expect(busy.cpuMs).toBe(105);
});

it("shows the product's own watch of the loop how late a busy process is", async () => {
  const { loop, spawn } = smallLoop();
  const process = spawn('busy');
  const watch = watchLoopDelay(process);
  await loop.run(500);
  expect(watch.delayMs()).toBeLessThan(1);
  loop.schedule(process, 500, () => process.spend(60));
  let delayMs = 0;
  loop.schedule(process, 565, () => {
    delayMs = watch.delayMs();
  });
  await loop.run(600);
  expect(delayMs).toBeGreaterThan(10);
});

it('has a wall clock that can be wrong, and a monotonic one that nothing touches', async () => {
  const { loop, spawn } = smallLoop();
  const [one, other] = [spawn('one'), spawn('other')];
  await loop.run(1000);
  const before = { wall: one.clock.wallMs(), monotonic: one.clock.monotonicMs() };
  one.wallAheadMs = -3_600_000;
  await loop.run(2000);
  expect(one.clock.wallMs() - before.wall).toBe(1000 - 3_600_000);
  expect(one.clock.monotonicMs() - before.monotonic).toBe(1000);
  expect(other.clock.wallMs() - before.wall).toBe(1000);
  expect(other.clock.monotonicMs()).not.toBe(one.clock.monotonicMs());
});

it('rejects with what a task throws that nobody looks after', async () => {
  const { loop, spawn } = smallLoop();
  const [careless, looked] = [spawn('careless'), spawn('looked after')];
  const heard: unknown[] = [];
  looked.onUncaught = (error) => heard.push(error);
  const fail = (): never => {
    throw new Error('a bug');
  };
  loop.schedule(looked, 0, fail);
  await loop.run(1);
  expect(heard).toEqual([new Error('a bug')]);
  loop.schedule(careless, 2, fail);
  await expect(loop.run(3)).rejects.toThrow('a bug');
});
