/** Deletions of users, as far as one engine is concerned: what it keeps, and its look at what is asked for. */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import type { EventsActor } from '../actors/events-actor.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { openDeletionBooks } from '../adapters/ledger/deletion-books.ts';
import type { UnlinkedUsers } from '../adapters/privacy/unlinked-users.ts';
import { keptSecret } from '../adapters/tracking/kept-secret.ts';
import { frequencyUserData } from '../adapters/user-data/frequency-caps.ts';
import { type SegmentWriter, segmentUserData } from '../adapters/user-data/segments.ts';
import { tableUserData } from '../adapters/user-data/tables.ts';
import { longestTrackingLifetimeMs } from '../config/tracking.ts';
import { VERSION } from '../config/version.ts';
import type { FrequencyStore, UserKey } from '../engine/ports/frequency-store.ts';
import type { UserDataStore } from '../engine/ports/user-data-store.ts';
import { DeletionShare } from './deletion-share.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

export interface DeletionSubjects {
  /** Migrated. */
  readonly database: Database;
  readonly unlinked: UnlinkedUsers;
  readonly events: Pick<EventsActor, 'store'>;
  readonly segments: { readonly folder: string; readonly writer: SegmentWriter };
  /** Null: no impressions are counted. */
  readonly caps: CapsOfUsers | null;
  readonly invalidatePredictions: ((tag: number) => Promise<void>) | null;
}

export interface CapsOfUsers {
  readonly store: Pick<FrequencyStore, 'fetch' | 'forget' | 'holds'>;
  readonly keyOf: (userId: string) => UserKey;
}

/** A URL that was signed a moment before, by a clock that is ahead. */
const GRACE_MS = 60_000;

/** Begins, and goes on until the end of the parts. From here on no event is made of a user who is deleted. */
export async function openDeletions(parts: Parts, subjects: DeletionSubjects): Promise<void> {
  const { config, clock, log } = parts;
  const { database, unlinked, events, segments, caps, invalidatePredictions } = subjects;
  const books = openDeletionBooks(database, { nowMs: null });
  let open: Awaited<ReturnType<typeof books.openCount>> = { count: 0, oldestAtMs: null };
  const metrics = parts.metrics.deletions({
    openCount: () => open.count,
    oldestSeconds: () => (open.oldestAtMs === null ? 0 : Math.max(0, clock.wallMs() - open.oldestAtMs) / 1000),
    unlinkedUsers: () => unlinked.size,
  });
  const stores: UserDataStore[] = [segmentUserData(segments.folder, segments.writer)];
  if (caps !== null) stores.push(frequencyUserData(caps.store));
  const share = new DeletionShare({
    books,
    unlinked,
    userSecret: config.events.userSecret,
    capKeyOf: caps?.keyOf ?? null,
    keeper: {
      // Beside the segments: whoever removes those is another keeper.
      id: await keptSecret(join(segments.folder, 'log.id')),
      name: `${hostname()}:${resolve(config.dataDirectory)}`,
      stores,
    },
    shared: [tableUserData(database)],
    announce: events.store,
    invalidatePredictions,
    issuer: { exchange: config.exchange.domain, version: VERSION },
    unlinkedForMs: longestTrackingLifetimeMs(config.campaigns.held) + GRACE_MS,
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
  });
  await share.begin();
  repeat(parts, config.campaigns.refreshIntervalMs, async () => {
    try {
      await share.look();
      open = await books.openCount();
    } catch (err) {
      log.warn({ err }, 'deletions: the books could not be asked');
    }
  });
}
