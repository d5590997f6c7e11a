/**
 * When to look again for what another process has been asked for: soon at first, then ever more rarely. One timer for all,
 * and what is due at the same time is looked for together.
 */
import type { Clock, Timers } from '../engine/ports/clock.ts';

export interface LaterLooksOptions<T> {
  /** The first look is after this, ms; each further one after twice as long as the one before, up to ten times this. */
  readonly firstMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onDue: (items: readonly T[]) => void;
}

const BACK_OFF_MAX = 10;
/** Items looked for at a time: what Redis does in one go, others wait for. */
const DUE_MAX = 100;

interface Look<T> {
  readonly item: T;
  readonly atMs: number;
}

export class LaterLooks<T> {
  readonly #options: LaterLooksOptions<T>;
  #looks: Look<T>[] = [];
  #isArmed = false;

  constructor(options: LaterLooksOptions<T>) {
    this.#options = options;
  }

  /** `lookCount`: how often it was looked for before. */
  add(item: T, lookCount: number): void {
    const { firstMs, clock } = this.#options;
    const delayMs = firstMs * Math.min(BACK_OFF_MAX, 2 ** lookCount);
    this.#looks.push({ item, atMs: clock.monotonicMs() + delayMs });
    this.#arm();
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#options.timers.schedule(this.#options.firstMs, () => this.#look());
  }

  #look(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const due: T[] = [];
    const later: Look<T>[] = [];
    for (const look of this.#looks) {
      if (look.atMs <= nowMs) due.push(look.item);
      else later.push(look);
    }
    this.#looks = later;
    this.#isArmed = false;
    if (later.length > 0) this.#arm();
    for (let at = 0; at < due.length; at += DUE_MAX) this.#options.onDue(due.slice(at, at + DUE_MAX));
  }
}
