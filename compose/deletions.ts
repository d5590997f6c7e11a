/** Deletions of users, as far as one engine is concerned: what it keeps, and its look at what is asked for. */
import type { EventsActor } from '../actors/events-actor.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { openDeletionBooks } from '../adapters/ledger/deletion-books.ts';
import type { UnlinkedUsers } from '../adapters/privacy/unlinked-users.ts';
import { frequencyUserData } from '../adapters/user-data/frequency-caps.ts';
import { type SegmentWriter, segmentUserData } from '../adapters/user-data/segments.ts';
import { tableUserData } from '../adapters/user-data/tables.ts';
import { longestTrackingLifetimeMs } from '../config/tracking.ts';
import { VERSION } from '../config/version.ts';
import type { DeletionBooks } from '../engine/ports/deletion-books.ts';
import type { FrequencyStore, UserKey } from '../engine/ports/frequency-store.ts';
import type { UserDataStore } from '../engine/ports/user-data-store.ts';
import { DeletionShare, type DeletionShareOptions } from './deletion-share.ts';
import { InheritedLogs, keeperOf } from './inherited-logs.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

export interface DeletionSubjects {
  /** Migrated. */
  readonly database: Database;
  readonly unlinked: UnlinkedUsers;
  readonly events: Pick<EventsActor, 'store'>;
  readonly segments: { readonly folder: string; readonly writer: SegmentWriter };
  /** Of this engine, or of the supervisor above all workers, whose left logs it looks after; null: another one does. */
  readonly inheritedDataDirectory: string | null;
  /** Null: no impressions are counted. */
  readonly caps: CapsOfUsers | null;
  readonly invalidatePredictions: ((tag: number) => Promise<void>) | null;
}

export interface CapsOfUsers {
  readonly store: Pick<FrequencyStore, 'fetch' | 'forget' | 'holds'>;
  readonly keyOf: (userId: string) => UserKey;
}

/** Their client takes its time to load, which engines without a Kafka need not spend. */
async function openTopics(parts: Parts): Promise<UserDataStore[]> {
  if (parts.config.events.kafka.brokers === '') return [];
  return [(await import('./kafka-deletions.ts')).topicsOfUsers(parts)];
}

/** A URL that was signed a moment before, by a clock that is ahead. */
const GRACE_MS = 60_000;

/** Begins, and goes on until the end of the parts. From here on no event is made of a user who is deleted. */
export async function openDeletions(parts: Parts, subjects: DeletionSubjects): Promise<void> {
  const { config, log } = parts;
  const { unlinked, events, segments, caps, invalidatePredictions } = subjects;
  const common = await openCommon(parts, subjects);
  const { books } = common;
  const stores: UserDataStore[] = [segmentUserData(segments.folder, segments.writer)];
  if (caps !== null) stores.push(frequencyUserData(caps.store));
  const share = new DeletionShare({
    ...common,
    unlinked,
    capKeyOf: caps?.keyOf ?? null,
    keeper: await keeperOf(segments.folder, stores),
    announce: events.store,
    invalidatePredictions,
  });
  await share.begin();
  const inherited = new InheritedLogs({
    root: subjects.inheritedDataDirectory,
    own: segments.folder,
    unlinked,
    common,
  });
  repeat(parts, config.campaigns.refreshIntervalMs, async () => {
    try {
      await share.look();
      common.open = await books.openCount();
      if (common.open.count > 0) await inherited.look();
    } catch (err) {
      log.warn({ err }, 'deletions: the books could not be asked');
    }
  });
  await inherited.begin();
}

type CommonOptions = Omit<
  DeletionShareOptions,
  'unlinked' | 'capKeyOf' | 'keeper' | 'announce' | 'invalidatePredictions'
> & {
  open: Awaited<ReturnType<DeletionBooks['openCount']>>;
};

async function openCommon(parts: Parts, { database, unlinked }: DeletionSubjects): Promise<CommonOptions> {
  const { config, clock, log } = parts;
  const metrics = parts.metrics.deletions({
    openCount: () => common.open.count,
    oldestSeconds: () => {
      const { oldestAtMs } = common.open;
      return oldestAtMs === null ? 0 : Math.max(0, clock.wallMs() - oldestAtMs) / 1000;
    },
    unlinkedUsers: () => unlinked.size,
  });
  const common: CommonOptions = {
    open: { count: 0, oldestAtMs: null },
    books: openDeletionBooks(database, { nowMs: null }),
    userSecret: config.events.userSecret,
    shared: [...(await openTopics(parts)), tableUserData(database)],
    issuer: { exchange: config.exchange.domain, version: VERSION },
    unlinkedForMs: longestTrackingLifetimeMs(config) + GRACE_MS,
    nowMs: clock.wallMs,
    observer: {
      onRemoved: metrics.onRemoved,
      onCertified: (deletionId) => {
        metrics.onCertified();
        log.info({ deletionId }, 'deletions: a user is deleted everywhere');
      },
      onFailure: (store, err) => {
        metrics.onFailure(store);
        log.warn({ store, err }, 'deletions: a store could not be searched; again later');
      },
    },
  };
  return common;
}
