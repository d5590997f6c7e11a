import { expect, it } from 'vitest';
import type { EventBatch, EventConsumer, SourcedEvent } from '../ports/event-source.ts';
import { withoutUnlinkedUsers } from './unlinked-events.ts';

const ANN = 'AnnAnnAnnAnnAnnAnnAnn_';
const BOB = 'BobBobBobBobBobBobBob-';

const event = (key: string | null, offset: number): SourcedEvent => ({
  offset,
  id: String(offset),
  key,
  type: 'win',
  payload: Buffer.from(JSON.stringify({ type: 'win', userKey: key, offset })),
});

it('a consumer gets the events of a deleted user as of nobody, all others as they are', async () => {
  const batches: EventBatch[] = [];
  const failures: unknown[] = [];
  const consumer: EventConsumer = {
    positionOf: async (partition, end) => partition * 10 + (end ?? 0),
    handle: async (batch) => {
      batches.push(batch);
    },
    onFailure: (error) => failures.push(error),
  };
  const filtered = withoutUnlinkedUsers(consumer, (key) => key === ANN);
  const events = [event(ANN, 1), event(BOB, 2), event(null, 3)];
  await filtered.handle({ partition: 4, events });
  expect(await filtered.positionOf(4, 3)).toBe(43);
  filtered.onFailure('x');
  expect(failures).toEqual(['x']);
  const [batch] = batches;
  expect(batch!.partition).toBe(4);
  expect(batch!.events.slice(1)).toEqual(events.slice(1));
  expect(JSON.parse(Buffer.from(batch!.events[0]!.payload).toString())).toEqual({
    type: 'win',
    userKey: null,
    offset: 1,
  });
  // What came is the source's own.
  expect(Buffer.from(events[0]!.payload).toString()).toContain(ANN);
});
