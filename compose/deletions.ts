/** Deletions of users, as far as one engine is concerned: what it keeps, and its look at what is asked for. */
import type { EventsActor } from '../actors/events-actor.ts';
import type { Database } from '../adapters/ledger/database.ts';
import type { UnlinkedUsers } from '../adapters/privacy/unlinked-users.ts';
import { frequencyUserData } from '../adapters/user-data/frequency-caps.ts';
import { type SegmentWriter, segmentUserData } from '../adapters/user-data/segments.ts';
import type { FrequencyStore, UserKey } from '../engine/ports/frequency-store.ts';
import type { UserDataStore } from '../engine/ports/user-data-store.ts';
import { archiveBesideEngine } from './archive-deletions.ts';
import { lookAgainAndAgain, openCommon } from './deletion-common.ts';
import { DeletionShare } from './deletion-share.ts';
import { InheritedLogs, keeperOf } from './inherited-logs.ts';
import type { Parts } from './parts.ts';

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

/** Begins, and goes on until the end of the parts. From here on no event is made of a user who is deleted. */
export async function openDeletions(parts: Parts, subjects: DeletionSubjects): Promise<void> {
  const { unlinked, events, segments, caps, invalidatePredictions } = subjects;
  const common = await openCommon(parts, subjects);
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
  const root = subjects.inheritedDataDirectory;
  const inherited = new InheritedLogs({ root, own: segments.folder, unlinked, common });
  await inherited.begin();
  const archive = root === null ? null : await archiveBesideEngine(parts, { root, unlinked, common });
  await archive?.begin();
  lookAgainAndAgain(parts, common, async () => {
    await share.look();
    if (common.open.count === 0) return;
    await inherited.look();
    await archive?.look();
  });
}
