/** `gavel consume`: bills and counts events as a process of its own; ends cleanly on SIGTERM and SIGINT. */
import closeWithGrace from 'close-with-grace';
import { startMetricsServer } from '../adapters/http/metrics-server.ts';
import { DRAIN_MS_MAX } from '../adapters/process/drain-budget.ts';
import { startEventConsumer } from '../compose.ts';
import { areCountersShared } from '../config/counters.ts';
import type { Config } from '../config/types.ts';
import { readOptions, wholeNumber } from './options.ts';
import { SYSTEM_OPTIONS, systemConfig } from './system-config.ts';
import { startupError, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'consume',
  summary:
    'bill what events say: from Kafka, or without one from the logs in a data folder that no engine bills itself',
  options: {
    config: SYSTEM_OPTIONS.config,
    data: SYSTEM_OPTIONS.data,
    'from-start': { type: 'boolean', help: 'read all events that are there once more; nothing is billed twice' },
    'metrics-port': {
      type: 'string',
      value: 'N',
      help: 'serve GET /metrics there, 0 for any free port (default: not)',
    },
  },
} as const;

/** Beside the port of the metrics, which is for whoever is on this machine. */
const METRICS_HOST = '127.0.0.1';

export async function consume(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const metricsPort = options['metrics-port'];
  const port = wholeNumber(metricsPort, 'metrics-port', 0, { min: 0, max: 65_535 });
  const config = systemConfig(options, []);
  const { brokers } = config.events.kafka;
  if (brokers !== '' && config.campaigns.databaseUrl === '') {
    throw new UsageError('consume: those who bill from Kafka share a PostgreSQL: set campaigns.databaseUrl');
  }
  const consumer = await startEventConsumer(config, {
    isBilling: true,
    counters: areCountersShared(config) ? 'count' : 'read',
    fromStart: options['from-start'] === true,
  }).catch((error: unknown) => {
    throw problemOf(error, config);
  });
  const metrics =
    metricsPort === undefined
      ? null
      : await startMetricsServer({ host: METRICS_HOST, port }, consumer.metricsText).catch(async (error: unknown) => {
          await consumer.close();
          throw startupError(error);
        });
  const where = brokers === '' ? config.dataDirectory : `Kafka at ${brokers}`;
  process.stdout.write(`Gavel bills from ${where}${metrics === null ? '' : `; metrics at ${metrics.url}/metrics`}\n`);
  closeWithGrace({ delay: DRAIN_MS_MAX, logger: false }, async ({ err }) => {
    await metrics?.close();
    await consumer.close();
    if (err !== undefined) process.stderr.write(`gavel: ${err.stack ?? err.message}\n`);
  });
}

function problemOf(error: unknown, { dataDirectory, events }: Config): unknown {
  const { name, message } = error as Error;
  if (name === 'FolderLockedError') {
    return new UsageError(`consume: another process bills what is in ${dataDirectory}: ${message}`);
  }
  if (name.startsWith('KafkaJS')) return new UsageError(`consume: Kafka at ${events.kafka.brokers}: ${message}`);
  return startupError(error);
}
