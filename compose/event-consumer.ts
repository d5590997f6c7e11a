/** A process, or a part of one, that makes something of events and runs no auction. */
import { createHostResolvers } from '../adapters/dns/host-resolvers.ts';
import type { CounterApiOptions } from '../adapters/http/admin-api/counter-routes.ts';
import type { MetricSnapshot } from '../adapters/metrics/exposition.ts';
import { isReconciling } from '../config/reconciliation.ts';
import type { Config } from '../config/types.ts';
import { openBooks } from './campaign-books.ts';
import { openCounterReading, openCounting } from './counters.ts';
import { embeddedSource, openEventBilling } from './event-billing.ts';
import { openNotices } from './notices.ts';
import { createParts, type OutsideParts, type Parts } from './parts.ts';
import { openPassedOnEvents } from './passed-on-events.ts';
import { openReconciliation } from './reconciliation-job.ts';
import { openRetention } from './retention.ts';

export interface RunningConsumer {
  /** Text of its metrics, for a Prometheus. */
  readonly metricsText: () => Promise<string>;
  readonly metrics: () => Promise<readonly MetricSnapshot[]>;
  /** For the admin listener; null: nothing is counted that could be read here. */
  readonly counters: CounterApiOptions | null;
  /** Resolves when what is under way is done, and nothing more will be. */
  readonly close: () => Promise<void>;
}

/** What is made of events, each by a consumer with a place of its own in the log. */
export const CONSUMERS = ['billing', 'counters', 'archive'] as const;
export type ConsumerName = (typeof CONSUMERS)[number];

export interface EventConsumerOptions extends Partial<OutsideParts> {
  /** Which of them; the others are for other processes. */
  readonly consumers: readonly ConsumerName[];
  /** Bill and archive all events that are there once more, which changes nothing that is booked or counted. */
  readonly fromStart: boolean;
}

/**
 * Consumes Kafka where there is one, else the logs in the data folder. Rejects when database, Kafka, data or archive folder cannot
 * be had.
 */
export async function startEventConsumer(
  config: Config,
  { consumers, fromStart, ...outside }: EventConsumerOptions,
): Promise<RunningConsumer> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    const parts = createParts(config, outside, (closeOne) => opened.push(closeOne));
    if (consumers.includes('billing')) await openBilling(parts, fromStart);
    const counters = await (consumers.includes('counters') ? openCounting(parts) : openCounterReading(parts));
    if (consumers.includes('archive')) await (await import('./archive.ts')).openArchiving(parts, { fromStart });
    const { metrics } = parts;
    return { metricsText: metrics.text, metrics: metrics.snapshot, counters, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openBilling(parts: Parts, fromStart: boolean): Promise<void> {
  const { config, clock, metrics } = parts;
  const billed =
    config.events.kafka.brokers === ''
      ? await embeddedSource(parts)
      : (await import('./kafka-source.ts')).kafkaSource(parts);
  const books = await openBooks(parts);
  const onRefused = (): void => metrics.queueRefused('name-lookups');
  const events = await openPassedOnEvents(parts, books);
  const notices = openNotices(parts, createHostResolvers({ clock, onRefused }), events);
  if (fromStart) await books.forgetPlaces(billed.books.source);
  await openEventBilling(parts, { books, notices }, billed);
  const { database } = books;
  if (database === null) return;
  // Its dead letters and notices pile up also where no engine has the books.
  openRetention(parts, database);
  if (isReconciling(config)) openReconciliation(parts, database);
}
