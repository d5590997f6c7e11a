/**
 * The share of one process in the deletions of users: it learns of whom no event is to be made any more, takes what it keeps
 * itself out of its stores, looks after what all share, and gives the certificate when every store has been found clean. Whatever is
 * interrupted is done again: nothing is taken as done that the database does not say.
 */
import { userKey } from '../adapters/frequency/user-key.ts';
import { openSubject } from '../adapters/privacy/sealed-subject.ts';
import { signCertificate } from '../adapters/privacy/signed-certificate.ts';
import { subjectHash } from '../adapters/privacy/subject-hash.ts';
import type { UnlinkedUsers } from '../adapters/privacy/unlinked-users.ts';
import { tagOfId } from '../engine/estimation/cache/invalidations.ts';
import { OUTCOME_EVENT_VERSION, type UserDeletionEvent } from '../engine/events/outcome-events.ts';
import type { DataKeeper, DeletionBooks, DeletionPart, OpenDeletion } from '../engine/ports/deletion-books.ts';
import { PRESENCE_INTERVAL_MS, SHARED } from '../engine/ports/deletion-books.ts';
import type { UserKey } from '../engine/ports/frequency-store.ts';
import type { ErasedUsers, UserDataStore } from '../engine/ports/user-data-store.ts';
import { certificateOf, outstandingOf } from '../engine/privacy/certificate.ts';

export interface DeletionShareOptions {
  readonly books: DeletionBooks;
  readonly unlinked: UnlinkedUsers;
  readonly userSecret: string;
  /** By which this process knows users whose impressions are counted; null: none are. */
  readonly capKeyOf: ((userId: string) => UserKey) | null;
  /** Who this process is as a keeper, with what it keeps. */
  readonly keeper: Pick<DataKeeper, 'id' | 'name'> & {
    readonly stores: readonly UserDataStore[];
    /** What it keeps comes from other keepers' stores: it looks when those are clean. */
    readonly isLast: boolean;
  };
  /** Of all processes, in the order in which they may be given up: what comes first may still feed what comes behind it. */
  readonly shared: readonly UserDataStore[];
  /** Resolves to whether the event, and all that were recorded before it, are in the log. */
  readonly announce: (event: UserDeletionEvent) => Promise<boolean>;
  /** See `Estimation.invalidate`; null: no predictions are kept. */
  readonly invalidatePredictions: ((tag: number) => Promise<void>) | null;
  readonly issuer: { readonly exchange: string; readonly version: string };
  /** For as long as URLs are good that were signed before a certificate, ms. */
  readonly unlinkedForMs: number;
  readonly nowMs: () => number;
  readonly observer: DeletionShareObserver;
}

export interface DeletionShareObserver {
  readonly onRemoved: (store: string, count: number) => void;
  readonly onCertified: (deletionId: string) => void;
  /** A store could not be searched; it is tried again. */
  readonly onFailure: (store: string, error: unknown) => void;
}

const CHANGES_AT_ONCE = 1000;
const DELETIONS_AT_ONCE = 20;
/** Between two tries of the same deletion, ms: what keeps it open may last for days. */
const RETRY_MS = { first: 500, longest: 15_000 } as const;

/** Longer than the pause between two looks of the one that has it, so that it stays its own while it lives. */
const CLAIM_MS = 2 * RETRY_MS.longest;

/** No auction takes so long; while a deletion is open that begins again with each try. */
const UNDER_WAY_MS = 120_000;

/** Somebody has said that what a keeper had is destroyed, and users were certified to be deleted on that word. */
export class RetiredKeeperError extends Error {
  override readonly name = 'RetiredKeeperError';

  constructor(keeper: string) {
    super(`${keeper} was retired from deletions of users: it may hold some who are certified to be deleted, remove it`);
  }
}

interface Retry {
  readonly atMs: number;
  readonly delayMs: number;
}

