/**
 * Takes stored events to the archive: many in one write, so few files come of it. An event is taken over when it is kept here; the
 * place behind it is stored when it is durable there. So whatever happens in between, it comes again.
 */
import type { TimerHandle, Timers } from '../ports/clock.ts';
import type { ArchivedEvent, EventArchive } from '../ports/event-archive.ts';
import type { EventBatch, EventConsumer } from '../ports/event-source.ts';

export interface ArchiveLimits {
  /** ms that an event waits for others. */
  readonly flushMs: number;
  /** So many events, or bytes of them, are written without waiting. As many may wait beside those that are being written. */
  readonly flushRows: number;
  readonly flushBytes: number;
}

export interface ArchiveConsumerOptions {
  readonly archive: EventArchive;
  readonly limits: ArchiveLimits;
  readonly timers: Timers;
  readonly onFailure: (error: unknown) => void;
}

export class ArchiveConsumer implements EventConsumer {
  readonly #options: ArchiveConsumerOptions;
  #waiting: ArchivedEvent[] = [];
  #waitingBytes = 0;
  #timer: TimerHandle = null;
  #flushing: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: ArchiveConsumerOptions) {
    this.#options = options;
  }

  /** What waits of the partition is dropped: it comes again from there. */
  readonly positionOf = async (partition: number, end: number | null): Promise<number | null> => {
    await this.#flushing?.catch(() => {});
    this.#wait(this.#waiting.filter((event) => event.partition !== partition));
    const place = await this.#options.archive.placeOf(partition);
    // What is archived twice is read once.
    return place !== null && end !== null && place > end ? end : place;
  };

  readonly handle = async ({ partition, events }: EventBatch): Promise<void> => {
    if (this.#isFull()) await this.flush();
    for (const { offset, id, type, payload } of events) {
      this.#waiting.push({ partition, offset, id, type, payload });
      this.#waitingBytes += payload.byteLength;
    }
    this.#timer ??= this.#options.timers.schedule(this.#options.limits.flushMs, this.#onTime);
  };

  readonly onFailure = (error: unknown): void => this.#options.onFailure(error);

  /** Events that wait. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Resolves when everything that waits by now is durable. Rejects when that fails: it waits on, and is tried again. */
  async flush(): Promise<void> {
    while (this.#flushing !== null) await this.#flushing.catch(() => {});
    if (this.#waiting.length === 0) return;
    this.#flushing = this.#write().finally(() => {
      this.#flushing = null;
    });
    await this.#flushing;
  }

  /** Behind the end of the source: nothing is tried again. Rejects when the last write fails; its events come again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#options.timers.cancel(this.#timer);
    await this.flush();
  }

  readonly #onTime = (): void => {
    this.#timer = null;
    this.flush().catch(this.onFailure);
  };

  async #write(): Promise<void> {
    const { archive, limits, timers } = this.#options;
    const events = this.#waiting;
    this.#wait([]);
    try {
      await archive.write(events);
      const places = new Map(events.map(({ partition, offset }) => [partition, offset + 1]));
      for (const [partition, nextOffset] of places) await archive.storePlace(partition, nextOffset);
    } catch (error) {
      this.#wait([...events, ...this.#waiting]);
      if (!this.#isClosed) this.#timer ??= timers.schedule(limits.flushMs, this.#onTime);
      throw error;
    }
  }

  #isFull(): boolean {
    const { flushRows, flushBytes } = this.#options.limits;
    return this.#waiting.length >= flushRows || this.#waitingBytes >= flushBytes;
  }

  #wait(events: ArchivedEvent[]): void {
    this.#waiting = events;
    this.#waitingBytes = 0;
    for (const { payload } of events) this.#waitingBytes += payload.byteLength;
  }
}
