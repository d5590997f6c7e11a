/**
 * Until when events are booked. A hold may end by time only when no event that bills it can be waiting any more: in a log or
 * topic that its consumer has not read to the end, or in the outbox of an engine that cannot hand its events on.
 */
import type { EventsEnd } from '../../engine/ports/event-source.ts';
import { databaseNowMs } from './books.ts';
import type { Database, Queryable } from './database.ts';

/**
 * An engine says that its events wait within this time, ms, and the write of what it says included: younger events may be on their
 * way to a topic that looks read to its end.
 */
export const WORD_MS_MAX = 5000;
/** A log that was booked last so many times the longest backlog ago is one that is no more: nobody waits for it. */
const FORGOTTEN_AFTER = 4;

export const WATERMARKS_SQL = {
  bookedUntil: `WITH booked AS (SELECT min(booked_until_ms) AS until_ms FROM event_watermark WHERE booked_until_ms > $1)
    SELECT least(until_ms, (SELECT min(since_ms) FROM event_backlog
      WHERE since_ms > $1 AND (until_ms IS NULL OR until_ms > booked.until_ms))) AS booked_until_ms
    FROM booked WHERE until_ms IS NOT NULL`,
  register: `INSERT INTO event_watermark (source, partition, booked_until_ms) VALUES ($1, 0, $2::bigint)
    ON CONFLICT (source, partition) DO UPDATE SET booked_until_ms = EXCLUDED.booked_until_ms
      WHERE event_watermark.booked_until_ms <= $3::bigint`,
  advance: `INSERT INTO event_watermark AS known (source, partition, booked_until_ms)
      SELECT $1, look.partition::integer, coalesce(
        max(look.at_ms) FILTER (WHERE place.next_offset >= look.ends_at OR place.next_offset IS NULL AND look.is_empty),
        (SELECT min(booked_until_ms) FROM event_watermark WHERE source = $1), 0)
      FROM unnest($2::bigint[], $3::bigint[], $4::boolean[], $5::bigint[]) AS look (partition, ends_at, is_empty, at_ms)
      LEFT JOIN consumer_offset AS place ON place.source = $1 AND place.partition = look.partition
      GROUP BY look.partition ORDER BY look.partition
    ON CONFLICT (source, partition) DO UPDATE SET booked_until_ms = EXCLUDED.booked_until_ms
      WHERE EXCLUDED.booked_until_ms > known.booked_until_ms`,
  read: 'SELECT partition, booked_until_ms FROM event_watermark WHERE source = $1 AND partition = ANY ($2::bigint[])',
} as const;

export interface BookedUntilOptions {
  readonly nowMs: number;
  /** Of the oldest event that is waited for, ms. */
  readonly backlogMs: number;
}

/** Epoch ms by the database's clock: all events stored before then are booked. Null: nobody bills from events. */
export async function readBookedUntil(
  database: Queryable,
  { nowMs, backlogMs }: BookedUntilOptions,
): Promise<number | null> {
  const [row] = await database.query<{ booked_until_ms: bigint | null }>(WATERMARKS_SQL.bookedUntil, [
    Math.floor(nowMs - FORGOTTEN_AFTER * backlogMs),
  ]);
  return row === undefined ? null : Number(row.booked_until_ms) - WORD_MS_MAX;
}

/**
 * From now on events of this log or topic bill: also before its consumer has begun, and after a time in which nobody waited for it.
 */
export async function registerEventSource(
  database: Database,
  source: string,
  { nowMs, backlogMs }: { readonly nowMs: number | null; readonly backlogMs: number },
): Promise<void> {
  const now = nowMs ?? Number(await databaseNowMs(database));
  await database.query(WATERMARKS_SQL.register, [
    source,
    Math.floor(now),
    Math.floor(now - FORGOTTEN_AFTER * backlogMs),
  ]);
}

export interface EventWatermarksOptions {
  /** As `EventBooksOptions.source`. */
  readonly source: string;
  readonly monotonicMs: () => number;
  /** As `LedgerOptions.nowMs`. */
  readonly nowMs: (() => number) | null;
}

/** An end as of a moment of the database's clock. */
interface Look extends Pick<EventsEnd, 'partition' | 'end' | 'isEmpty'> {
  readonly atMs: number;
}

/** Moves a source's watermarks on as its places pass what its ends were. Any number of processes do. */
export class EventWatermarks {
  readonly #database: Database;
  readonly #options: EventWatermarksOptions;
  /** By partition: an end that was not reached when it was looked at, while later ones are not either. */
  #awaited = new Map<number, Look>();
  #known: { readonly lagMs: number; readonly atMs: number };

  constructor(database: Database, options: EventWatermarksOptions) {
    this.#database = database;
    this.#options = options;
    this.#known = { lagMs: 0, atMs: options.monotonicMs() };
  }

  /** Ends as they were when `EventsEnd.atMs` was read from the same clock. */
  async advance(ends: readonly EventsEnd[]): Promise<void> {
    if (ends.length === 0) return;
    const { nowMs, monotonicMs } = this.#options;
    const now = nowMs?.() ?? Number(await databaseNowMs(this.#database));
    const atMs = monotonicMs();
    const looks = ends.map((each) => ({ ...each, atMs: Math.floor(now - (atMs - each.atMs)) }));
    const bookedUntil = await this.#write([...looks, ...this.#awaited.values()]);
    this.#await(looks, bookedUntil);
    this.#known = { lagMs: now - Math.min(...bookedUntil.values()), atMs };
  }

  /** How long the oldest event may wait that is not booked, ms: since the last moment as of which all were. */
  lagMs(): number {
    return Math.max(0, this.#known.lagMs + this.#options.monotonicMs() - this.#known.atMs);
  }

  /** A partition that nobody has booked of stands where all others do: it was not there when they were looked at. */
  async #write(looks: readonly Look[]): Promise<Map<number, number>> {
    const { source } = this.#options;
    await this.#database.query(WATERMARKS_SQL.advance, [
      source,
      looks.map(({ partition }) => partition),
      looks.map(({ end }) => end),
      looks.map(({ isEmpty }) => isEmpty),
      looks.map(({ atMs }) => atMs),
    ]);
    const rows = await this.#database.query<{ partition: number; booked_until_ms: bigint }>(WATERMARKS_SQL.read, [
      source,
      looks.map(({ partition }) => partition),
    ]);
    return new Map(rows.map((row) => [row.partition, Number(row.booked_until_ms)]));
  }

  #await(looks: readonly Look[], bookedUntil: ReadonlyMap<number, number>): void {
    const before = this.#awaited;
    this.#awaited = new Map();
    for (const look of looks) {
      const untilMs = bookedUntil.get(look.partition)!;
      const next = [before.get(look.partition), look].find((each) => each !== undefined && each.atMs > untilMs);
      if (next !== undefined) this.#awaited.set(look.partition, next);
    }
  }
}
