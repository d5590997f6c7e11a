/** How far events are booked, told to all that give back what is held for them; and whose events cannot be handed on, by itself. */
import type { OutboxDrain } from '../adapters/event-log/outbox/outbox-drain.ts';
import type { Consumption } from '../engine/ports/event-source.ts';
import type { Books } from './books.ts';
import { type Outage, tellOutage } from './outages.ts';
import type { Parts } from './parts.ts';
import { repeat } from './repeat.ts';

const LOOK_INTERVAL_MS = 1000;
/** Longer than events wait while all goes well. With a look and its write it is below `WORD_MS_MAX`. */
const BACKLOG_MS_MIN = 1000;

/** What is held waits for the events of this source, from now on. */
export async function awaitEvents(
  { config }: Parts,
  books: Pick<Books, 'registerSource'>,
  source: string,
): Promise<void> {
  await books.registerSource(source, config.campaigns.held.backlogMs);
}

export interface BookedSource {
  /** As `EventBooksOptions.source`. */
  readonly source: string;
  readonly consumption: Pick<Consumption, 'ends'>;
  readonly outage: Outage;
}

/** Moves the watermarks of a source on until the end of the parts. Returns how long events may wait that are not booked, ms. */
export function keepWatermarks(
  parts: Parts,
  books: Pick<Books, 'openWatermarks'>,
  { source, consumption, outage }: BookedSource,
): () => number {
  const { monotonicMs } = parts.clock;
  const watermarks = books.openWatermarks({ source, monotonicMs });
  repeat(parts, LOOK_INTERVAL_MS, async () => {
    try {
      await watermarks.advance(await consumption.ends());
      outage.succeeded();
    } catch (error) {
      outage.failed(error);
    }
  });
  return () => watermarks.lagMs();
}

export interface FolderOutbox {
  /** Of the event log whose events it hands on: the same for ever. */
  readonly id: () => Promise<string>;
  readonly drain: Pick<OutboxDrain, 'oldestMs'>;
}

/** Until the end of the parts. What an earlier process said of this folder goes on, or is over. */
export async function tellBacklogs(
  parts: Parts,
  { backlogs }: Pick<Books, 'backlogs'>,
  outbox: FolderOutbox,
): Promise<void> {
  const id = await outbox.id();
  const outage = tellOutage(parts, {
    failed: 'outbox: the database cannot be told whether events wait',
    recovered: 'outbox: the database knows again whether events wait',
  });
  let isTold: boolean | null = null;
  repeat(parts, LOOK_INTERVAL_MS, async () => {
    const oldestMs = outbox.drain.oldestMs();
    const isWaiting = oldestMs >= BACKLOG_MS_MIN;
    try {
      if (isTold !== isWaiting) {
        await (isWaiting ? backlogs.tell(id, oldestMs) : backlogs.tellNone(id));
      }
      isTold = isWaiting;
      outage.succeeded();
    } catch (error) {
      outage.failed(error);
    }
  });
}
