/**
 * A process of a world: an engine, a consumer, a DSP, a store, the publishers' side. It has a clock that can be wrong, timers,
 * randomness, a processor that can be busy, and it can die between any two of its tasks.
 */
import type { Clock, Timers } from '../../engine/ports/clock.ts';
import type { Entropy } from '../../engine/ports/entropy.ts';
import type { SeededRandom } from '../random.ts';
import type { Task } from './task-heap.ts';
import type { VirtualLoop } from './virtual-loop.ts';

/** `wire` and `director` are the world's own: what carries messages, and what lets faults begin. */
export type ProcessRole = 'engine' | 'consumer' | 'dsp' | 'publishers' | 'balancer' | 'store' | 'wire' | 'director';

export interface ProcessOptions {
  readonly loop: VirtualLoop;
  readonly name: string;
  readonly role: ProcessRole;
  /** Where it stands; null: close to all. */
  readonly region: string | null;
  readonly random: SeededRandom;
  /** Epoch ms at the beginning of the world, by a clock that is right. */
  readonly epochMs: number;
}

export class VirtualProcess {
  readonly name: string;
  readonly role: ProcessRole;
  readonly region: string | null;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Of its present life. */
  random: SeededRandom;
  /** Counted from 0; a restart begins a new one. */
  life = 0;
  isUp = true;
  /** What its wall clock is ahead of the true time, ms. */
  wallAheadMs = 0;
  /** Virtual processor time that it has used, ms. */
  cpuMs = 0;
  /** Until then it works on what it has begun; virtual ms. */
  busyUntilMs = 0;
  /** Tasks whose time has come while it was busy, in that order. For the loop alone. */
  readonly waiting: Task[] = [];
  /** When it is free for the first of them; null: none waits. For the loop alone. */
  wake: Task | null = null;
  /** Before the task behind so many more, `die` is called in its place; null: it lives on. For the loop. */
  doom: { tasksLeft: number; readonly die: () => void } | null = null;
  /** Hears of what a task throws; without it the run of the world fails. */
  onUncaught: ((error: unknown) => void) | null = null;
  readonly #loop: VirtualLoop;
  readonly #seeds: SeededRandom;

  constructor({ loop, name, role, region, random, epochMs }: ProcessOptions) {
    this.#loop = loop;
    this.name = name;
    this.role = role;
    this.region = region;
    this.#seeds = random;
    this.random = random.fork('life-0');
    // No two machines were switched on in the same moment: their monotonic clocks have nothing in common.
    const upSinceMs = random.fork('up-since').integer(1_000, 100_000_000);
    this.clock = {
      wallMs: () => Math.floor(epochMs + this.nowMs + this.wallAheadMs),
      monotonicMs: () => upSinceMs + this.nowMs,
    };
    this.timers = {
      schedule: (delayMs, fire) => loop.schedule(this, this.nowMs + Math.max(0, delayMs), fire),
      cancel: (task) => {
        if (task !== null && task !== undefined) loop.cancel(task as Task);
      },
    };
  }

  /** Virtual ms since the world began: the moment of the task under way and what it has cost so far. */
  get nowMs(): number {
    return Math.max(this.#loop.nowMs, this.busyUntilMs);
  }

  /** The task under way keeps the processor so long; all others of this process wait. */
  spend(cpuMs: number): void {
    this.busyUntilMs = this.nowMs + cpuMs;
    this.cpuMs += cpuMs;
  }

  /** Has `die` called before the task behind so many more. Null: no longer. */
  dieAfter(tasks: number, die: () => void): void;
  dieAfter(tasks: null): void;
  dieAfter(tasks: number | null, die?: () => void): void {
    this.doom = tasks === null ? null : { tasksLeft: tasks, die: die! };
  }

  /** Ends its life: nothing that it has begun goes on, whatever it waits for. */
  kill(): void {
    this.isUp = false;
    this.life += 1;
    this.doom = null;
    this.waiting.length = 0;
    this.wake = null;
    this.busyUntilMs = 0;
  }

  /** Begins its next life, with nothing of the last one. */
  restart(): void {
    this.random = this.#seeds.fork(`life-${this.life}`);
    this.isUp = true;
  }

  /** From its own stream, which nobody else draws from. */
  entropy(): Entropy {
    const random = this.random.fork('entropy');
    const fill: Entropy['fill'] = (bytes) => {
      for (let index = 0; index < bytes.length; index++) bytes[index] = random.next() * 256;
    };
    return { fill, newId: () => uuidOf(fill) };
  }
}

/** Version 4 (RFC 9562 section 5.4). */
function uuidOf(fill: Entropy['fill']): string {
  const bytes = Buffer.alloc(16);
  fill(bytes);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const digits = bytes.toString('hex');
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    '-',
  );
}
