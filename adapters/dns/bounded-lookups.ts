/**
 * Keeps DSPs with slow name servers from using up name resolution for all: lookups under way and waiting are bounded,
 * the same name is asked once at a time, and a name that failed is not asked again for a while.
 */
import type { Clock } from '../../engine/ports/clock.ts';
import { Ring } from '../ring.ts';
import type { ResolvedAddress, ResolveHost } from './resolve-host.ts';

export const LOOKUP_LIMITS = {
  underWayMax: 16,
  /** Beyond these a lookup fails at once: whoever asked would have given up before its turn. */
  waitingMax: 64,
  failureKeptMs: 5000,
  failuresKeptMax: 1000,
} as const;

type Addresses = readonly ResolvedAddress[];

/** Of `resolve`'s lookups, how many may be under way, and who hears of those refused because too many were waiting. */
export interface LookupBounds {
  readonly clock: Clock;
  readonly underWayMax?: number;
  readonly onRefused: () => void;
}

/** Nothing but failures is kept: every connection that needs an address asks anew. */
export function boundLookups(resolve: ResolveHost, bounds: LookupBounds): ResolveHost {
  const lookups = new BoundedLookups(resolve, bounds);
  return (hostname) => lookups.find(hostname);
}

class BoundedLookups {
  readonly #resolve: ResolveHost;
  readonly #clock: Clock;
  readonly #underWayMax: number;
  readonly #onRefused: () => void;
  /** Under way or waiting, by host name. */
  readonly #open = new Map<string, Promise<Addresses>>();
  readonly #waiting = new Ring<() => void>();
  /** Oldest first. */
  readonly #failures = new Map<string, { readonly error: unknown; readonly untilMs: number }>();
  #underWay = 0;

  constructor(resolve: ResolveHost, { clock, underWayMax = LOOKUP_LIMITS.underWayMax, onRefused }: LookupBounds) {
    this.#resolve = resolve;
    this.#clock = clock;
    this.#underWayMax = underWayMax;
    this.#onRefused = onRefused;
  }

  find(hostname: string): Promise<Addresses> {
    const open = this.#open.get(hostname);
    if (open !== undefined) return open;
    const failure = this.#failures.get(hostname);
    if (failure !== undefined && this.#clock.monotonicMs() < failure.untilMs) return Promise.reject(failure.error);
    if (this.#waiting.length >= LOOKUP_LIMITS.waitingMax) {
      this.#onRefused();
      return Promise.reject(Object.assign(new Error('too many name lookups'), { code: 'LOOKUPS_FULL' }));
    }
    const lookup = this.#look(hostname).finally(() => this.#open.delete(hostname));
    this.#open.set(hostname, lookup);
    return lookup;
  }

  async #look(hostname: string): Promise<Addresses> {
    if (this.#underWay < this.#underWayMax) this.#underWay += 1;
    else await new Promise<void>((onTurn) => this.#waiting.push(onTurn));
    try {
      return await this.#resolve(hostname);
    } catch (error) {
      this.#keepFailure(hostname, error);
      throw error;
    } finally {
      this.#passTurn();
    }
  }

  /** The place stays taken when somebody waits for it. */
  #passTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#underWay -= 1;
    else next();
  }

  #keepFailure(hostname: string, error: unknown): void {
    this.#failures.delete(hostname);
    if (this.#failures.size >= LOOKUP_LIMITS.failuresKeptMax) {
      const oldest = this.#failures.keys().next();
      if (oldest.done === false) this.#failures.delete(oldest.value);
    }
    this.#failures.set(hostname, { error, untilMs: this.#clock.monotonicMs() + LOOKUP_LIMITS.failureKeptMs });
  }
}
