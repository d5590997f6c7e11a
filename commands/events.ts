/** `gavel events`: what is in the outcome event logs of a data folder, one after the other, also while engines write. */
import { once } from 'node:events';
import { eventLogFolders } from '../adapters/event-log/log-folders.ts';
import { type LogProblem, readEvents } from '../adapters/event-log/reader.ts';
import { decodeEvent } from '../engine/exchange/auction-event.ts';
import { readOptions, wholeNumber } from './options.ts';
import { blaming, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'events',
  summary: 'print or count the outcome events in a data folder',
  options: {
    data: { type: 'string', value: 'DIR', help: 'data folder of the engine (default ./data)' },
    from: { type: 'string', value: 'N', help: 'first sequence number, of each log (default: the oldest there is)' },
    count: { type: 'boolean', help: 'print how many there are instead of the events, one JSON object a line' },
  },
} as const;

export async function events(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const dataDirectory = options.data ?? 'data';
  const from =
    options.from === undefined
      ? {}
      : { fromSequence: wholeNumber(options.from, 'from', 0, { min: 0, max: Number.MAX_SAFE_INTEGER }) };
  const folders = await eventLogFolders(dataDirectory).catch((error: unknown) =>
    blaming('events: --data', dataDirectory, () => {
      throw error;
    }),
  );
  if (folders.length === 0) {
    throw new UsageError(`no event log in ${dataDirectory}; name the engine's folder with --data`);
  }
  let count = 0;
  for (const folder of folders) {
    const onProblem = (problem: LogProblem): void => {
      process.stderr.write(`gavel events: ${folder}: ${JSON.stringify(problem)}\n`);
    };
    for await (const { payload } of readEvents(folder, { ...from, onProblem })) {
      count += 1;
      if (options.count === true) continue;
      if (!process.stdout.write(`${JSON.stringify(decodeEvent(payload))}\n`)) await once(process.stdout, 'drain');
    }
  }
  if (options.count === true) process.stdout.write(`${count}\n`);
}
