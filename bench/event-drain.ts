/** The way of events through the outbox into a Kafka, beside kafkajs alone: `KAFKA_BROKERS` says where it is. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Producer } from 'kafkajs';
import { systemClock, systemTimers } from '../adapters/clock.ts';
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { createKafkaSender } from '../adapters/event-log/kafka/event-sender.kafka.ts';
import type { KafkaConnection } from '../adapters/event-log/kafka/kafka-client.ts';
import { applyTopics } from '../adapters/event-log/kafka/topics.ts';
import { DrainPosition } from '../adapters/event-log/outbox/drain-position.ts';
import { OutboxDrain } from '../adapters/event-log/outbox/outbox-drain.ts';
import { encodedBytes, FRAME_OVERHEAD_BYTES } from '../adapters/event-log/segment-format.ts';
import { SegmentTail } from '../adapters/event-log/segment-tail.ts';
import { envelopeOf } from '../engine/exchange/event-envelope.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import { OUTCOME_EVENT_BYTES, outcomeEvents } from './payloads/outcome-events.ts';

export const DRAIN_NAMES = [
  'events.kafka_cpu_ratio',
  'events.kafka_cpu_us.outbox',
  'events.kafka_cpu_us.bare',
  'events.kafka_rate',
  'events.kafka_rate.bare',
];

const PARTITIONS = 6;
const DAY_MS = 86_400_000;
/** As is configured by default. */
const BATCH_BYTES_MAX = 512 * 1024;
const BATCH_EVENTS = Math.floor(BATCH_BYTES_MAX / (FRAME_OVERHEAD_BYTES + OUTCOME_EVENT_BYTES));
const APPENDED_AT_ONCE = 250;
const EVENTS_PER_SECOND = 20_000;

interface Run {
  readonly cpuUs: number;
  readonly rate: number;
}

/** The same events, batches, keys, headers and compression both ways, in turn; of the outbox, appending is in it. */
export async function measureEventDrain({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  const brokers = process.env.KAFKA_BROKERS ?? '';
  if (brokers === '') {
    progress('  left out: KAFKA_BROKERS does not say where a Kafka is (scripts/services up)');
    return [];
  }
  const connection = {
    brokers: brokers.split(','),
    clientId: 'bench',
    tls: null,
    sasl: null,
    requestTimeoutMs: 30_000,
  };
  const topic = `gavel-bench-${randomUUID()}`;
  await applyTopics(
    connection,
    [{ name: topic, partitions: PARTITIONS, replicationFactor: -1, retentionMs: DAY_MS }],
    quiet,
  );
  const events = outcomeEvents(Math.ceil(scale.seconds * EVENTS_PER_SECOND), seed);
  const runs: { outbox: Run; bare: Run }[] = [];
  try {
    await throughBare(connection, topic, events);
    await throughOutbox(connection, topic, events);
    for (let round = 0; round < scale.rounds; round += 1) {
      const bare = await throughBare(connection, topic, events);
      runs.push({ bare, outbox: await throughOutbox(connection, topic, events) });
    }
  } finally {
    await removeTopic(brokers, topic);
  }
  const of = (side: 'outbox' | 'bare', figure: keyof Run) => median(runs.map((run) => run[side][figure]));
  progress(
    `  CPU ratio by round: ${runs.map(({ outbox, bare }) => (outbox.cpuUs / bare.cpuUs).toFixed(2)).join(', ')}`,
  );
  return [
    { name: 'events.kafka_cpu_ratio', value: of('outbox', 'cpuUs') / of('bare', 'cpuUs'), unit: 'ratio' },
    { name: 'events.kafka_cpu_us.outbox', value: of('outbox', 'cpuUs'), unit: 'us' },
    { name: 'events.kafka_cpu_us.bare', value: of('bare', 'cpuUs'), unit: 'us' },
    { name: 'events.kafka_rate', value: of('outbox', 'rate'), unit: '1/s' },
    { name: 'events.kafka_rate.bare', value: of('bare', 'rate'), unit: '1/s' },
  ];
}

const quiet = (): void => {};

async function throughBare(connection: KafkaConnection, topic: string, events: readonly Buffer[]): Promise<Run> {
  const producer: Producer = kafkaOf(connection.brokers).producer({
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const messages = events.map((value, index) => {
    const { key, type } = envelopeOf(value);
    return { key, value, headers: { id: `${'0'.repeat(32)}:${index}`, type } };
  });
  const run = await timed(events.length, async () => {
    for (let from = 0; from < messages.length; from += BATCH_EVENTS) {
      await producer.send({
        topic,
        acks: -1,
        compression: kafkajs.CompressionTypes.GZIP,
        messages: messages.slice(from, from + BATCH_EVENTS),
      });
    }
  });
  await producer.disconnect();
  return run;
}

async function throughOutbox(connection: KafkaConnection, topic: string, events: readonly Buffer[]): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'gavel-drain-'));
  const sender = createKafkaSender({ connection, topic, compression: 'gzip', timers: systemTimers, onLog: quiet });
  const log = await openEventLog({ folder, timers: systemTimers });
  const newLogId = () => '0'.repeat(32);
  const position = await DrainPosition.open({ folder, newLogId, logNextSequence: log.stats().nextSequence });
  // Connecting is not what is measured.
  await sender.send([{ id: 'first', key: null, type: 'first', payload: events[0]! }]);
  try {
    return await timed(
      events.length,
      () =>
        new Promise<void>((resolve, reject) => {
          let drained = 0;
          const outbox = new OutboxDrain({
            tail: new SegmentTail({ folder, fromSequence: null, onProblem: quiet }),
            position,
            sender,
            envelopeOf,
            limits: { batchBytesMax: BATCH_BYTES_MAX, lingerMs: 5, bytesPerSecondMax: Number.MAX_SAFE_INTEGER },
            waitingBytes: 0,
            clock: systemClock,
            timers: systemTimers,
            random: () => 0.5,
            observer: {
              onDrained: (count) => {
                drained += count;
                if (drained === events.length) resolve(outbox.close(0));
              },
              onFailure: reject,
              onRecovered: quiet,
              onRejected: (_, error) => reject(error),
            },
          });
          appendAll(events, async (batch) => {
            await log.append(batch);
            outbox.appended(log.stats().nextSequence - batch.length, encodedBytes(batch));
          }).catch(reject);
        }),
    );
  } finally {
    await log.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function appendAll(
  events: readonly Buffer[],
  append: (batch: readonly Buffer[]) => Promise<void>,
): Promise<void> {
  for (let from = 0; from < events.length; from += APPENDED_AT_ONCE) {
    await append(events.slice(from, from + APPENDED_AT_ONCE));
  }
}

/** All threads count: compression has threads of its own. */
async function timed(count: number, work: () => Promise<void>): Promise<Run> {
  const startedAtMs = performance.now();
  const cpuBefore = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpuBefore);
  return { cpuUs: (user + system) / count, rate: (count * 1000) / (performance.now() - startedAtMs) };
}

async function removeTopic(brokers: string, topic: string): Promise<void> {
  const admin = kafkaOf(brokers.split(',')).admin();
  await admin.connect();
  await admin.deleteTopics({ topics: [topic] });
  await admin.disconnect();
}

function kafkaOf(brokers: readonly string[]) {
  return new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.ERROR });
}
