/** What bills stored events: source, books, and the notices to DSPs that follow. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openRedisBookingFilter } from '../adapters/booking-filter/booking-filter.redis.ts';
import { lockFolder } from '../adapters/event-log/folder-lock.ts';
import type { EventBooksOptions } from '../adapters/ledger/event-books.ts';
import type { ConsumerMetrics } from '../adapters/metrics/consumer-metrics.ts';
import { BILLING_CONSUMER } from '../config/event-consumers.ts';
import { paidForMs } from '../config/tracking.ts';
import { BillingConsumer } from '../engine/events/billing-consumer.ts';
import { filteredBooks } from '../engine/events/filtered-books.ts';
import type { EventBooks } from '../engine/ports/event-books.ts';
import type { EventSource } from '../engine/ports/event-source.ts';
import type { NoticeSender } from '../engine/ports/notice-sender.ts';
import type { Books } from './books.ts';
import { embeddedEvents } from './embedded-events.ts';
import { awaitEvents, keepWatermarks } from './event-watermarks.ts';
import { tellOutage } from './outages.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

export interface BillingSubjects {
  readonly books: Books;
  readonly notices: NoticeSender;
}

export interface BilledSource {
  readonly source: EventSource;
  /** For metrics. */
  readonly topic: string;
  readonly books: Pick<EventBooksOptions, 'source' | 'copyDeadLetters'>;
}

/** Before all keys in Redis. */
const KEY_PREFIX = 'gavel:';
/** Bookings wait no longer for the filter. */
const FILTER_MS_MAX = 500;
const NOTICES_INTERVAL_MS = 250;
/** A twentieth of what may wait for all DSPs by default. */
const NOTICES_AT_ONCE = 500;
const SWEEP_INTERVAL_MS = 5000;

/** Begins, and goes on until the end of the parts. Rejects when the source cannot be had. */
export async function openEventBilling(
  parts: Parts,
  { books, notices }: BillingSubjects,
  billed: BilledSource,
): Promise<void> {
  const { config, clock, metrics: all, log, closing } = parts;
  const metrics = all.consumer();
  const { feePpm } = config.campaigns;
  const outage = tellOutage(parts, {
    failed: 'billing: events could not be booked; they wait',
    recovered: 'billing: events are booked again',
  });
  const consumer = new BillingConsumer({
    books: await behindFilter(parts, metrics, billed, books.openEventBooks({ ...billed.books, feePpm })),
    billableForMs: (sale) => paidForMs(sale, config),
    observer: {
      onBooked: metrics.onBooked,
      onLate: metrics.onLate,
      onSetAside: ({ payload: _, ...letter }) => {
        metrics.onSetAside(letter);
        log.error({ letter }, 'billing: an event was set aside');
      },
      onFenced: metrics.onFenced,
      onFailure: (err) => {
        metrics.onFailure();
        outage.failed(err);
      },
    },
  });
  const unread = tellOutage(parts, {
    failed: 'billing: notices could not be read',
    recovered: 'billing: notices are read again',
  });
  repeat(parts, NOTICES_INTERVAL_MS, async () => {
    try {
      for (const notice of await books.billingNotices.take(NOTICES_AT_ONCE)) notices.send(notice);
      unread.succeeded();
    } catch (error) {
      unread.failed(error);
    }
  });
  repeat(parts, SWEEP_INTERVAL_MS, () =>
    books.billingNotices.sweepPending(clock.wallMs()).catch((err: unknown) => {
      log.warn({ err }, 'billing: notices that wait for their bill could not be looked through');
    }),
  );
  const { source } = billed.books;
  await awaitEvents(parts, books, source);
  const consumption = await billed.source.consume(consumer);
  closing(consumption.close);
  metrics.readLagFrom(billed.topic, keepWatermarks(parts, books, { source, consumption, outage }));
}

/** The books, behind the filter that is configured. */
async function behindFilter(
  { config, log, closing }: Parts,
  metrics: ConsumerMetrics,
  { books: { source } }: BilledSource,
  books: EventBooks,
): Promise<EventBooks> {
  const { redisUrl, rememberedMax } = config.events.fastFilter;
  if (redisUrl === '') return books;
  const filter = await openRedisBookingFilter({
    url: redisUrl,
    keyPrefix: KEY_PREFIX,
    source,
    rememberedMax,
    commandTimeoutMs: FILTER_MS_MAX,
    onError: (err) => log.warn({ err }, 'billing: Redis with what is booked'),
  });
  closing(filter.close);
  return filteredBooks(books, filter, metrics.filter());
}

/** The logs of a data folder. Rejects with a `FolderLockedError` while another process bills them. */
export async function embeddedSource(parts: Parts): Promise<BilledSource> {
  const lock = join(parts.config.dataDirectory, 'billing');
  await mkdir(lock, { recursive: true });
  parts.closing(await lockFolder(lock));
  const { source, name } = await embeddedEvents(parts, BILLING_CONSUMER);
  return { source, topic: 'embedded', books: { source: name, copyDeadLetters: async () => {} } };
}
