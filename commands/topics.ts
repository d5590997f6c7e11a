/** `gavel topics apply`: makes the topics in Kafka that engine and consumers use. */
import { applyAllTopics } from '../compose.ts';
import { readOptions, wholeNumber } from './options.ts';
import { SYSTEM_OPTIONS, systemConfig } from './system-config.ts';
import { UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'topics apply',
  summary: 'make the topics in Kafka, add partitions, set how long events are kept; never removes anything',
  options: {
    config: SYSTEM_OPTIONS.config,
    partitions: { type: 'string', value: 'N', help: 'at least so many, of the topic of events (default 12)' },
    replication: { type: 'string', value: 'N', help: 'copies of a new topic (default: as the brokers say)' },
    'retention-days': { type: 'string', value: 'N', help: 'how long events are kept (default 7)' },
  },
} as const;

const PARTITIONS = { min: 1, max: 10_000 };
const BROKERS_DEFAULT = -1;
const DAY_MS = 86_400_000;

export async function topics(args: readonly string[]): Promise<void> {
  const [action, ...rest] = args;
  const isHelp = action === '--help' || action === '-h';
  if (action !== 'apply' && !isHelp) {
    throw new UsageError(
      `topics: ${action === undefined ? 'say what to do' : `"${action}" is nothing that can be done`}; there is gavel topics apply`,
    );
  }
  const options = readOptions(COMMAND, isHelp ? [action] : rest);
  if (options === null) return;
  const plan = {
    partitions: wholeNumber(options.partitions, 'partitions', 12, PARTITIONS),
    replicationFactor: wholeNumber(options.replication, 'replication', BROKERS_DEFAULT, { min: 1, max: 100 }),
    retentionMs: wholeNumber(options['retention-days'], 'retention-days', 7, { min: 1, max: 3650 }) * DAY_MS,
  };
  const { kafka } = systemConfig(options, []).events;
  if (kafka.brokers === '') throw new UsageError('topics: no Kafka is configured: set events.kafka.brokers');
  const states = await applyAllTopics(kafka, plan).catch((error: Error) => {
    throw new UsageError(`topics: Kafka at ${kafka.brokers}: ${error.message}`);
  });
  for (const { name, result, partitions, changed } of states) {
    const settings = changed.length === 0 ? '' : `, set ${changed.join(', ')}`;
    process.stdout.write(`${name}: ${RESULTS[result]} (${partitions} partitions)${settings}\n`);
  }
}

const RESULTS = { created: 'created', 'partitions-added': 'partitions added', unchanged: 'was there' } as const;
