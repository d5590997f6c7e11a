/**
 * Where event logs are inside a data folder. An engine that runs alone writes to `events`; of several, each has a data
 * folder of its own (`worker-1`, `worker-2`, ...) and `events` is where their supervisor holds the lock of the whole.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const WORKER_FOLDER = /^worker-([1-9]\d*)$/;

/** The event log of the engine with this data folder. */
export function eventLogFolder(dataDirectory: string): string {
  return join(dataDirectory, 'events');
}

/** Data folder of one of several engine processes; the number stays with the folder, whoever works in it. */
export function workerDataDirectory(dataDirectory: string, workerNumber: number): string {
  return join(dataDirectory, `worker-${workerNumber}`);
}

/** Numbers of the workers that have ever had a folder here, ascending. */
export async function workerNumbers(dataDirectory: string): Promise<number[]> {
  const numbers = (await readdir(dataDirectory)).map((name) => Number(WORKER_FOLDER.exec(name)?.[1] ?? 0));
  return numbers.filter((number) => number > 0).sort((a, b) => a - b);
}

/** Every event log there is, also those of workers that no longer run; none when the data folder is not there. */
export async function eventLogFolders(dataDirectory: string): Promise<string[]> {
  return [...(await eventLogPartitions(dataDirectory)).values()];
}

/** Logs by number: 0 is that of an engine that runs alone, others are their workers'. */
export function eventLogOfPartition(dataDirectory: string, partition: number): string {
  return eventLogFolder(partition === 0 ? dataDirectory : workerDataDirectory(dataDirectory, partition));
}

/** Those that are there. */
export async function eventLogPartitions(dataDirectory: string): Promise<Map<number, string>> {
  if (!existsSync(dataDirectory)) return new Map();
  const logs = [0, ...(await workerNumbers(dataDirectory))].map(
    (number) => [number, eventLogOfPartition(dataDirectory, number)] as const,
  );
  return new Map(logs.filter(([, folder]) => existsSync(folder)));
}
