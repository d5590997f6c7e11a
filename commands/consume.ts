/** `gavel consume`: bills and archives events as a process of its own; ends cleanly on SIGTERM and SIGINT. */
import closeWithGrace from 'close-with-grace';
import { startMetricsServer } from '../adapters/http/metrics-server.ts';
import { DRAIN_MS_MAX } from '../adapters/process/drain-budget.ts';
import { CONSUMERS, type ConsumerName, startEventConsumer } from '../compose.ts';
import type { Config } from '../config/types.ts';
import { readOptions, wholeNumber } from './options.ts';
import { SYSTEM_OPTIONS, systemConfig } from './system-config.ts';
import { startupError, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'consume',
  summary:
    'bill and archive events: from Kafka, or without one from the logs in a data folder, as far as no engine does it itself',
  options: {
    config: SYSTEM_OPTIONS.config,
    data: SYSTEM_OPTIONS.data,
    only: { type: 'string', value: 'LIST', help: `of ${CONSUMERS.join(', ')}, with commas between (default: all)` },
    'from-start': {
      type: 'boolean',
      help: 'read all events that are there once more; nothing is billed or counted twice',
    },
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
  const consumers = consumersOf(options.only, config);
  const { brokers } = config.events.kafka;
  if (consumers.includes('billing') && brokers !== '' && config.campaigns.databaseUrl === '') {
    throw new UsageError('consume: those who bill from Kafka share a PostgreSQL: set campaigns.databaseUrl');
  }
  const fromStart = options['from-start'] === true;
  const consumer = await startEventConsumer(config, { consumers, fromStart }).catch((error: unknown) => {
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
  process.stdout.write(
    `Gavel consumes events from ${where} (${consumers.join(', ')})${metrics === null ? '' : `; metrics at ${metrics.url}/metrics`}\n`,
  );
  closeWithGrace({ delay: DRAIN_MS_MAX, logger: false }, async ({ err }) => {
    await metrics?.close();
    await consumer.close();
    if (err !== undefined) process.stderr.write(`gavel: ${err.stack ?? err.message}\n`);
  });
}

function consumersOf(only: string | undefined, { archive }: Config): ConsumerName[] {
  if (only === undefined) return CONSUMERS.filter((name) => name !== 'archive' || archive.enabled);
  const names = only.split(',');
  const unknown = names.find((name) => !(CONSUMERS as readonly string[]).includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`consume: --only must name some of ${CONSUMERS.join(', ')}, is "${only}"`);
  }
  if (names.includes('archive') && !archive.enabled) {
    throw new UsageError('consume: --only archive: the configuration says that nothing is archived (archive.enabled)');
  }
  return CONSUMERS.filter((name) => names.includes(name));
}

function problemOf(error: unknown, { dataDirectory, events }: Config): unknown {
  const { name, message } = error as Error;
  if (name === 'FolderLockedError') {
    return new UsageError(`consume: another process bills what is in ${dataDirectory}: ${message}`);
  }
  if (name.startsWith('KafkaJS')) return new UsageError(`consume: Kafka at ${events.kafka.brokers}: ${message}`);
  return startupError(error);
}
