/** The archive as a keeper in deletions of users: beside an engine, or in the process that archives from Kafka. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { openPlaces } from '../adapters/archive/places.ts';
import { FolderLockedError, lockFolder } from '../adapters/event-log/folder-lock.ts';
import { eventLogFolder, eventLogPartitions } from '../adapters/event-log/log-folders.ts';
import { readNewestEvents } from '../adapters/event-log/reader.ts';
import { UnlinkedUsers } from '../adapters/privacy/unlinked-users.ts';
import { keptSecret } from '../adapters/tracking/kept-secret.ts';
import { archiveFolder } from '../config/archive.ts';
import type { ArchiveConsumer } from '../engine/events/archive-consumer.ts';
import type { EventConsumer } from '../engine/ports/event-source.ts';
import type { ErasedUsers, UserDataStore } from '../engine/ports/user-data-store.ts';
import { withoutUnlinkedUsers } from '../engine/privacy/unlinked-events.ts';
import { openBooks } from './campaign-books.ts';
import { type CommonOptions, lookAgainAndAgain, openCommon } from './deletion-common.ts';
import { DeletionShare } from './deletion-share.ts';
import { eventLogId } from './event-log-id.ts';
import type { Parts } from './parts.ts';

/**
 * Of the logs in a data folder, which another process archives. It looks when all logs are clean, and everything that was in
 * them before is in the archive. Null: there is none.
 */
export async function archiveBesideEngine(
  { config }: Parts,
  {
    root,
    unlinked,
    common,
  }: { readonly root: string; readonly unlinked: UnlinkedUsers; readonly common: CommonOptions },
): Promise<DeletionShare | null> {
  const folder = archiveFolder({ archive: config.archive, dataDirectory: root });
  if (config.events.kafka.brokers !== '' || !(config.archive.enabled || existsSync(folder))) return null;
  /** By users: the newest event of each log when it was first asked. */
  const fences = new Map<string, ReadonlyMap<number, number>>();
  const settle = async ({ eventKeys }: ErasedUsers): Promise<void> => {
    const name = eventKeys.join();
    const fence = fences.get(name) ?? (await newestEvents(root));
    fences.set(name, fence);
    const isWaitedFor = await isArchiving(folder);
    const places = openPlaces(folder, `log:${await eventLogId(eventLogFolder(root))}`);
    for (const [partition, newest] of isWaitedFor ? fence : []) {
      if (((await places.of(partition)) ?? 0) <= newest)
        throw new Error('waits until what was stored before is archived');
    }
    fences.delete(name);
  };
  return shareOf(common, { config, folder, settle, unlinked, isLast: true });
}

/** Of a process that archives from Kafka: nothing that it reads from now on brings a deleted user into the archive. */
export async function archiveOfConsumer(parts: Parts, consumer: ArchiveConsumer): Promise<EventConsumer> {
  const { config, clock } = parts;
  if (config.events.kafka.brokers === '' || config.campaigns.databaseUrl === '') return consumer;
  const { database } = await openBooks(parts);
  if (database === null) return consumer;
  const unlinked = new UnlinkedUsers(clock.wallMs);
  const common = await openCommon(parts, { database, unlinked });
  // What was read before this process knew is in memory, or under way.
  const settle = (): Promise<void> => consumer.flush();
  const share = await shareOf(common, { config, folder: archiveFolder(config), settle, unlinked, isLast: false });
  await share.begin();
  lookAgainAndAgain(parts, common, async () => share.look());
  return withoutUnlinkedUsers(consumer, (key) => unlinked.has(key));
}

interface ArchiveShare extends Pick<Parts, 'config'> {
  readonly folder: string;
  readonly settle: (users: ErasedUsers) => Promise<void>;
  readonly unlinked: UnlinkedUsers;
  readonly isLast: boolean;
}

async function shareOf(
  common: CommonOptions,
  { config, folder, settle, unlinked, isLast }: ArchiveShare,
): Promise<DeletionShare> {
  await mkdir(folder, { recursive: true });
  return new DeletionShare({
    ...common,
    unlinked,
    capKeyOf: null,
    keeper: {
      id: await keptSecret(join(folder, 'archive.id')),
      name: `${hostname()}:${resolve(folder)}`,
      stores: [storeOf(config, folder, settle)],
      isLast,
    },
    // Nothing is recorded by it.
    announce: async () => true,
    invalidatePredictions: null,
  });
}

/** DuckDB is loaded when somebody is to be deleted. */
function storeOf(config: Parts['config'], folder: string, settle: ArchiveShare['settle']): UserDataStore {
  const load = async (): Promise<UserDataStore> => {
    const [{ archiveUserData }, { openDuckDb }, { spillFolder }] = await Promise.all([
      import('../adapters/user-data/archive.ts'),
      import('../adapters/archive/duckdb.ts'),
      import('../adapters/archive/layout.ts'),
    ]);
    const { threads, memoryBytesMax } = config.archive;
    const openDb = () => openDuckDb({ threads, memoryBytesMax, spillFolder: spillFolder(folder) });
    return archiveUserData({ folder, openDb, settle });
  };
  return {
    name: 'archive',
    erase: async (users) => (await load()).erase(users),
    search: async (users) => (await load()).search(users),
  };
}

/** Sequence of the newest event by partition; logs without one are left out. */
async function newestEvents(root: string): Promise<ReadonlyMap<number, number>> {
  const newest = new Map<number, number>();
  for (const [partition, folder] of await eventLogPartitions(root)) {
    for await (const { sequence } of readNewestEvents(folder)) {
      newest.set(partition, sequence);
      break;
    }
  }
  return newest;
}

/** Whether a process is there that may have events in memory. */
async function isArchiving(folder: string): Promise<boolean> {
  const lock = join(folder, 'writing');
  await mkdir(lock, { recursive: true });
  try {
    const unlock = await lockFolder(lock);
    await unlock();
    return false;
  } catch (error) {
    if (error instanceof FolderLockedError) return true;
    throw error;
  }
}
