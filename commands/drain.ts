/** `gavel drain`: hands on what engines that no longer run have left in their event logs. */
import { type DrainedEventLog, drainEventLogs } from '../compose.ts';
import { readOptions } from './options.ts';
import { SYSTEM_OPTIONS, systemConfig } from './system-config.ts';
import { startupError, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'drain',
  summary: 'send to Kafka what stopped engines have left in the event logs of a data folder, then end',
  options: { config: SYSTEM_OPTIONS.config, data: SYSTEM_OPTIONS.data },
} as const;

export async function drain(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const config = systemConfig(options, []);
  if (config.events.kafka.brokers === '')
    throw new UsageError('drain: no Kafka is configured: set events.kafka.brokers');
  const onLog = ({ folder, drainedCount }: DrainedEventLog): void => {
    const what = drainedCount === null ? 'in use: its engine drains it' : `${drainedCount} events sent`;
    process.stdout.write(`${folder}: ${what}\n`);
  };
  const count = await drainEventLogs(config, onLog).catch((error: unknown) => {
    throw startupError(error);
  });
  if (count === 0)
    throw new UsageError(`no event log in ${config.dataDirectory}; name the engine's folder with --data`);
}
