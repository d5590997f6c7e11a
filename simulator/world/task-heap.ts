import type { VirtualProcess } from './virtual-process.ts';

/** Something that a process is going to do. */
export interface Task {
  /** Virtual ms since the world began. */
  readonly atMs: number;
  /** Order among tasks of the same moment: first come, first served. */
  readonly sequence: number;
  readonly process: VirtualProcess;
  /** Which life of the process it belongs to: it dies with it. */
  readonly life: number;
  /** Null: cancelled, or done. */
  run: (() => void) | null;
}

/** Binary heap by time, then sequence. Cancelled tasks stay until they come up, or until they are the most of it. */
export class TaskHeap {
  #tasks: Task[] = [];
  #cancelled = 0;

  push(task: Task): void {
    const tasks = this.#tasks;
    let at = tasks.length;
    tasks.push(task);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = tasks[parentAt]!;
      if (!isBefore(task, parent)) break;
      tasks[at] = parent;
      at = parentAt;
    }
    tasks[at] = task;
  }

  peek(): Task | undefined {
    return this.#tasks[0];
  }

  pop(): Task | undefined {
    const tasks = this.#tasks;
    const first = tasks[0];
    const last = tasks.pop();
    if (first !== last) sift(tasks, last!, 0);
    if (first !== undefined && first.run === null) this.#cancelled -= 1;
    return first;
  }

  /** Of those that are not cancelled. */
  count(isMeant: (task: Task) => boolean): number {
    let count = 0;
    for (const task of this.#tasks) if (task.run !== null && isMeant(task)) count += 1;
    return count;
  }

  cancel(task: Task): void {
    task.run = null;
    this.#cancelled += 1;
    if (this.#cancelled > MANY && this.#cancelled * 2 > this.#tasks.length) this.#compact();
  }

  #compact(): void {
    const tasks = this.#tasks.filter(({ run }) => run !== null);
    for (let at = (tasks.length >> 1) - 1; at >= 0; at--) sift(tasks, tasks[at]!, at);
    this.#tasks = tasks;
    this.#cancelled = 0;
  }
}

/** Fewer cancelled ones are not worth looking for. */
const MANY = 1024;

/** Puts a task in at the top of a part of the heap and lets it sink to its place. */
function sift(tasks: Task[], task: Task, from: number): void {
  const { length } = tasks;
  let at = from;
  for (;;) {
    let childAt = 2 * at + 1;
    if (childAt >= length) break;
    if (childAt + 1 < length && isBefore(tasks[childAt + 1]!, tasks[childAt]!)) childAt += 1;
    if (!isBefore(tasks[childAt]!, task)) break;
    tasks[at] = tasks[childAt]!;
    at = childAt;
  }
  tasks[at] = task;
}

function isBefore(a: Task, b: Task): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
