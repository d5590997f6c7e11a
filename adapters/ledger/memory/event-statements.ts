/** Statements of events: places, what DSPs owe, notices, what is booked until when. */
import type { BILLING_NOTICES_SQL } from '../billing-notices.ts';
import type { BOOKED_EVENTS_SQL } from '../booked-events.ts';
import type { BACKLOGS_SQL } from '../event-backlogs.ts';
import type { EVENT_BOOKS_SQL } from '../event-books.ts';
import type { WATERMARKS_SQL } from '../event-watermarks.ts';
import type { PENDING_NOTICES_SQL } from '../pending-notices.ts';
import type { RECEIVABLES_SQL } from '../receivables.ts';
import type { REFUNDS_SQL } from '../refunds.ts';
import { bigintOf, compareText, earliest, type Moment, type Statements } from './statement.ts';
import type { DspTransferRow, NoticeRow, PendingNoticeRow, PlaceRow, Tables } from './tables.ts';

export const EVENT_BOOKS_STATEMENTS: Statements<typeof EVENT_BOOKS_SQL> = {
  claim: ({ tables: { consumer_offset } }, source: string, partition: number, end: number | null) => {
    const { epoch, next_offset } = consumer_offset.find({ source, partition }) ?? { epoch: 0n, next_offset: null };
    const isBeyond = end !== null && next_offset !== null && next_offset > end;
    const place = { epoch: epoch + 1n, next_offset: isBeyond ? bigintOf(end) : next_offset };
    consumer_offset.put({ source, partition, ...place });
    return [place];
  },
  placeOf: ({ tables: { consumer_offset } }, source: string, partition: number) =>
    present(consumer_offset.find({ source, partition })),
  movePlace: (
    { tables: { consumer_offset } },
    source: string,
    partition: number,
    epoch: number,
    from: number | null,
    to: number,
  ) => {
    const place = consumer_offset.find({ source, partition });
    const isThere = place !== undefined && Number(place.epoch) === epoch && numberOf(place) === from;
    if (!isThere) return [];
    consumer_offset.put({ ...place, next_offset: bigintOf(to) });
    return [place];
  },
  forgetPlaces: ({ tables: { consumer_offset } }, source: string) => {
    const places = [...consumer_offset.rows()].filter((place) => place.source === source);
    for (const place of places) consumer_offset.put({ ...place, next_offset: null, epoch: place.epoch + 1n });
    return [];
  },
  keepLetter: ({ tables: { dead_letter } }, ...values: readonly unknown[]) => {
    const [source, partition, offset, type, reason, message, tries, at_ms, payload] = values;
    const key = { source: source as string, partition: partition as number, log_offset: bigintOf(offset as number) };
    dead_letter.insertNew({ ...key, type, reason, message, tries, at_ms, payload });
    return [];
  },
};

function present<Of>(row: Of | undefined): readonly Of[] {
  return row === undefined ? [] : [row];
}

function numberOf({ next_offset }: PlaceRow): number | null {
  return next_offset === null ? null : Number(next_offset);
}

export const RECEIVABLES_STATEMENTS: Statements<typeof RECEIVABLES_SQL> = {
  insert: ({ tables: { dsp_transfer } }, kind: 'bill' | 'void', at_ms: bigint, ...columns: readonly unknown[][]) => {
    const [keys, dspIds, seats, publisherIds, currencies, amounts, fees, times, terms] = columns;
    return keys!.flatMap((key, at) => {
      const row = {
        kind,
        key,
        dsp_id: dspIds![at],
        seat: seats![at],
        publisher_id: publisherIds![at],
        currency: currencies![at],
        amount: bigintOf(amounts![at] as number),
        fee: bigintOf(fees![at] as bigint),
        happened_at_ms: bigintOf(times![at] as number),
        terms: terms![at],
        at_ms,
      } as DspTransferRow;
      return dsp_transfer.insertNew(row) ? { key } : [];
    });
  },
  voided: ({ tables }, keys: readonly string[]) =>
    keys.filter((key) => decided(tables, key)?.kind === 'void').map((key) => ({ key })),
  refund: ({ tables }, keys: readonly string[], at_ms: bigint) =>
    [...keys].sort(compareText).flatMap((key) => {
      const row = decided(tables, key);
      if (row?.kind !== 'bill') return [];
      const { id: _, ...billed } = row;
      return tables.dsp_transfer.insertNew({ ...billed, kind: 'refund', at_ms } as DspTransferRow) ? { key } : [];
    }),
  keepNotices: ({ tables: { billing_notice } }, at_ms: bigint, ...columns: readonly string[][]) => {
    const [keys, dspIds, auctionIds, impIds, urls] = columns;
    for (const [at, key] of keys!.entries()) {
      const about = { dsp_id: dspIds![at]!, auction_id: auctionIds![at]!, imp_id: impIds![at]! };
      billing_notice.insert({ key, ...about, url: urls![at]!, at_ms });
    }
    return [];
  },
};

