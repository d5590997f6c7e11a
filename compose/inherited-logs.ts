/** Event logs that nobody writes to any more: of workers that are no longer used, or of an engine that ran here alone. */
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { FolderLockedError, lockFolder } from '../adapters/event-log/folder-lock.ts';
import { eventLogFolder, eventLogFolders } from '../adapters/event-log/log-folders.ts';
import type { UnlinkedUsers } from '../adapters/privacy/unlinked-users.ts';
import { segmentUserData } from '../adapters/user-data/segments.ts';
import type { UserDataStore } from '../engine/ports/user-data-store.ts';
import type { CommonOptions } from './deletion-common.ts';
import { DeletionShare, type DeletionShareOptions } from './deletion-share.ts';
import { eventLogId } from './event-log-id.ts';

export interface InheritedLogsOptions {
  /** Data folder above all of them; null: another process looks after them. */
  readonly root: string | null;
  /** Log of this process itself. */
  readonly own: string;
  readonly unlinked: UnlinkedUsers;
  readonly common: CommonOptions;
}

/** A log as a keeper: whoever removes its folder, and makes another, is another one. */
export async function keeperOf(
  folder: string,
  stores: readonly UserDataStore[],
): Promise<DeletionShareOptions['keeper']> {
  return {
    id: await eventLogId(folder),
    name: `${hostname()}:${resolve(folder)}`,
    stores,
    isLast: false,
  };
}

/** They take part in deletions by whoever is there, while nobody else has them. */
export class InheritedLogs {
  readonly #options: InheritedLogsOptions;
  readonly #shares = new Map<string, DeletionShare>();

  constructor(options: InheritedLogsOptions) {
    this.#options = options;
  }

  /** They are keepers, also when they are from before there were any. */
  async begin(): Promise<void> {
    for (const folder of await this.#folders()) await this.#withLock(folder, async (share) => share.begin());
  }

  /** Only while there is something to be done: a worker that is started again must find its folder free. */
  async look(): Promise<void> {
    for (const folder of await this.#folders()) await this.#withLock(folder, async (share) => share.look());
  }

  async #folders(): Promise<string[]> {
    const { root, own } = this.#options;
    return root === null ? [] : (await eventLogFolders(root)).filter((folder) => resolve(folder) !== resolve(own));
  }

  async #withLock(folder: string, work: (share: DeletionShare) => Promise<void>): Promise<void> {
    const unlock = await this.#lock(folder);
    if (unlock === null) return;
    try {
      await work(await this.#shareOf(folder));
    } finally {
      await unlock();
    }
  }

  /** Null: its worker lives, and does it itself. */
  async #lock(folder: string): Promise<(() => Promise<void>) | null> {
    // The supervisor has that one, and never writes to it.
    if (folder === eventLogFolder(this.#options.root!)) return async () => {};
    try {
      return await lockFolder(folder);
    } catch (error) {
      if (error instanceof FolderLockedError) return null;
      throw error;
    }
  }

  async #shareOf(folder: string): Promise<DeletionShare> {
    const known = this.#shares.get(folder);
    if (known !== undefined) return known;
    const { unlinked, common } = this.#options;
    const share = new DeletionShare({
      ...common,
      unlinked,
      capKeyOf: null,
      keeper: await keeperOf(folder, [segmentUserData(folder, null)]),
      // Nothing is written there, not even that.
      announce: async () => true,
      invalidatePredictions: null,
    });
    this.#shares.set(folder, share);
    return share;
  }
}
