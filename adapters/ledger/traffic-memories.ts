import { emptyTrafficMemory } from '../../engine/budget/pacing/traffic-curve.ts';
import type { TrafficMemories, TrafficMemory } from '../../engine/ports/traffic-memories.ts';
import type { Queryable } from './database.ts';

/** Nobody else has kept one for so long. */
export const STALE_MS = 86_400_000;
const BYTES_PER_NUMBER = 4;

export const TRAFFIC_SQL = {
  read: 'SELECT account_id, memory FROM traffic_memory WHERE account_id = ANY ($1::text[])',
  keep: `INSERT INTO traffic_memory AS kept (account_id, memory, events, kept_at_ms)
      SELECT account_id, memory, events::double precision, (extract(epoch FROM clock_timestamp()) * 1000)::bigint
      FROM unnest($1::text[], $2::text[], $3::text[]) AS wanted (account_id, memory, events)
      WHERE EXISTS (SELECT FROM account WHERE id = account_id)
      ORDER BY account_id
    ON CONFLICT (account_id) DO UPDATE
      SET memory = excluded.memory, events = excluded.events, kept_at_ms = excluded.kept_at_ms
      WHERE excluded.events * 2 >= kept.events OR excluded.kept_at_ms >= kept.kept_at_ms + ${STALE_MS}`,
} as const;

export function openTrafficMemories(database: Queryable): TrafficMemories {
  return {
    read: async (accountIds) => {
      const rows = await database.query<{ account_id: string; memory: string }>(TRAFFIC_SQL.read, [accountIds]);
      return new Map(rows.map(({ account_id, memory }) => [account_id, decoded(memory)]));
    },
    keep: async (memories) => {
      const all = [...memories];
      await database.query(TRAFFIC_SQL.keep, [
        all.map(([accountId]) => accountId),
        all.map(([, memory]) => encoded(memory)),
        all.map(([, { dayEvents }]) => String(dayEvents.reduce((sum, events) => sum + events, 0))),
      ]);
    },
  };
}

function arraysOf({ weekEvents, weekMs, dayEvents, dayMs }: TrafficMemory): readonly Float32Array[] {
  return [weekEvents, weekMs, dayEvents, dayMs];
}

function encoded(memory: TrafficMemory): string {
  const arrays = arraysOf(memory);
  const bytes = Buffer.alloc(arrays.reduce((sum, { length }) => sum + length, 0) * BYTES_PER_NUMBER);
  let at = 0;
  for (const array of arrays) for (const number of array) at = bytes.writeFloatLE(number, at);
  return bytes.toString('base64');
}

function decoded(text: string): TrafficMemory {
  const memory = emptyTrafficMemory();
  const bytes = Buffer.from(text, 'base64');
  let at = 0;
  for (const array of arraysOf(memory)) {
    for (let slot = 0; slot < array.length; slot++, at += BYTES_PER_NUMBER) array[slot] = bytes.readFloatLE(at);
  }
  return memory;
}
