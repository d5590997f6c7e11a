/** An engine with books that hands its events on: others bill from them. */
import type { Books } from './books.ts';
import { awaitEvents, type FolderOutbox, tellBacklogs } from './event-watermarks.ts';
import type { Parts } from './parts.ts';

/** Until the end of the parts. Without tracking URLs nothing is held for events: reports come to the books by themselves. */
export async function openHandingOn(parts: Parts, books: Books, outbox: FolderOutbox): Promise<void> {
  const { kafkaSourceName } = await import('./kafka-source.ts');
  const { tracking, kafka } = parts.config.events;
  if (tracking.baseUrl !== '') await awaitEvents(parts, books, kafkaSourceName(kafka.topicPrefix));
  await tellBacklogs(parts, books, outbox);
}
