/** What only grows and is not money: removed when its time is over. */
import type { Database } from '../adapters/ledger/database.ts';
import { removeExpired } from '../adapters/ledger/retention.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

/** Every process that has the books looks: whoever comes second finds nothing. */
const INTERVAL_MS = 60_000;

export function openRetention(parts: Parts, database: Database): void {
  const { config, clock, metrics: all, log } = parts;
  const metrics = all.retention();
  repeat(parts, INTERVAL_MS, async () => {
    try {
      await removeExpired(database, config.retention, clock.wallMs(), metrics.onRemoved);
    } catch (err) {
      metrics.onFailure();
      log.warn({ err }, 'retention: what is too old could not be removed; again later');
    }
  });
}