export class DeletionShare {
  readonly #options: DeletionShareOptions;
  /** Ids of deletions that this process's log has a tombstone of. */
  readonly #announced = new Set<string>();
  readonly #retries = new Map<string, Retry>();
  #presentAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: DeletionShareOptions) {
    this.#options = options;
  }

  /** One look. Rejects when the database cannot be asked; the next one goes on. */
  async look(): Promise<void> {
    await this.#learn();
    await this.#beHere();
    const { books } = this.#options;
    const ids = await books.openIds();
    this.#forgetAllBut(ids);
    const nowMs = this.#options.nowMs();
    // Those that were tried last wait for all others, however many there are.
    const dueMs = (id: string): number => this.#retries.get(id)?.atMs ?? 0;
    const due = ids
      .filter((id) => dueMs(id) <= nowMs)
      .sort((one, other) => dueMs(one) - dueMs(other))
      .slice(0, DELETIONS_AT_ONCE);
    if (due.length === 0) return;
    for (const deletion of await books.open(due)) await this.#work(deletion);
  }

  /** Before this process sells anything. Rejects with a `RetiredKeeperError` too. */
  async begin(): Promise<void> {
    await this.#learn();
    await this.#beHere();
  }

  async #learn(): Promise<void> {
    const { books, unlinked } = this.#options;
    for (;;) {
      const changes = await books.unlinkedSince(unlinked.sequence, CHANGES_AT_ONCE);
      unlinked.learn(changes);
      if (changes.length < CHANGES_AT_ONCE) break;
    }
    unlinked.forget();
  }

  async #beHere(): Promise<void> {
    const { books, keeper, nowMs } = this.#options;
    if (nowMs() - this.#presentAtMs < PRESENCE_INTERVAL_MS) return;
    const isKnown = await books.keeperIsHere({ id: keeper.id, name: keeper.name, stores: names(keeper.stores) });
    if (!isKnown) throw new RetiredKeeperError(keeper.name);
    this.#presentAtMs = nowMs();
  }

  #forgetAllBut(openIds: readonly string[]): void {
    const ids = new Set(openIds);
    for (const id of this.#announced) if (!ids.has(id)) this.#announced.delete(id);
    for (const id of this.#retries.keys()) if (!ids.has(id)) this.#retries.delete(id);
  }

  async #work(deletion: OpenDeletion): Promise<void> {
    const { books, keeper } = this.#options;
    const users = await this.#usersOf(deletion);
    if (users === null || !(await this.#announce(deletion, users))) {
      this.#tryLater(deletion.id);
      return;
    }
    const parts = await books.parts(deletion.id);
    const own = keeper.stores.filter(({ name }) => !isClean(parts, keeper.id, name));
    if (!keeper.isLast || (await this.#areOthersClean(parts, own)))
      await this.#clean(deletion.id, keeper.id, own, users);
    if (await this.#finish(deletion, users)) return;
    this.#tryLater(deletion.id);
  }

  /** Those of the same kind wait for each other's sources, not for each other. */
  async #areOthersClean(parts: readonly DeletionPart[], own: readonly UserDataStore[]): Promise<boolean> {
    const outstanding = outstandingOf(await this.#options.books.keepers(), parts);
    return outstanding.every(({ store }) => own.some(({ name }) => name === store));
  }

  /** Null: they cannot be read here, and that is told. */
  async #usersOf({ id, sealed }: OpenDeletion): Promise<ErasedUsers | null> {
    const { userSecret, capKeyOf, unlinked, keeper, books, observer } = this.#options;
    try {
      const { ids, userIds } = openSubject(sealed, id, userSecret);
      const capKeys = capKeyOf === null ? [] : userIds.map(capKeyOf);
      for (const key of capKeys) unlinked.learnKey(key, UNDER_WAY_MS);
      return { ids, eventKeys: userIds.map((userId) => userKey(userId, userSecret)), capKeys };
    } catch (error) {
      const waitsFor = (error as Error).message;
      for (const { name } of keeper.stores) {
        observer.onFailure(name, error);
        await books.report(id, [{ keeperId: keeper.id, store: name, removed: 0, remaining: null, waitsFor }]);
      }
      return null;
    }
  }

  /** What was recorded before this process knew is in the log behind it; predictions made for the user are used no more. */
  async #announce({ id, subjects }: OpenDeletion, { ids }: ErasedUsers): Promise<boolean> {
    if (this.#announced.has(id)) return true;
    const { announce, invalidatePredictions, nowMs } = this.#options;
    const isTold = await announce({
      type: 'user_deletion',
      version: OUTCOME_EVENT_VERSION,
      id: `deletion/${id}`,
      deletionId: id,
      userKeyHashes: subjects,
      atMs: Math.floor(nowMs()),
    });
    if (!isTold) return false;
    for (const userId of ids) await invalidatePredictions?.(tagOfId('user', userId));
    this.#announced.add(id);
    return true;
  }

  /** Gives whether all of them were found clean. */
  async #clean(
    deletionId: string,
    keeperId: string,
    stores: readonly UserDataStore[],
    users: ErasedUsers,
  ): Promise<boolean> {
    const { books } = this.#options;
    let isAllClean = true;
    for (const store of stores) {
      const part = await this.#eraseFrom(store, users, () => store.search(users));
      await books.report(deletionId, [{ keeperId, store: store.name, ...part }]);
      isAllClean &&= part.remaining === 0;
    }
    return isAllClean;
  }

  /** What lies there need not stay until the last keeper is back; whether it is all, only a later search tells. */
  async #eraseAhead(deletionId: string, stores: readonly UserDataStore[], users: ErasedUsers): Promise<void> {
    for (const store of stores) {
      const part = await this.#eraseFrom(store, users, null);
      await this.#options.books.report(deletionId, [{ keeperId: SHARED, store: store.name, ...part }]);
    }
  }

  /** What cannot be done now is told, and tried again. `search` null: another time. */
  async #eraseFrom(
    store: UserDataStore,
    users: ErasedUsers,
    search: (() => Promise<number>) | null,
  ): Promise<Pick<DeletionPart, 'removed' | 'remaining' | 'waitsFor'>> {
    const { observer } = this.#options;
    let removed = 0;
    try {
      removed = await store.erase(users);
      observer.onRemoved(store.name, removed);
      if (search === null) return { removed, remaining: null, waitsFor: 'is searched behind all keepers' };
      return { removed, remaining: await search(), waitsFor: null };
    } catch (error) {
      observer.onFailure(store.name, error);
      return { removed, remaining: null, waitsFor: (error as Error).message };
    }
  }

  /**
   * What all share is searched for good when no keeper can feed it any more, each store when the one before is clean. One
   * process does so at a time; where a search outlives its claim, two may, and one of them certifies.
   */
  async #finish(deletion: OpenDeletion, users: ErasedUsers): Promise<boolean> {
    const { books, keeper, shared, issuer, userSecret, unlinkedForMs, observer } = this.#options;
    if (!(await books.claim(deletion.id, keeper.id, CLAIM_MS))) return false;
    const keepers = await books.keepers();
    const before = await books.parts(deletion.id);
    if (keepers.length === 0 || outstandingOf(keepers, before).length > 0) {
      const untouched = shared.filter(
        ({ name }) => !before.some(({ keeperId, store }) => keeperId === SHARED && store === name),
      );
      await this.#eraseAhead(deletion.id, untouched, users);
      return false;
    }
    for (const store of shared) if (!(await this.#clean(deletion.id, SHARED, [store], users))) return false;
    const parts = await books.parts(deletion.id);
    const certifiedAtMs = await books.nowMs();
    const content = certificateOf({ deletion, keepers, parts, certifiedAtMs, issuer });
    const certificate = signCertificate(content, userSecret);
    if (await books.certify(deletion.id, certificate, certifiedAtMs + unlinkedForMs)) observer.onCertified(deletion.id);
    return true;
  }

  #tryLater(id: string): void {
    const last = this.#retries.get(id)?.delayMs;
    const delayMs = last === undefined ? RETRY_MS.first : Math.min(2 * last, RETRY_MS.longest);
    this.#retries.set(id, { atMs: this.#options.nowMs() + delayMs, delayMs });
  }
}

function names(stores: readonly UserDataStore[]): string[] {
  return stores.map(({ name }) => name);
}

function isClean(parts: readonly DeletionPart[], keeperId: string, store: string): boolean {
  return parts.some((part) => part.keeperId === keeperId && part.store === store && part.remaining === 0);
}

/** Of these user ids, as events know them: what a request is known by. */
export function subjectsOf(userIds: readonly string[], userSecret: string): string[] {
  return [...new Set(userIds.map((userId) => subjectHash(userKey(userId, userSecret))))].sort();
}
