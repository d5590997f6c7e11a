import { beforeEach, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { ProductNode } from './product-node.ts';
import { VirtualLoop } from './virtual-loop.ts';
import { VirtualProcess } from './virtual-process.ts';

const DRAIN_MS = 300;

interface Running {
  readonly close: () => Promise<void>;
}

let loop: VirtualLoop;
let seen: string[];
let left: string[];
/** Why it cannot start; null: it can. */
let obstacle: Error | null;
let node: TestNode;

class TestNode extends ProductNode<Running> {
  protected override async open(): Promise<Running> {
    const { timers } = this.process;
    seen.push(`opens at ${loop.nowMs} as ${this.outside().processName}`);
    if (obstacle !== null) throw obstacle;
    return { close: () => new Promise((resolve) => timers.schedule(DRAIN_MS, resolve)) };
  }

  protected override uncaught(_running: Running, error: unknown): 'go-on' | 'drain' {
    return (error as Error).message === 'fatal' ? 'drain' : 'go-on';
  }

  protected override leave(running: Running | null, how: string): void {
    left.push(running === null ? `${how} while starting` : how);
  }
}

beforeEach(() => {
  loop = new VirtualLoop();
  [seen, left, obstacle] = [[], [], null];
  const traits = { loop, name: 'engine', role: 'engine', region: null, epochMs: 0 } as const;
  node = new TestNode({
    loop,
    process: new VirtualProcess({ ...traits, random: seededRandom(1) }),
    observer: {
      onStarted: () => seen.push('started'),
      onEnded: (how) => seen.push(how),
      onFault: (error) => seen.push(`fault: ${(error as Error).message}`),
    },
  });
});

it('is started again every second until it can, each time as another life', async () => {
  obstacle = new Error('no ledger');
  node.start();
  await loop.run(1500);
  expect(node.startError).toBe(obstacle);
  obstacle = null;
  await loop.run(5000);
  expect(seen).toEqual(['opens at 0 as engine-0', 'opens at 1000 as engine-1', 'opens at 2000 as engine-2', 'started']);
  expect(node.startError).toBeNull();
});

it('ends when it is stopped, behind what it finishes', async () => {
  node.start();
  await loop.run(10);
  void node.stop();
  await loop.run(10 + DRAIN_MS - 1);
  expect([node.process.isUp, seen.at(-1)]).toEqual([true, 'started']);
  await loop.run(10 + DRAIN_MS);
  expect([node.process.isUp, seen.at(-1), left]).toEqual([false, 'stopped', ['stopped']]);
});

it('tells its end once, also when it is killed while it drains', async () => {
  node.start();
  await loop.run(10);
  void node.stop();
  await loop.run(100);
  node.kill();
  node.kill();
  await loop.run(1000);
  expect(seen.slice(1)).toEqual(['started', 'killed']);
  node.start();
  await loop.run(2000);
  expect(seen.slice(3)).toEqual(['opens at 1000 as engine-1', 'started']);
});

it('drains by itself where the product says so about a fault', async () => {
  node.start();
  await loop.run(10);
  for (const [atMs, text] of [
    [20, 'slight'],
    [30, 'fatal'],
  ] as const) {
    loop.schedule(node.process, atMs, () => {
      throw new Error(text);
    });
  }
  await loop.run(1000);
  expect(seen.slice(2)).toEqual(['fault: slight', 'fault: fatal', 'stopped']);
});
