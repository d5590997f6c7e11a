/**
 * Events of what the books have booked by themselves, kept in the transaction that booked it until some process has stored them in its
 * event log.
 */
import type { OutcomeEvent } from '../../engine/events/outcome-events.ts';
import type { Database, Queryable } from './database.ts';

export interface BookedEvents {
  /**
   * The oldest that nobody else has taken lately, at most so many. They come again, to whoever asks, until they are said to be
   * stored: a process that is killed in between loses nothing, and may leave one in two logs, under one id.
   */
  readonly take: (countMax: number) => Promise<readonly OutcomeEvent[]>;
  readonly stored: (ids: readonly string[]) => Promise<void>;
}

/** Longer than an event log takes to store them or to say that it cannot. */
const TAKEN_MS = 15_000;

/** `nowMs`: epoch ms; null: by the database's clock. */
export function openBookedEvents(database: Database, nowMs: (() => number) | null): BookedEvents {
  return {
    take: async (countMax) => {
      const rows = await database.query<{ payload: string }>(BOOKED_EVENTS_SQL.take, [
        countMax,
        nowMs?.() ?? null,
        TAKEN_MS,
      ]);
      return rows.map(({ payload }) => JSON.parse(payload) as OutcomeEvent);
    },
    stored: async (ids) => {
      await database.query(BOOKED_EVENTS_SQL.stored, [ids]);
    },
  };
}

/** In the transaction that books what they say. One that is kept already stays as it is. */
export async function keepBookedEvents(tx: Queryable, events: readonly OutcomeEvent[], nowMs: bigint): Promise<void> {
  if (events.length === 0) return;
  await tx.query(BOOKED_EVENTS_SQL.keep, [
    events.map(({ id }) => id),
    events.map((event) => JSON.stringify(event)),
    nowMs,
  ]);
}

export const BOOKED_EVENTS_SQL = {
  take: `WITH now AS (
    SELECT coalesce($2::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) AS at_ms
  ), due AS (
    SELECT id FROM booked_event WHERE due_at_ms <= (SELECT at_ms FROM now)
      ORDER BY due_at_ms, id LIMIT $1 FOR UPDATE SKIP LOCKED
  )
  UPDATE booked_event SET due_at_ms = (SELECT at_ms FROM now) + $3::bigint WHERE id IN (SELECT id FROM due)
  RETURNING payload`,
  stored: 'DELETE FROM booked_event WHERE id = ANY ($1::text[])',
  keep: `INSERT INTO booked_event (id, payload, due_at_ms)
    SELECT *, $3::bigint FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`,
} as const;
