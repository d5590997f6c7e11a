import nact from 'nact';
import { expect, it } from 'vitest';
import { smallLoop } from './testing/small-loop.ts';
import { DeterminismError, withWorldGlobals } from './world-globals.ts';

const LEAKS: Readonly<Record<string, () => unknown>> = {
  setTimeout: () => setTimeout(() => {}, 0),
  setInterval: () => setInterval(() => {}, 0),
  'Math.random': () => Math.random(),
  'Date.now': () => Date.now(),
};

it.each(Object.keys(LEAKS))('%s in a task fails the run, though its caller catches it', async (name) => {
  const { loop, spawn } = smallLoop();
  loop.schedule(spawn('engine-1'), 0, () => {
    expect(LEAKS[name]!).toThrow(DeterminismError);
  });
  const run = withWorldGlobals(loop, () => loop.run(1));
  await expect(run).rejects.toThrow(`${name} was called in a world, by engine-1`);
});

it('leaves everything as it was outside of tasks, and afterwards', async () => {
  const names = ['setImmediate', 'clearImmediate', 'setTimeout', 'setInterval'] as const;
  const before = names.map((name) => globalThis[name]);
  const { loop, spawn } = smallLoop();
  loop.schedule(spawn('one'), 5, () => {});
  await withWorldGlobals(loop, async () => {
    expect(Date.now()).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setImmediate(resolve));
    await loop.run(10);
  });
  expect(names.map((name) => globalThis[name])).toEqual(before);
  expect(Math.random()).toBeLessThan(1);
  await expect(
    withWorldGlobals(loop, async () => {
      throw new Error('ended early');
    }),
  ).rejects.toThrow('ended early');
  expect(names.map((name) => globalThis[name])).toEqual(before);
});

it('runs one world at a time', async () => {
  const [one, other] = [smallLoop().loop, smallLoop().loop];
  const running = withWorldGlobals(one, () => one.run(1));
  await expect(withWorldGlobals(other, () => other.run(1))).rejects.toThrow('another world runs');
  await running;
});

it("makes nact's turns tasks of the process that they belong to, which die with it", async () => {
  const { loop, spawn } = smallLoop();
  const process = spawn('engine-1');
  const system = nact.start();
  const handled: string[] = [];
  await withWorldGlobals(loop, async () => {
    loop.schedule(process, 5, () => {
      const actor = nact.spawnStateless(
        system as never,
        (message: string) => {
          handled.push(`${message} at ${loop.nowMs} in ${loop.current?.name}`);
        },
        'actor',
      );
      nact.dispatch(actor, 'first');
      process.timers.schedule(10, () => nact.dispatch(actor, 'second'));
    });
    // Between the dispatch and the turn that it has asked for.
    process.timers.schedule(10, () => loop.schedule(spawn('director'), 15, () => process.kill()));
    await loop.run(100);
  });
  nact.stop(system as never);
  expect(handled).toEqual(['first at 5 in engine-1']);
});
