/** A topic of the Kafka of a world: partitions of events, the oldest of which go when their time is over. */
import type { OutgoingEvent } from '../../../engine/ports/event-sender.ts';
import type { SourcedEvent } from '../../../engine/ports/event-source.ts';

export interface TopicOptions {
  readonly partitions: number;
  /** An event is kept for at least so long, ms. */
  readonly retentionMs: number;
}

export interface PartitionEnd {
  readonly partition: number;
  /** Of the next event. */
  readonly end: number;
  readonly isEmpty: boolean;
}

export interface Fetched {
  readonly partition: number;
  /** Offset of the oldest event that is kept. */
  readonly oldest: number;
  readonly events: readonly SourcedEvent[];
}

interface KeptEvent {
  readonly event: SourcedEvent;
  /** When it came, by the broker. */
  readonly atMs: number;
}

interface Partition {
  /** Offset of the first one that is kept. */
  oldest: number;
  kept: KeptEvent[];
}

/** Events that are over are let go of when they are so many: one by one, each would move all others. */
const FORGOTTEN_AT_ONCE = 1000;

export class MemoryTopic {
  readonly #retentionMs: number;
  readonly #partitions: readonly Partition[];
  /** Of those without a key. */
  #turn = 0;

  constructor({ partitions, retentionMs }: TopicOptions) {
    this.#retentionMs = retentionMs;
    this.#partitions = Array.from({ length: partitions }, () => ({ oldest: 0, kept: [] }));
  }

  /** How many partitions. */
  get width(): number {
    return this.#partitions.length;
  }

  /** All of them, at one moment. Payloads are copied. */
  append(events: readonly OutgoingEvent[], nowMs: number): void {
    for (const { id, key, type, payload } of events) {
      const partition = this.#partitions[key === null ? this.#turn++ % this.width : hashOf(key) % this.width]!;
      const offset = partition.oldest + partition.kept.length;
      partition.kept.push({ event: { offset, id, key, type, payload: Buffer.from(payload) }, atMs: nowMs });
      this.#forgetOld(partition, nowMs);
    }
  }

  /** From this offset on, or from the oldest that is kept; about `bytesMax`, and at least one where there is one. */
  read(partition: number, fromOffset: number, bytesMax: number): Fetched {
    const { oldest, kept } = this.#partitions[partition]!;
    const events: SourcedEvent[] = [];
    let bytes = 0;
    for (let at = Math.max(0, fromOffset - oldest); at < kept.length && bytes < bytesMax; at++) {
      const { event } = kept[at]!;
      events.push(event);
      bytes += event.payload.byteLength;
    }
    return { partition, oldest, events };
  }

  ends(): readonly PartitionEnd[] {
    return this.#partitions.map(({ oldest, kept }, partition) => ({
      partition,
      end: oldest + kept.length,
      isEmpty: kept.length === 0,
    }));
  }

  /** Of the oldest event that came at this moment or later; where there is none, of the next. */
  offsetSince(partition: number, sinceMs: number): number {
    const { oldest, kept } = this.#partitions[partition]!;
    const at = kept.findIndex(({ atMs }) => atMs >= sinceMs);
    return oldest + (at === -1 ? kept.length : at);
  }

  #forgetOld(partition: Partition, nowMs: number): void {
    const { kept } = partition;
    const newestOver = kept[FORGOTTEN_AT_ONCE - 1];
    if (newestOver === undefined || newestOver.atMs + this.#retentionMs > nowMs) return;
    partition.kept = kept.slice(FORGOTTEN_AT_ONCE);
    partition.oldest += FORGOTTEN_AT_ONCE;
  }
}

/** FNV-1a. Another one than that of Kafka's clients: keys stay together, in other partitions. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
