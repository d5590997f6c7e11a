/**
 * The event loop of a world: tasks of all its processes, one at a time, in the order of virtual time. Microtasks that a task has
 * begun have all run before the next one begins, as in Node; so promises belong to the process that made them.
 *
 * How that is had without a turn of the real loop for each task: a task runs in a callback of `process.nextTick`; the callback
 * asks, by a microtask, for the next one; and Node runs callbacks of `nextTick` only when there are no microtasks left.
 */
import { type Task, TaskHeap } from './task-heap.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** Real turns in between let the real process breathe: signals, progress, the end of file reads while an engine starts. */
const TASKS_PER_TURN = 5_000;

/** Of the real loop, as it is while no world runs. */
const realImmediate = globalThis.setImmediate;
const NOTHING = (): void => {};

export class VirtualLoop {
  /** Virtual ms since the world began. */
  nowMs = 0;
  /** Whose task, or whose microtasks, run; null between tasks. */
  current: VirtualProcess | null = null;
  /** Done since the world began. */
  tasksDone = 0;
  readonly #heap = new TaskHeap();
  readonly #realWork = new Set<Promise<unknown>>();
  #sequence = 0;
  #isRunning = false;

  /** Runs `run` in a task of its own at that moment, or now when that has passed, if the process still lives then. */
  schedule(process: VirtualProcess, atMs: number, run: () => void): Task {
    const task = {
      atMs: atMs > this.nowMs ? atMs : this.nowMs,
      sequence: this.#sequence++,
      process,
      life: process.life,
      run,
    };
    this.#heap.push(task);
    return task;
  }

  /** Timers, messages and turns that this life of the process still has before it. */
  pendingOf(process: VirtualProcess): number {
    return this.#heap.count((task) => task.process === process && task.life === process.life);
  }

  /** Does nothing when it has run, or was cancelled. */
  cancel(task: Task): void {
    if (task.run !== null) this.#heap.cancel(task);
  }

  /** Virtual time stands still until this, which reads files, is done or waits for virtual time itself. */
  async waitForFiles<T>(work: Promise<T>): Promise<T> {
    this.#realWork.add(work);
    try {
      return await work;
    } finally {
      this.#realWork.delete(work);
    }
  }

  /** Runs all tasks up to a moment of virtual time, that moment included. Rejects with what a task of nobody's throws. */
  run(untilMs: number): Promise<void> {
    if (this.#isRunning) throw new Error('this world runs already');
    this.#isRunning = true;
    return new Promise<void>((resolve, reject) => {
      let left = TASKS_PER_TURN;
      const turn = (): void => {
        left = TASKS_PER_TURN;
        this.current = null;
        realImmediate(step);
      };
      const next = (): void => {
        process.nextTick(step);
      };
      const step = (): void => {
        try {
          if (left-- === 0 || this.#isReadingFiles()) {
            turn();
            return;
          }
          if (this.#runNext(untilMs)) {
            queueMicrotask(next);
            return;
          }
          this.nowMs = untilMs;
          resolve();
        } catch (error) {
          reject(error);
        }
        this.current = null;
      };
      realImmediate(step);
    }).finally(() => {
      this.#isRunning = false;
    });
  }

  /** False when there is nothing left to do until then. */
  #runNext(untilMs: number): boolean {
    const task = this.#heap.peek();
    if (task === undefined || task.atMs > untilMs) return false;
    this.#heap.pop();
    const { process } = task;
    if (task.run === null || task.life !== process.life) return true;
    this.nowMs = task.atMs;
    if (task === process.wake) this.#resume(process);
    else if (process.busyUntilMs > task.atMs || process.waiting.length > 0) this.#wait(task);
    else this.#do(task);
    return true;
  }

  #wait(task: Task): void {
    const { process } = task;
    process.waiting.push(task);
    process.wake ??= this.schedule(process, process.busyUntilMs, NOTHING);
  }

  /** The oldest of those that waited while the process was busy. */
  #resume(process: VirtualProcess): void {
    process.wake = null;
    const oldest = process.waiting.shift()!;
    if (oldest.run !== null) this.#do(oldest);
    if (process.waiting.length > 0) process.wake = this.schedule(process, process.busyUntilMs, NOTHING);
  }

  #do(task: Task): void {
    const { doom } = task.process;
    if (doom !== null && doom.tasksLeft-- <= 0) {
      doom.die();
      return;
    }
    const run = task.run!;
    task.run = null;
    this.current = task.process;
    this.tasksDone += 1;
    try {
      run();
    } catch (error) {
      if (task.process.onUncaught === null) throw error;
      task.process.onUncaught(error);
    }
  }

  #isReadingFiles(): boolean {
    return this.#realWork.size > 0 && process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
  }
}
