/**
 * One question at a time for each key: who asks for a key that is being asked already joins, up to a window after the
 * first; the result goes to all. Bounded: over `flightsMax` keys or `waitersMax` waiters of one, a question is refused
 * and its asker takes what there is without.
 */
export interface SingleFlightOptions {
  /** Later than this after the first, ms, a question starts a flight of its own: the first seems lost. */
  readonly windowMs: number;
  readonly flightsMax: number;
  /** Over all flights. */
  readonly waitersMax: number;
}

export type Boarding = 'leads' | 'joins' | 'refused';

interface Flight<W> {
  readonly startedAtMs: number;
  readonly waiters: W[];
}

export class SingleFlight<W> {
  readonly #options: SingleFlightOptions;
  readonly #flights = new Map<number, Flight<W>>();
  #waiterCount = 0;

  constructor(options: SingleFlightOptions) {
    this.#options = options;
  }

  /** Keys under way. */
  get size(): number {
    return this.#flights.size;
  }

  /** `waiter` null: nobody waits, the result is for the cache. After `leads` the caller asks, and `land`s. */
  board(key: number, waiter: W | null, nowMs: number): Boarding {
    if (waiter !== null && this.#waiterCount >= this.#options.waitersMax) return 'refused';
    const flight = this.#flights.get(key);
    const isOpen = flight !== undefined && nowMs - flight.startedAtMs < this.#options.windowMs;
    if (!isOpen && flight === undefined && this.#flights.size >= this.#options.flightsMax) return 'refused';
    if (waiter !== null) this.#waiterCount += 1;
    if (isOpen) {
      if (waiter !== null) flight.waiters.push(waiter);
      return 'joins';
    }
    // Who waited for the lost one waits for this one.
    const waiters = flight?.waiters ?? [];
    if (waiter !== null) waiters.push(waiter);
    this.#flights.set(key, { startedAtMs: nowMs, waiters });
    return 'leads';
  }

  /** Somebody waits for it. */
  isAwaited(key: number): boolean {
    return (this.#flights.get(key)?.waiters.length ?? 0) > 0;
  }

  /** Something as good is here: gives who waits and need not any longer. The question goes on, for the cache. */
  release(key: number): readonly W[] {
    const waiters = this.#flights.get(key)?.waiters.splice(0) ?? [];
    this.#waiterCount -= waiters.length;
    return waiters;
  }

  /** The result is here: gives who waits for it. None for a flight that has landed. */
  land(key: number): readonly W[] {
    const flight = this.#flights.get(key);
    if (flight === undefined) return [];
    this.#flights.delete(key);
    this.#waiterCount -= flight.waiters.length;
    return flight.waiters;
  }
}
