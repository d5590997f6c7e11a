/**
 * Counts what the event log says. Where a partition is, its store keeps with the counts: after any failure the store tells what of a batch
 * was counted. A store that has lost what it held is filled again from the log, as far as windows are kept.
 */
import type { CountedEvent } from '../counters/dimensions.ts';
import type { Clock } from '../ports/clock.ts';
import { type CounterStore, CounterStoreError, type CountingResult } from '../ports/counter-store.ts';
import { type EventBatch, type EventConsumer, PlaceLostError, type StartingPoint } from '../ports/event-source.ts';
import type { BillableForMs } from './billing-batch.ts';
import { countedEvent } from './counted-event.ts';
import { EventFormatError } from './read-event.ts';

export interface CountingObserver {
  readonly onCounted: (result: CountingResult) => void;
  readonly onUnreadable: () => void;
  /** Nothing is known of the partition: what the log still has of the windows is counted anew. */
  readonly onRebuilding: (partition: number) => void;
  readonly onFenced: (partition: number) => void;
  readonly onFailure: (error: unknown) => void;
}

export interface CountingConsumerOptions {
  readonly store: CounterStore;
  /** How long windows are kept, ms. */
  readonly keptMs: number;
  readonly billableForMs: BillableForMs;
  readonly clock: Clock;
  readonly observer: CountingObserver;
}

export class CountingConsumer implements EventConsumer {
  readonly #options: CountingConsumerOptions;
  /** Since when the first event of what is being counted has waited, epoch ms, by partition. */
  readonly #waitingSinceMs = new Map<number, number>();

  constructor(options: CountingConsumerOptions) {
    this.#options = options;
  }

  readonly positionOf = async (partition: number): Promise<StartingPoint> => {
    const { store, keptMs, clock, observer } = this.#options;
    const next = await store.claim(partition);
    this.#waitingSinceMs.delete(partition);
    if (next !== null) return next;
    observer.onRebuilding(partition);
    return { sinceMs: clock.wallMs() - keptMs };
  };

  readonly handle = async ({ partition, events }: EventBatch): Promise<void> => {
    const counted = this.#read(events);
    this.#startWaiting(partition, counted);
    try {
      const toOffset = events.at(-1)!.offset + 1;
      this.#options.observer.onCounted(await this.#options.store.count({ partition, events: counted, toOffset }));
    } catch (error) {
      throw this.#failureOf(error, partition);
    }
    this.#waitingSinceMs.delete(partition);
  };

  readonly onFailure = (error: unknown): void => this.#options.observer.onFailure(error);

  /** How long the oldest event that is being counted has waited, ms; 0: none is. */
  lagMs(): number {
    const nowMs = this.#options.clock.wallMs();
    let lagMs = 0;
    for (const sinceMs of this.#waitingSinceMs.values()) lagMs = Math.max(lagMs, nowMs - sinceMs);
    return lagMs;
  }

  /** Those that cannot be read are billing's to set aside. */
  #read(events: EventBatch['events']): CountedEvent[] {
    const counted: CountedEvent[] = [];
    for (const stored of events) {
      try {
        const event = countedEvent(stored, this.#options.billableForMs);
        if (event !== null) counted.push(event);
      } catch (error) {
        if (!(error instanceof EventFormatError)) throw error;
        this.#options.observer.onUnreadable();
      }
    }
    return counted;
  }

  #startWaiting(partition: number, [first]: readonly CountedEvent[]): void {
    const sinceMs = Math.min(first?.atMs ?? Number.POSITIVE_INFINITY, this.#options.clock.wallMs());
    this.#waitingSinceMs.set(partition, Math.min(sinceMs, this.#waitingSinceMs.get(partition) ?? sinceMs));
  }

  #failureOf(error: unknown, partition: number): unknown {
    if (!(error instanceof CounterStoreError)) return error;
    if (error.code === 'fenced') this.#options.observer.onFenced(partition);
    return error.code === 'lost' ? new PlaceLostError(error.message, { cause: error }) : error;
  }
}
