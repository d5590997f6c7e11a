import type { Timers } from '../../../engine/ports/clock.ts';

/** Time that stands still until a test moves it. */
export class ManualTimers implements Timers {
  #nowMs = 0;
  readonly #pending = new Set<{ readonly atMs: number; readonly fire: () => void }>();

  readonly schedule = (delayMs: number, fire: () => void) => {
    const handle = { atMs: this.#nowMs + delayMs, fire };
    this.#pending.add(handle);
    return handle;
  };

  readonly cancel = (handle: unknown): void => {
    this.#pending.delete(handle as { readonly atMs: number; readonly fire: () => void });
  };

  /** Whether nothing waits for its time. */
  get isIdle(): boolean {
    return this.#pending.size === 0;
  }

  /** Fires what is due within `ms`, in order, timers set on the way included. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#pending].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#pending.delete(due);
      this.#nowMs = due.atMs;
      due.fire();
    }
    this.#nowMs = untilMs;
  }
}
