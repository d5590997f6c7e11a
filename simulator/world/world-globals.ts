/**
 * The global functions of Node while a world runs. nact takes its turns by the global `setImmediate`, so in a task of a world
 * that is a turn of the world. What reads real time or real chance there would make a run that nobody can repeat: it throws,
 * and the run fails even if somebody catches it. Outside of tasks everything is what it always is.
 */
import type { Task } from './task-heap.ts';
import type { VirtualLoop } from './virtual-loop.ts';

/** Code of a world has asked for something that is not the same when the world is run again. */
export class DeterminismError extends Error {
  override readonly name = 'DeterminismError';

  constructor(what: string, processName: string) {
    super(`${what} was called in a world, by ${processName}: take clock, timers and randomness from Parts`);
  }
}

let hasWorld = false;

/**
 * Runs `work` with the globals replaced. Rejects with the first `DeterminismError` of a task, if there was one. One world at a
 * time may run in a real process.
 */
export async function withWorldGlobals<T>(loop: VirtualLoop, work: () => Promise<T>): Promise<T> {
  if (hasWorld) throw new Error('another world runs in this process');
  hasWorld = true;
  const leaks: DeterminismError[] = [];
  const restore = replaceGlobals(loop, leaks);
  try {
    const result = await work();
    if (leaks[0] !== undefined) throw leaks[0];
    return result;
  } finally {
    restore();
    hasWorld = false;
  }
}

function replaceGlobals(loop: VirtualLoop, leaks: DeterminismError[]): () => void {
  const restores: (() => void)[] = [];
  const replace = <T extends object, K extends keyof T>(owner: T, key: K, by: (real: T[K]) => T[K]): void => {
    const real = owner[key];
    owner[key] = by(real);
    restores.push(() => {
      owner[key] = real;
    });
  };
  const forbid = <T extends object, K extends keyof T>(owner: T, key: K, name: string): void =>
    replace(owner, key, (real) => {
      const guarded = (...args: unknown[]): unknown => {
        if (loop.current === null) return (real as (...args: unknown[]) => unknown).apply(owner, args);
        const leak = new DeterminismError(name, loop.current.name);
        leaks.push(leak);
        throw leak;
      };
      return guarded as T[K];
    });

  replace(globalThis, 'setImmediate', (real) => {
    const inWorld = (run: (...args: unknown[]) => void, ...args: unknown[]): unknown => {
      const { current } = loop;
      if (current === null) return real(run, ...args);
      return loop.schedule(current, current.nowMs, args.length === 0 ? run : () => run(...args));
    };
    return inWorld as typeof setImmediate;
  });
  replace(globalThis, 'clearImmediate', (real) => {
    return (handle) => {
      if (isTask(handle)) loop.cancel(handle);
      else real(handle);
    };
  });
  replace(performance, 'now', (real) => () => loop.current?.clock.monotonicMs() ?? real.call(performance));
  forbid(globalThis, 'setTimeout', 'setTimeout');
  forbid(globalThis, 'setInterval', 'setInterval');
  forbid(Math, 'random', 'Math.random');
  forbid(Date, 'now', 'Date.now');
  return () => {
    for (const restore of restores) restore();
  };
}

function isTask(handle: unknown): handle is Task {
  return typeof handle === 'object' && handle !== null && 'sequence' in handle && 'life' in handle;
}