function decided({ dsp_transfer }: Tables, key: string): DspTransferRow | undefined {
  return dsp_transfer.find({ kind: 'bill', key });
}

function refunded({ dsp_transfer }: Tables, key: string): DspTransferRow | undefined {
  return dsp_transfer.find({ kind: 'refund', key });
}

export const REFUNDS_STATEMENTS: Statements<typeof REFUNDS_SQL> = {
  owed: ({ tables }, keys: readonly string[]) =>
    keys.flatMap((key) => [...present(decided(tables, key)), ...present(refunded(tables, key))]),
};

export const BILLING_NOTICES_STATEMENTS: Statements<typeof BILLING_NOTICES_SQL> = {
  take: ({ tables: { billing_notice } }, countMax: number) => {
    const byKey = [...billing_notice.rows()].sort((one, other) => compareText(one.key, other.key));
    const taken = earliest(byKey, ({ at_ms }) => at_ms, countMax);
    for (const notice of taken) billing_notice.delete(notice);
    return taken;
  },
};

export const PENDING_NOTICES_STATEMENTS: Statements<typeof PENDING_NOTICES_SQL> = {
  keep: ({ tables: { pending_notice } }, kept_at_ms: bigint, ...columns: readonly unknown[][]) => {
    const [keys, dspIds, auctionIds, impIds, urls, untils] = columns;
    for (const [at, key] of keys!.entries()) {
      const about = { key, dsp_id: dspIds![at], auction_id: auctionIds![at], imp_id: impIds![at], url: urls![at] };
      pending_notice.insertNew({ ...about, kept_at_ms, until_ms: bigintOf(untils![at] as number) } as PendingNoticeRow);
    }
    return [];
  },
  handOn: (moment, nowMs: bigint, keys: readonly string[]) => {
    const waiting = moment.tables.pending_notice.index('waiting');
    return handOn(
      moment,
      nowMs,
      [...new Set(keys)].flatMap((key) => waiting.get(key) ?? []),
    );
  },
  handOnKept: (moment, nowMs: number, since: number) => {
    const waiting = [...moment.tables.pending_notice.index('waiting').values()];
    return handOn(
      moment,
      bigintOf(Math.floor(nowMs)),
      waiting.filter(({ kept_at_ms }) => kept_at_ms > since),
    );
  },
  forget: ({ tables: { pending_notice } }, nowMs: number) => {
    for (const notice of [...pending_notice.rows()]) if (notice.until_ms <= nowMs) pending_notice.delete(notice);
    return [];
  },
};

/** Of these, what is billed and not undone. */
function handOn({ tables }: Moment, at_ms: bigint, waiting: readonly PendingNoticeRow[]): readonly NoticeRow[] {
  const due = waiting.filter(({ key }) => decided(tables, key)?.kind === 'bill' && refunded(tables, key) === undefined);
  for (const notice of due) {
    const { key, dsp_id, auction_id, imp_id, url } = notice;
    tables.pending_notice.put({ ...notice, url: null });
    tables.billing_notice.insertNew({ key, dsp_id, auction_id, imp_id, url: url!, at_ms });
  }
  return [];
}

export const BOOKED_EVENTS_STATEMENTS: Statements<typeof BOOKED_EVENTS_SQL> = {
  take: ({ tables: { booked_event }, nowMs }, countMax: number, atMs: number | null, takenMs: number) => {
    const at = bigintOf(Math.floor(atMs ?? nowMs));
    const due = [...booked_event.rows()].filter(({ due_at_ms }) => due_at_ms <= at);
    due.sort((one, other) => compareText(one.id, other.id));
    const taken = earliest(due, ({ due_at_ms }) => due_at_ms, countMax);
    for (const event of taken) booked_event.put({ ...event, due_at_ms: at + bigintOf(takenMs) });
    return taken;
  },
  stored: ({ tables: { booked_event } }, ids: readonly string[]) => {
    for (const event of ids.flatMap((id) => booked_event.find({ id }) ?? [])) booked_event.delete(event);
    return [];
  },
  keep: ({ tables: { booked_event } }, ids: readonly string[], payloads: readonly string[], due_at_ms: bigint) => {
    for (const [at, id] of ids.entries()) booked_event.insertNew({ id, payload: payloads[at]!, due_at_ms });
    return [];
  },
};

