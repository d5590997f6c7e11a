/**
 * A place where something of users lies, as the deletion of a user sees it (docs/privacy.md names them all). One for each kind of
 * place: segments, caps, tables, topics, archive.
 */
import type { UserKey } from './frequency-store.ts';

/** Whose data is to go, by the names that places know users by. Lists of one subject; the names of several are mixed. */
export interface ErasedUsers {
  /** Ids as publishers and devices send them. Nothing of ours keeps them; caches know predictions by them. */
  readonly ids: readonly string[];
  /** In events. */
  readonly eventKeys: readonly string[];
  /** In the store of frequency caps. */
  readonly capKeys: readonly UserKey[];
}

export interface UserDataStore {
  /** Stable, part of certificates. */
  readonly name: string;
  /** Takes out what is there; gives how many records held something. The same again is harmless. Rejects when it cannot be reached. */
  readonly erase: (users: ErasedUsers) => Promise<number>;
  /** Looks anew, on another path than `erase`; gives how many places still hold something. Rejects when it cannot look. */
  readonly search: (users: ErasedUsers) => Promise<number>;
}
