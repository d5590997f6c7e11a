/** A process, or a part of one, that makes something of events and runs no auction. */
import { createHostResolvers } from '../adapters/dns/host-resolvers.ts';
import type { CounterApiOptions } from '../adapters/http/admin-api/counter-routes.ts';
import { forgetPlaces } from '../adapters/ledger/event-books.ts';
import type { MetricSnapshot } from '../adapters/metrics/exposition.ts';
import type { Config } from '../config/types.ts';
import { openBooks } from './campaign-books.ts';
import { openCounterReading, openCounting } from './counters.ts';
import { embeddedSource, openEventBilling } from './event-billing.ts';
import { openNotices } from './notices.ts';
import { createParts, type OutsideParts, type Parts } from './parts.ts';

export interface RunningConsumer {
  /** Text of its metrics, for a Prometheus. */
  readonly metricsText: () => Promise<string>;
  readonly metrics: () => Promise<readonly MetricSnapshot[]>;
  /** For the admin listener; null: nothing is counted that could be read here. */
  readonly counters: CounterApiOptions | null;
  /** Resolves when what is under way is done, and nothing more will be. */
  readonly close: () => Promise<void>;
}

export interface ConsumerTasks {
  readonly isBilling: boolean;
  /** `read`: another process counts. */
  readonly counters: 'count' | 'read';
  /** Billing: all that is there once more, which changes nothing that is booked. */
  readonly fromStart: boolean;
}

/**
 * Bills and counts from Kafka where there is one, else from the logs in the data folder. Rejects when database, Kafka or data folder
 * cannot be had.
 */
export async function startEventConsumer(
  config: Config,
  { isBilling, counters, fromStart }: ConsumerTasks,
  outside: Partial<OutsideParts> = {},
): Promise<RunningConsumer> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    const parts = createParts(config, outside, (closeOne) => opened.push(closeOne));
    if (isBilling) await startBilling(parts, fromStart);
    const api = await (counters === 'count' ? openCounting(parts) : openCounterReading(parts));
    const { metrics } = parts;
    return { metricsText: metrics.text, metrics: metrics.snapshot, counters: api, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startBilling(parts: Parts, fromStart: boolean): Promise<void> {
  const { config, clock, metrics } = parts;
  const billed =
    config.events.kafka.brokers === ''
      ? await embeddedSource(parts)
      : (await import('./kafka-source.ts')).kafkaSource(parts);
  const { database } = await openBooks(parts);
  const onRefused = (): void => metrics.queueRefused('name-lookups');
  const notices = openNotices(parts, createHostResolvers({ clock, onRefused }), null);
  if (fromStart) await forgetPlaces(database, billed.books.source);
  await openEventBilling(parts, { database, notices }, billed);
}
