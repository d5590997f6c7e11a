/**
 * A Kafka of a world: topics and the groups that read them. What it has acknowledged it keeps; that it cannot be reached, or that its
 * answers are lost, is for the links to it.
 */
import type { Clock } from '../../../engine/ports/clock.ts';
import type { OutgoingEvent } from '../../../engine/ports/event-sender.ts';
import { ConsumerGroup, type Membership } from './consumer-group.ts';
import { type Fetched, MemoryTopic, type PartitionEnd, type TopicOptions } from './topic.ts';

export interface MemoryKafkaOptions extends TopicOptions {
  /** Of the machine that it stands on. */
  readonly clock: Clock;
  /** Hears of what is kept from then on. */
  readonly onAppended?: (events: readonly OutgoingEvent[]) => void;
}

/** A consumer within a group. */
export interface GroupMember {
  readonly topic: string;
  readonly groupId: string;
  readonly memberId: string;
}

export interface FetchRequest {
  /** Of the membership that it goes by. */
  readonly generation: number;
  /** By partition: the next offset; null: that of the oldest event. */
  readonly positions: ReadonlyMap<number, number | null>;
  /** Of one partition. */
  readonly bytesMax: number;
}

export class MemoryKafka {
  readonly #options: MemoryKafkaOptions;
  readonly #topics = new Map<string, MemoryTopic>();
  readonly #groups = new Map<string, ConsumerGroup>();
  #members = 0;

  constructor(options: MemoryKafkaOptions) {
    this.#options = options;
  }

  /** No other member has it, nor will. Known without a way to the brokers. */
  newMemberId(): string {
    return `member-${++this.#members}`;
  }

  /** Names of those that there are. */
  get topics(): readonly string[] {
    return [...this.#topics.keys()];
  }

  append(topic: string, events: readonly OutgoingEvent[]): void {
    this.#topic(topic).append(events, this.#options.clock.wallMs());
    this.#options.onAppended?.(events);
  }

  ends(topic: string): readonly PartitionEnd[] {
    return this.#topic(topic).ends();
  }

  /** As `MemoryTopic.offsetSince`. */
  offsetSince(topic: string, partition: number, sinceMs: number): number {
    return this.#topic(topic).offsetSince(partition, sinceMs);
  }

  /** As `MemoryTopic.read`: for those who are in no group. */
  read(topic: string, partition: number, fromOffset: number, bytesMax: number): Fetched {
    return this.#topic(topic).read(partition, fromOffset, bytesMax);
  }

  /** As `ConsumerGroup.join`. */
  join(member: GroupMember): Membership | null {
    return this.#group(member).join(member.memberId, this.#options.clock.monotonicMs());
  }

  leave(member: GroupMember): void {
    this.#group(member).leave(member.memberId, this.#options.clock.monotonicMs());
  }

  /** A heartbeat too. Partitions without anything new are left out. Null: the member is to join again. */
  fetch(member: GroupMember, { generation, positions, bytesMax }: FetchRequest): readonly Fetched[] | null {
    const nowMs = this.#options.clock.monotonicMs();
    if (!this.#group(member).heartbeat(member.memberId, generation, nowMs)) return null;
    const topic = this.#topic(member.topic);
    const fetched: Fetched[] = [];
    for (const [partition, offset] of positions) {
      const read = topic.read(partition, offset ?? 0, bytesMax);
      if (read.events.length > 0) fetched.push(read);
    }
    return fetched;
  }

  #topic(name: string): MemoryTopic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = new MemoryTopic(this.#options);
      this.#topics.set(name, topic);
    }
    return topic;
  }

  #group({ topic, groupId }: GroupMember): ConsumerGroup {
    const name = `${groupId} of ${topic}`;
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new ConsumerGroup(this.#topic(topic).width);
      this.#groups.set(name, group);
    }
    return group;
  }
}
