/** What every `EventSource` must do. An implementation's test calls this with a way to fill it and to open it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Consumption,
  type EventBatch,
  type EventConsumer,
  type EventSource,
  PlaceLostError,
} from '../../engine/ports/event-source.ts';

export interface EventSourceHarness {
  /** All of it goes to one partition, in order. */
  readonly append: (...texts: string[]) => Promise<void>;
  /** Another member of the same group each time. */
  readonly open: () => EventSource;
  readonly dispose: () => Promise<void>;
}

export function eventSourceContract(name: string, createHarness: () => Promise<EventSourceHarness>): void {
  describe(`${name} keeps the EventSource contract`, () => {
    let harness: EventSourceHarness;
    const running: Consumption[] = [];
    beforeEach(async () => {
      harness = await createHarness();
    });
    afterEach(async () => {
      for (const consumption of running.splice(0)) await consumption.close();
      await harness.dispose();
    });

    async function consume(consumer: EventConsumer): Promise<Consumption> {
      const consumption = await harness.open().consume(consumer);
      running.push(consumption);
      return consumption;
    }

    it('gives all events in order, from the oldest, and goes on with those that come', async () => {
      await harness.append('a', 'b');
      const books = new Books();
      await consume(books);
      await expect.poll(() => books.texts(), POLL).toEqual(['a', 'b']);
      await harness.append('c');
      await expect.poll(() => books.texts(), POLL).toEqual(['a', 'b', 'c']);
      const offsets = books.seen.map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      expect(new Set(offsets).size).toBe(3);
      expect(new Set(books.seen.map(({ id }) => id)).size).toBe(3);
      expect(books.seen[0]).toMatchObject({ type: 'a', key: 'user' });
    });

    it('says where it ends', async () => {
      const books = new Books();
      const { ends } = await consume(books);
      const ended = async () => (await ends()).map(({ end, isEmpty }) => [end, isEmpty]);
      await expect.poll(ended, POLL).toEqual([[0, true]]);
      await harness.append('a', 'b');
      await expect.poll(() => books.texts(), POLL).toEqual(['a', 'b']);
      await expect.poll(ended, POLL).toEqual([[books.seen.at(-1)!.offset + 1, false]]);
    });

    it('begins again where a consumer wants to that has lost its place, also before what it gave', async () => {
      await harness.append('a', 'b', 'c');
      const books = new Books();
      let hasLost = false;
      await consume({
        positionOf: books.positionOf,
        onFailure: books.onFailure,
        handle: async (batch) => {
          if (books.seen.length === 3 && !hasLost) {
            hasLost = true;
            books.place.set(batch.partition, books.seen[1]!.offset);
            throw new PlaceLostError('an older copy');
          }
          await books.handle(batch);
        },
      });
      await expect.poll(() => books.texts(), POLL).toEqual(['a', 'b', 'c']);
      await harness.append('d');
      await expect.poll(() => books.texts(), POLL).toEqual(['a', 'b', 'c', 'b', 'c', 'd']);
      expect(books.failures).toBe(1);
    });

    it('begins before all that was stored since a moment', async () => {
      await harness.append('a');
      const books = new Books();
      await consume({ ...books, positionOf: async () => ({ sinceMs: Date.now() - 60_000 }) });
      await expect.poll(() => books.texts(), POLL).toEqual(['a']);
      await harness.append('b');
      await expect.poll(() => books.texts(), POLL).toEqual(['a', 'b']);
    });

    it('goes on where its consumer is, whatever another one has had', async () => {
      await harness.append('a', 'b', 'c');
      const books = new Books();
      const first = await consume(books);
      await expect.poll(() => books.texts(), POLL).toEqual(['a', 'b', 'c']);
      await first.close();
      const later = new Books();
      later.place.set(books.partition!, books.seen[1]!.offset);
      await consume(later);
      await expect.poll(() => later.texts(), POLL).toEqual(['b', 'c']);
    });

    it('gives the same events again when they could not be handled, and nothing behind them before', async () => {
      await harness.append('a', 'b');
      const books = new Books();
      let failures = 2;
      const tries: string[] = [];
      await consume({
        positionOf: books.positionOf,
        onFailure: books.onFailure,
        handle: async (batch) => {
          tries.push(String(Buffer.from(batch.events[0]!.payload)));
          if (failures > 0) {
            failures -= 1;
            throw new Error('the database is away');
          }
          await books.handle(batch);
        },
      });
      await expect.poll(() => books.texts(), POLL).toEqual(['a', 'b']);
      expect(tries.slice(0, 3)).toEqual([payloadOf('a'), payloadOf('a'), payloadOf('a')]);
      expect(books.failures).toBe(2);
    });

    it('waits for the handler that runs when it is closed, and starts none afterwards', async () => {
      await harness.append('a');
      const books = new Books();
      let finish: (() => void) | null = null;
      let isClosed = false;
      const consumption = await consume({
        positionOf: books.positionOf,
        onFailure: books.onFailure,
        handle: async (batch) => {
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          expect(isClosed).toBe(false);
          await books.handle(batch);
        },
      });
      await expect.poll(() => finish, POLL).not.toBeNull();
      const closing = consumption.close().then(() => {
        isClosed = true;
      });
      finish!();
      await closing;
      await harness.append('b');
      expect(books.texts()).toEqual(['a']);
    });
  });
}

const POLL = { timeout: 20_000 };

/** An event whose type is its text. */
export function payloadOf(text: string): string {
  return JSON.stringify({ type: text, userKey: 'user' });
}

/** A consumer that stores what it is given with its place, as a database would. */
class Books implements EventConsumer {
  readonly place = new Map<number, number>();
  readonly seen: EventBatch['events'][number][] = [];
  partition: number | null = null;
  failures = 0;

  readonly positionOf = async (partition: number): Promise<number | null> => this.place.get(partition) ?? null;

  readonly handle = async ({ partition, events }: EventBatch): Promise<void> => {
    this.partition = partition;
    this.seen.push(...events);
    this.place.set(partition, events.at(-1)!.offset + 1);
  };

  readonly onFailure = (): void => {
    this.failures += 1;
  };

  texts(): string[] {
    return this.seen.map(({ payload }) => (JSON.parse(Buffer.from(payload).toString()) as { type: string }).type);
  }
}
