/** A process, or a part of one, that bills events and runs no auction. */
import { createHostResolvers } from '../adapters/dns/host-resolvers.ts';
import { forgetPlaces } from '../adapters/ledger/event-books.ts';
import type { MetricSnapshot } from '../adapters/metrics/exposition.ts';
import type { Config } from '../config/types.ts';
import { openBooks } from './campaign-books.ts';
import { embeddedSource, openEventBilling } from './event-billing.ts';
import { openNotices } from './notices.ts';
import { createParts, type OutsideParts } from './parts.ts';
import { openPassedOnEvents } from './passed-on-events.ts';

export interface RunningConsumer {
  /** Text of its metrics, for a Prometheus. */
  readonly metricsText: () => Promise<string>;
  readonly metrics: () => Promise<readonly MetricSnapshot[]>;
  /** Resolves when what is being booked is, and nothing more will be. */
  readonly close: () => Promise<void>;
}

/**
 * Bills from Kafka where there is one, else from the logs in the data folder. `fromStart`: all that is there once more, which changes
 * nothing that is booked. Rejects when database, Kafka or data folder cannot be had.
 */
export async function startEventConsumer(
  config: Config,
  { fromStart, ...outside }: Partial<OutsideParts> & { readonly fromStart: boolean },
): Promise<RunningConsumer> {
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closeOne of opened.splice(0).reverse()) await closeOne();
  };
  try {
    const parts = createParts(config, outside, (closeOne) => opened.push(closeOne));
    const { clock, metrics } = parts;
    const billed =
      config.events.kafka.brokers === ''
        ? await embeddedSource(parts)
        : (await import('./kafka-source.ts')).kafkaSource(parts);
    const { database } = await openBooks(parts);
    const onRefused = (): void => metrics.queueRefused('name-lookups');
    const events = await openPassedOnEvents(parts, database);
    const notices = openNotices(parts, createHostResolvers({ clock, onRefused }), events);
    if (fromStart) await forgetPlaces(database, billed.books.source);
    await openEventBilling(parts, { database, notices }, billed);
    return { metricsText: metrics.text, metrics: metrics.snapshot, close };
  } catch (error) {
    await close();
    throw error;
  }
}
