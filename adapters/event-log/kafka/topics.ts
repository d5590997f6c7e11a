/** The topics that Gavel uses: their names, and how they are made. */
import kafkajs, { type Admin } from 'kafkajs';
import { PAYLOAD_BYTES_MAX } from '../segment-format.ts';
import { createKafkaClient, type KafkaConnection, type KafkaLog } from './kafka-client.ts';

const { ConfigResourceTypes, ConfigSource } = kafkajs;

/** All outcome events. */
export function eventsTopic(prefix: string): string {
  return `${prefix}events`;
}

/** Events that a consumer could not handle, as they were. */
export function deadLettersTopic(prefix: string): string {
  return `${prefix}events.dead-letters`;
}

export interface TopicPlan {
  readonly name: string;
  readonly partitions: number;
  /** -1: the brokers' default. */
  readonly replicationFactor: number;
  readonly retentionMs: number;
}

export type TopicResult = 'created' | 'partitions-added' | 'unchanged';

export interface TopicState {
  readonly name: string;
  /** What it has now: never fewer than before, and perhaps more than planned. */
  readonly partitions: number;
  readonly result: TopicResult;
  /** Settings that differed and were set. */
  readonly changed: readonly string[];
}

/** Whatever the event log takes, Kafka takes too: with room for key, headers and what does not compress. */
const MESSAGE_BYTES_MAX = PAYLOAD_BYTES_MAX + 64 * 1024;
const MIN_INSYNC = 'min.insync.replicas';
const MIN_INSYNC_REPLICAS = '2';

/**
 * Makes topics that are not there, adds partitions, sets how long events are kept and how many replicas must have them. Never
 * removes anything. The same again changes nothing. Rejects with the error of kafkajs.
 */
export async function applyTopics(
  connection: KafkaConnection,
  plans: readonly TopicPlan[],
  onLog: KafkaLog,
): Promise<readonly TopicState[]> {
  const admin = createKafkaClient(connection, onLog).admin();
  await admin.connect();
  try {
    const names = new Set(await admin.listTopics());
    const states: TopicState[] = [];
    for (const plan of plans) states.push(names.has(plan.name) ? await adjust(admin, plan) : await create(admin, plan));
    return states;
  } finally {
    await admin.disconnect();
  }
}

async function create(admin: Admin, plan: TopicPlan): Promise<TopicState> {
  const { name, partitions, replicationFactor } = plan;
  const configEntries = entriesOf(topicSettings(plan, replicationFactor));
  const isNew = await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic: name, numPartitions: partitions, replicationFactor, configEntries }],
  });
  // Somebody was quicker.
  return isNew ? { name, partitions, result: 'created', changed: [] } : adjust(admin, plan);
}

async function adjust(admin: Admin, plan: TopicPlan): Promise<TopicState> {
  const { name } = plan;
  const [topic] = (await admin.fetchTopicMetadata({ topics: [name] })).topics;
  const present = topic?.partitions.length ?? 0;
  const isMore = plan.partitions > present;
  if (isMore) await admin.createPartitions({ topicPartitions: [{ topic: name, count: plan.partitions }] });
  return {
    name,
    partitions: Math.max(present, plan.partitions),
    result: isMore ? 'partitions-added' : 'unchanged',
    changed: await adjustSettings(admin, plan, topic?.partitions[0]?.replicas.length ?? 1),
  };
}

/** Altering replaces all that was ever set for the topic, so what others have set is said again. */
async function adjustSettings(admin: Admin, plan: TopicPlan, replicas: number): Promise<string[]> {
  const wanted = topicSettings(plan, replicas);
  const { resources } = await admin.describeConfigs({
    resources: [{ type: ConfigResourceTypes.TOPIC, name: plan.name }],
    includeSynonyms: false,
  });
  const present = new Map(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]));
  const changed = Object.keys(wanted).filter((key) => present.get(key) !== wanted[key] && !isStricter(key, present));
  if (changed.length === 0) return [];
  const own = resources[0]!.configEntries.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG);
  const all = Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue]));
  for (const key of changed) all[key] = wanted[key]!;
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: plan.name, configEntries: entriesOf(all) }],
  });
  return changed;
}

/** Somebody wants more replicas than we would. */
function isStricter(key: string, present: ReadonlyMap<string, string>): boolean {
  return key === MIN_INSYNC && Number(present.get(key)) > Number(MIN_INSYNC_REPLICAS);
}

function entriesOf(settings: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(settings).map(([name, value]) => ({ name, value }));
}

/**
 * Of a topic with so many replicas. Of three or more, two must have an event before it is acknowledged: a broker that is left
 * alone would acknowledge what is lost with it.
 */
export function topicSettings(
  { retentionMs }: Pick<TopicPlan, 'retentionMs'>,
  replicas: number,
): Record<string, string> {
  return {
    'cleanup.policy': 'delete',
    'retention.ms': String(retentionMs),
    'max.message.bytes': String(MESSAGE_BYTES_MAX),
    ...(replicas >= 3 ? { [MIN_INSYNC]: MIN_INSYNC_REPLICAS } : {}),
  };
}
