/** `gavel events`: what is in the outcome event logs of a data folder, one after the other, also while engines write. */
import { once } from 'node:events';
import { eventLogFolders } from '../adapters/event-log/log-folders.ts';
import { type LogProblem, readEvents } from '../adapters/event-log/reader.ts';
import { EVENT_SCHEMAS } from '../engine/events/event-schemas.ts';
import { type GavelEvent, readEvent } from '../engine/events/read-event.ts';
import { readOptions, wholeNumber } from './options.ts';
import { blaming, UsageError } from './usage-error.ts';

const COMMAND = {
  name: 'events',
  summary: 'print or count the outcome events in a data folder',
  options: {
    data: { type: 'string', value: 'DIR', help: 'data folder of the engine (default ./data)' },
    from: { type: 'string', value: 'N', help: 'first sequence number, of each log (default: the oldest there is)' },
    type: {
      type: 'string',
      value: 'TYPE',
      help: 'events of this type (docs/event-types.md), or all (default auction)',
    },
    count: { type: 'boolean', help: 'print how many there are instead of the events, one JSON object a line' },
  },
} as const;

export async function events(args: readonly string[]): Promise<void> {
  const options = readOptions(COMMAND, args);
  if (options === null) return;
  const dataDirectory = options.data ?? 'data';
  const type = typeOf(options.type ?? 'auction');
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
      const event = eventIn(payload, folder);
      if (event === null) continue;
      if (type !== ALL && event.type !== type) continue;
      count += 1;
      if (options.count === true) continue;
      if (!process.stdout.write(`${JSON.stringify(event)}\n`)) await once(process.stdout, 'drain');
    }
  }
  if (options.count === true) process.stdout.write(`${count}\n`);
}

/** Null: nobody can read it; the rest can be read all the same. */
function eventIn(payload: Uint8Array, folder: string): GavelEvent | null {
  try {
    return readEvent(payload);
  } catch (error) {
    process.stderr.write(`gavel events: ${folder}: ${(error as Error).message}\n`);
    return null;
  }
}

const ALL = 'all';

function typeOf(type: string): string {
  if (type === ALL || Object.hasOwn(EVENT_SCHEMAS, type)) return type;
  throw new UsageError(`events: --type must be all or one of ${Object.keys(EVENT_SCHEMAS).join(', ')}, is "${type}"`);
}
