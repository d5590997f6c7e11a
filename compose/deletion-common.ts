/** What all keepers of a process have in common when they take part in deletions of users: books, metrics, what all share. */
import type { Database } from '../adapters/ledger/database.ts';
import { openDeletionBooks } from '../adapters/ledger/deletion-books.ts';
import type { UnlinkedUsers } from '../adapters/privacy/unlinked-users.ts';
import { tableUserData } from '../adapters/user-data/tables.ts';
import { longestTrackingLifetimeMs } from '../config/tracking.ts';
import { VERSION } from '../config/version.ts';
import type { DeletionBooks } from '../engine/ports/deletion-books.ts';
import type { UserDataStore } from '../engine/ports/user-data-store.ts';
import type { DeletionShareOptions } from './deletion-share.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

/** A URL that was signed a moment before, by a clock that is ahead. */
const GRACE_MS = 60_000;

/** What all keepers of a process have in common. */
export type CommonOptions = Omit<
  DeletionShareOptions,
  'unlinked' | 'capKeyOf' | 'keeper' | 'announce' | 'invalidatePredictions'
> & {
  open: Awaited<ReturnType<DeletionBooks['openCount']>>;
};

export async function openCommon(
  parts: Parts,
  { database, unlinked }: { readonly database: Database; readonly unlinked: UnlinkedUsers },
): Promise<CommonOptions> {
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
  };
  return common;
}

/** Their client takes its time to load, which engines without a Kafka need not spend. */
async function openTopics(parts: Parts): Promise<UserDataStore[]> {
  if (parts.config.events.kafka.brokers === '') return [];
  return [(await import('./kafka-deletions.ts')).topicsOfUsers(parts)];
}

/** `look` may reject: the next one goes on. */
export function lookAgainAndAgain(parts: Parts, common: CommonOptions, look: () => Promise<void>): void {
  const { config, log } = parts;
  repeat(parts, config.campaigns.refreshIntervalMs, async () => {
    try {
      common.open = await common.books.openCount();
      await look();
    } catch (err) {
      log.warn({ err }, 'deletions: they could not be looked after');
    }
  });
}
