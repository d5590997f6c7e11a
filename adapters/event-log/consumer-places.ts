/**
 * How far a consumer is in an embedded log, in a file beside the segments: retention waits for it there, whichever process the
 * consumer runs in. What counts for the consumer itself is the place that it keeps with what it makes of the events; this one follows
 * behind. Where it is missing, unreadable or old, more is kept than need be.
 */
import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventSource } from '../../engine/ports/event-source.ts';
import { eventLogOfPartition } from './log-folders.ts';

export interface ConsumerPlacesOptions {
  /** As of the source. */
  readonly dataDirectory: string;
  /** Of the consumer: letters only. */
  readonly name: string;
}

/** The source, whose consumers' places are written down. */
export function keepingPlaces(source: EventSource, { dataDirectory, name }: ConsumerPlacesOptions): EventSource {
  const write = (partition: number, nextOffset: number): Promise<void> =>
    // Nothing that was made of the events depends on it.
    writePlace(eventLogOfPartition(dataDirectory, partition), name, nextOffset).catch(() => {});
  return {
    consume: (consumer) =>
      source.consume({
        positionOf: async (...asked) => {
          const position = await consumer.positionOf(...asked);
          await write(asked[0], typeof position === 'number' ? position : 0);
          return position;
        },
        handle: async (batch) => {
          await consumer.handle(batch);
          await write(batch.partition, batch.events.at(-1)!.offset + 1);
        },
        onFailure: consumer.onFailure,
      }),
  };
}

/** Sequence of the first event of this log that the consumer has not passed; 0: all of them. */
export function readPlace(folder: string, name: string): number {
  try {
    const place = Number(readFileSync(placeFile(folder, name), 'latin1'));
    return Number.isSafeInteger(place) && place >= 0 ? place : 0;
  } catch {
    return 0;
  }
}

/** Always as many bytes, in place: whoever reads at the same time finds a whole one. */
async function writePlace(folder: string, name: string, nextOffset: number): Promise<void> {
  const path = placeFile(folder, name);
  const file = await open(path, 'r+').catch(() => open(path, 'w'));
  try {
    await file.write(String(nextOffset).padStart(PLACE_DIGITS, '0'), 0, 'latin1');
  } finally {
    await file.close();
  }
}

/** Of `Number.MAX_SAFE_INTEGER`. */
const PLACE_DIGITS = 16;

function placeFile(folder: string, name: string): string {
  return join(folder, `${name}.place`);
}
