/**
 * FrequencyStore in this process, for an engine that runs alone; a restart forgets. Bounded by users: those of whom
 * nothing counts any more are cleared away as others come. When all of them count, a further user is refused (`full`)
 * rather than another forgotten: a cap that was promised is kept.
 */
import { UserHistory } from '../../engine/budget/frequency/user-history.ts';
import type { Clock } from '../../engine/ports/clock.ts';
import {
  type CapScope,
  type FrequencyStore,
  FrequencyStoreError,
  type ImpressionToTake,
  type ScopeHistory,
  type TakeResult,
  type UserKey,
} from '../../engine/ports/frequency-store.ts';

export interface EmbeddedFrequencyStoreOptions {
  readonly usersMax: number;
  readonly clock: Clock;
}

/** Users looked at per impression: twice as many as can come, so that all are looked at in time. */
const SWEPT_PER_TAKE = 2;
/** When there is no room. */
const SWEPT_WHEN_FULL = 64;

export function createEmbeddedFrequencyStore(options: EmbeddedFrequencyStoreOptions): FrequencyStore {
  return new EmbeddedFrequencyStore(options);
}

/** All that a store knows, and its rules. Several stores over one memory are like those of several processes over one Redis. */
export class FrequencyMemory {
  readonly #usersMax: number;
  readonly #users = new Map<UserKey, UserHistory>();
  /** Goes round and round. */
  #sweep = this.#users.entries();

  constructor(usersMax: number) {
    this.#usersMax = usersMax;
  }

  fetch(user: UserKey, nowMs: number): ReadonlyMap<CapScope, ScopeHistory> {
    return this.#users.get(user)?.read(nowMs) ?? new Map();
  }

  take(user: UserKey, impression: ImpressionToTake, nowMs: number): TakeResult {
    this.#sweepSome(SWEPT_PER_TAKE, nowMs);
    const known = this.#users.get(user);
    if (known !== undefined) return known.take(impression, nowMs);
    if (!this.#hasRoom(nowMs)) return { kind: 'full' };
    const history = new UserHistory();
    const result = history.take(impression, nowMs);
    if (!history.isEmpty) this.#users.set(user, history);
    return result;
  }

  giveBack(user: UserKey, requestId: string, scopes: readonly CapScope[]): void {
    const history = this.#users.get(user);
    history?.giveBack(requestId, scopes);
    if (history?.isEmpty) this.#users.delete(user);
  }

  forget(user: UserKey): void {
    this.#users.delete(user);
  }

  holds(user: UserKey): boolean {
    for (const known of this.#users.keys()) if (known === user) return true;
    return false;
  }

  clear(): void {
    this.#users.clear();
  }

  copy(): FrequencyMemory {
    const copy = new FrequencyMemory(this.#usersMax);
    for (const [user, history] of this.#users) copy.#users.set(user, history.copy());
    return copy;
  }

  #hasRoom(nowMs: number): boolean {
    if (this.#users.size >= this.#usersMax) this.#sweepSome(SWEPT_WHEN_FULL, nowMs);
    return this.#users.size < this.#usersMax;
  }

  #sweepSome(count: number, nowMs: number): void {
    for (let i = 0; i < count; i++) {
      const next = this.#sweep.next();
      if (next.done === true) {
        this.#sweep = this.#users.entries();
        return;
      }
      const [user, history] = next.value;
      if (history.expiresAtMs() <= nowMs) this.#users.delete(user);
    }
  }
}

class EmbeddedFrequencyStore implements FrequencyStore {
  readonly #clock: Clock;
  readonly #memory: FrequencyMemory;
  #isClosed = false;

  constructor({ clock, usersMax }: EmbeddedFrequencyStoreOptions) {
    this.#clock = clock;
    this.#memory = new FrequencyMemory(usersMax);
  }

  readonly fetch = async (user: UserKey): Promise<ReadonlyMap<CapScope, ScopeHistory>> =>
    this.#memory.fetch(user, this.#open());

  readonly take = async (user: UserKey, impression: ImpressionToTake): Promise<TakeResult> =>
    this.#memory.take(user, impression, this.#open());

  readonly giveBack = async (user: UserKey, requestId: string, scopes: readonly CapScope[]): Promise<void> => {
    this.#open();
    this.#memory.giveBack(user, requestId, scopes);
  };

  readonly forget = async (user: UserKey): Promise<void> => {
    this.#open();
    this.#memory.forget(user);
  };

  readonly holds = async (user: UserKey): Promise<boolean> => {
    this.#open();
    return this.#memory.holds(user);
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    this.#memory.clear();
  };

  /** Gives the time. */
  #open(): number {
    if (this.#isClosed) throw new FrequencyStoreError('closed', 'the store is closed');
    return this.#clock.monotonicMs();
  }
}
