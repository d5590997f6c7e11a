/** Time that passes when the test says so: events in order of their moment, promises settled between two of them. */
import type { TimerHandle, Timers } from '../../ports/clock.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  fire: (() => void) | null;
}

export class VirtualTime implements Timers {
  nowMs = 0;
  /** Real work under way that an event has to wait for: calls to a real service. */
  realCalls = 0;
  readonly #heap: Event[] = [];
  #orders = 0;

  readonly schedule = (delayMs: number, fire: () => void): TimerHandle => {
    const event: Event = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#orders++, fire };
    this.#push(event);
    return event;
  };

  readonly cancel = (handle: TimerHandle): void => {
    if (handle !== null) (handle as Event).fire = null;
  };

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.schedule(delayMs, resolve));
  }

  /** `afterEach` is called when everything that an event set off has come to rest. */
  async run(untilMs: number, afterEach: () => void): Promise<void> {
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= untilMs) {
      const { atMs, fire } = this.#pop();
      this.nowMs = atMs;
      if (fire === null) continue;
      fire();
      // Behind all promises that are settled by now, and much quicker than a turn of the event loop.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      while (this.realCalls > 0) await new Promise(setImmediate);
      afterEach();
    }
    this.nowMs = untilMs;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): Event {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
