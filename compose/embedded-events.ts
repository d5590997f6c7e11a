/** Events out of the logs of a data folder, for those who make something of them. */
import { mkdir } from 'node:fs/promises';
import { keepingPlaces } from '../adapters/event-log/consumer-places.ts';
import { createEmbeddedSource } from '../adapters/event-log/event-source.embedded.ts';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { missingEvents } from '../adapters/event-log/reader.ts';
import { envelopeOf } from '../engine/exchange/event-envelope.ts';
import type { EventSource } from '../engine/ports/event-source.ts';
import { eventLogId } from './event-log-id.ts';
import type { Parts } from './parts.ts';

export interface NamedSource {
  readonly source: EventSource;
  /** Of the log: of another one, or of one that was removed and begun anew, places mean nothing. */
  readonly name: string;
}

/** About so many events in one transaction, which is shorter than anything that waits for its locks. */
const BATCH_BYTES_MAX = 1024 * 1024;
const POLL_MS = 100;

/** `reader` names the consumer: in the log of this process, and in the files that say how far it is. */
export async function embeddedEvents(
  { config, clock, timers, metrics, log }: Parts,
  reader: string,
): Promise<NamedSource> {
  const { dataDirectory } = config;
  const folder = eventLogFolder(dataDirectory);
  await mkdir(folder, { recursive: true });
  return {
    source: keepingPlaces(
      createEmbeddedSource({
        dataDirectory,
        envelopeOf,
        batchBytesMax: BATCH_BYTES_MAX,
        pollMs: POLL_MS,
        clock,
        timers,
        onProblem: (partition, problem) => {
          metrics.eventsMissing(reader, missingEvents(problem));
          log.error({ partition, problem }, `${reader}: events are missing`);
        },
      }),
      { dataDirectory, name: reader },
    ),
    name: `log:${await eventLogId(folder)}`,
  };
}
