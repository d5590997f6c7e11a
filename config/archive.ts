/** What the configuration says about the archive of events. */
import { join } from 'node:path';
import type { Config } from './types.ts';

const DAY_MS = 86_400_000;

export function archiveFolder({ archive, dataDirectory }: Pick<Config, 'archive' | 'dataDirectory'>): string {
  return archive.folder === '' ? join(dataDirectory, 'archive') : archive.folder;
}

/** How long files are kept behind the end of what they hold, ms. */
export function archiveRetention({ archive }: Pick<Config, 'archive'>): {
  readonly rawMs: number;
  readonly hourlyMs: number;
} {
  return { rawMs: archive.rawDays * DAY_MS, hourlyMs: archive.hourlyDays * DAY_MS };
}

/** Whether `gavel serve` starts a process that archives. With Kafka, `gavel consume` does. */
export function isArchivingBesideEngine({ archive, events }: Pick<Config, 'archive' | 'events'>): boolean {
  return archive.enabled && archive.besideEngine && events.kafka.brokers === '';
}
