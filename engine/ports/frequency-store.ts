/**
 * What each user has been shown. Twins: in this process (`adapters/frequency/frequency-store.embedded.ts`), Redis for all
 * processes (`adapters/frequency/frequency-store.redis.ts`). Time is the store's own.
 *
 * An impression is taken when it is won, before it is shown, and given back when it is not shown. Until then it counts:
 * whoever dies in between has shown a user less, never more.
 *
 * Methods reject with a `FrequencyStoreError` when the store cannot be reached or answers late; nothing is assumed then.
 */

/** A user as the store knows one: no id that anybody else has (`adapters/frequency/user-key.ts`). */
export type UserKey = string & { readonly brand: 'UserKey' };

/** Whose impressions are counted together: `c:` with a campaign id, `a:` with an advertiser id. */
export type CapScope = string;

/** At most `count` impressions of the scope in a rolling `windowMs`; null: of all that the store remembers. */
export interface CapRule {
  readonly scope: CapScope;
  readonly count: number;
  readonly windowMs: number | null;
}

/** In what scopes an impression counts, and which rules it must keep. Rules are of scopes that it counts in. */
export interface ImpressionToTake {
  /** Of this impression alone: a repeated call takes no second one. */
  readonly requestId: string;
  readonly counted: readonly CountedScope[];
  readonly rules: readonly CapRule[];
}

export interface CountedScope {
  readonly scope: CapScope;
  /** For how long the store knows when an impression was, at least the longest window of the scope, ms. */
  readonly momentsKeptMs: number;
  /** For how long after the last impression the store knows how many there were, ms. Not less. */
  readonly countKeptMs: number;
}

/** A scope has at most so many moments: the youngest. No rule may count further. */
export const MOMENTS_MAX = 1000;
/** Scopes of a user that are remembered at a time. */
export const SCOPES_MAX = 256;

export interface ScopeHistory {
  /** Of all impressions that the store remembers. */
  readonly count: number;
  /** Of the moments that are kept, oldest first: ms ago. */
  readonly agesMs: readonly number[];
}

export type TakeResult =
  | { readonly kind: 'taken' }
  | { readonly kind: 'capped'; readonly scope: CapScope }
  /** The store can remember no more users, or no more of this user: what cannot be counted is not shown. */
  | { readonly kind: 'full' };

export interface FrequencyStore {
  /** Scopes without an impression are left out. */
  readonly fetch: (user: UserKey) => Promise<ReadonlyMap<CapScope, ScopeHistory>>;
  /** In one step: takes the impression if every rule allows one more. */
  readonly take: (user: UserKey, impression: ImpressionToTake) => Promise<TakeResult>;
  /** It was not shown. Nothing happens when it was given back before, was never taken, or is too old to be known. */
  readonly giveBack: (user: UserKey, requestId: string, scopes: readonly CapScope[]) => Promise<void>;
  /** Everything about the user is deleted. */
  readonly forget: (user: UserKey) => Promise<void>;
  /** Whether anything of the user is there, by a look at all users: the proof that `forget` has worked, for nobody who waits. */
  readonly holds: (user: UserKey) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/** `code` is stable: `unavailable` (not reached, or late; cause set), `closed`. */
export class FrequencyStoreError extends Error {
  override readonly name = 'FrequencyStoreError';
  readonly code: 'unavailable' | 'closed';

  constructor(code: FrequencyStoreError['code'], message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.code = code;
  }
}