export const BACKLOGS_STATEMENTS: Statements<typeof BACKLOGS_SQL> = {
  tell: ({ tables: { event_backlog } }, outbox: string, sinceMs: number) => {
    const since = bigintOf(sinceMs);
    const known = event_backlog.find({ outbox })?.since_ms ?? since;
    event_backlog.put({ outbox, since_ms: known < since ? known : since, until_ms: null });
    return [];
  },
  tellNone: ({ tables: { event_backlog } }, outbox: string, untilMs: number) => {
    const known = event_backlog.find({ outbox });
    if (known?.until_ms === null) event_backlog.put({ ...known, until_ms: bigintOf(untilMs) });
    return [];
  },
  forget: ({ tables: { event_backlog } }, bookedUntilMs: number) => {
    for (const backlog of [...event_backlog.rows()]) {
      if (backlog.until_ms !== null && backlog.until_ms < bookedUntilMs) event_backlog.delete(backlog);
    }
    return [];
  },
};

export const WATERMARKS_STATEMENTS: Statements<typeof WATERMARKS_SQL> = {
  bookedUntil: ({ tables: { event_watermark, event_backlog } }, sinceMs: number) => {
    const booked = least([...event_watermark.rows()].map((row) => row.booked_until_ms).filter((at) => at > sinceMs));
    if (booked === null) return [];
    const waiting = [...event_backlog.rows()].filter(
      ({ since_ms, until_ms }) => since_ms > sinceMs && (until_ms === null || until_ms > booked),
    );
    return [{ booked_until_ms: least([booked, ...waiting.map(({ since_ms }) => since_ms)]) }];
  },
  register: ({ tables: { event_watermark } }, source: string, nowMs: number, forgottenMs: number) => {
    const known = event_watermark.find({ source, partition: 0 });
    if (known === undefined || known.booked_until_ms <= forgottenMs) {
      event_watermark.put({ source, partition: 0, booked_until_ms: bigintOf(nowMs) });
    }
    return [];
  },
  advance: (moment, source: string, ...columns: readonly unknown[][]) => {
    const { event_watermark } = moment.tables;
    const reached = reachedBy(moment, source, columns);
    const others = [...event_watermark.rows()].filter((row) => row.source === source);
    const ofOthers = least(others.map((row) => row.booked_until_ms)) ?? 0n;
    for (const [partition, atMs] of reached) {
      const booked_until_ms = atMs ?? ofOthers;
      const known = event_watermark.find({ source, partition });
      if (known === undefined || booked_until_ms > known.booked_until_ms) {
        event_watermark.put({ source, partition, booked_until_ms });
      }
    }
    return [];
  },
  read: ({ tables: { event_watermark } }, source: string, partitions: readonly number[]) =>
    [...new Set(partitions)].flatMap((partition) => event_watermark.find({ source, partition }) ?? []),
};

/** By partition, the latest look whose end its place has passed; null: it has passed none. */
function reachedBy(
  { tables: { consumer_offset } }: Moment,
  source: string,
  columns: readonly unknown[][],
): ReadonlyMap<number, bigint | null> {
  const [partitions, ends, empties, times] = columns as [number[], number[], boolean[], number[]];
  const reached = new Map<number, bigint | null>();
  for (const [look, partition] of partitions.entries()) {
    const next = consumer_offset.find({ source, partition })?.next_offset ?? null;
    const isPassed = next === null ? empties[look]! : next >= ends[look]!;
    const before = reached.get(partition) ?? null;
    const at = isPassed ? bigintOf(times[look]!) : null;
    reached.set(partition, before === null || (at !== null && at > before) ? at : before);
  }
  return reached;
}

function least(values: readonly bigint[]): bigint | null {
  return values.reduce<bigint | null>((known, value) => (known === null || value < known ? value : known), null);
}
