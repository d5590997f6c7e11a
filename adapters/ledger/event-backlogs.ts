/** What engines say of events that they could not hand on to their topic. Nobody writes here while all goes well. */
import { databaseNowMs } from './books.ts';
import type { Database } from './database.ts';

export interface EventBacklogOptions {
  /** Of the outbox, the same for ever: whoever opens it next goes on with what was said of it. */
  readonly outbox: string;
  /** As `LedgerOptions.nowMs`. */
  readonly nowMs: (() => number) | null;
}

export const BACKLOGS_SQL = {
  tell: `INSERT INTO event_backlog AS known (outbox, since_ms, until_ms) VALUES ($1, $2, NULL)
    ON CONFLICT (outbox) DO UPDATE SET since_ms = least(known.since_ms, EXCLUDED.since_ms), until_ms = NULL`,
  tellNone: 'UPDATE event_backlog SET until_ms = $2 WHERE outbox = $1 AND until_ms IS NULL',
  forget: 'DELETE FROM event_backlog WHERE until_ms < $1',
} as const;

/**
 * Events wait, the oldest for so long. What was said before and is not booked yet goes on. It counts until the topic is booked up
 * to when the last of them had come there.
 */
export async function tellBacklog(database: Database, options: EventBacklogOptions, oldestMs: number): Promise<void> {
  const now = await nowOf(database, options);
  await database.query(BACKLOGS_SQL.tell, [options.outbox, Math.floor(now - oldestMs)]);
}

/** All are in the topic: those that were said to wait, by whomever. */
export async function tellNoBacklog(database: Database, options: EventBacklogOptions): Promise<void> {
  const now = await nowOf(database, options);
  await database.query(BACKLOGS_SQL.tellNone, [options.outbox, Math.ceil(now)]);
}

/** Those that came to their topic before this time, and so are booked. */
export async function forgetBacklogs(database: Database, bookedUntilMs: number): Promise<void> {
  await database.query(BACKLOGS_SQL.forget, [Math.floor(bookedUntilMs)]);
}

async function nowOf(database: Database, { nowMs }: EventBacklogOptions): Promise<number> {
  return nowMs?.() ?? Number(await databaseNowMs(database));
}
