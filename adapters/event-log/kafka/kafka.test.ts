/** The adapters of Kafka against a real one. What it holds is read by a consumer of kafkajs that knows nothing of them. */
import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { afterAll, describe, expect, it } from 'vitest';
import type { EventSender, OutgoingEvent } from '../../../engine/ports/event-sender.ts';
import { startKafka } from '../../../test/support/services.ts';
import { readTopic } from '../../../test/support/topic-reader.ts';
import { systemClock, systemTimers } from '../../clock.ts';
import { eventSourceContract, payloadOf } from '../event-source.contract.ts';
import { createKafkaSender } from './event-sender.kafka.ts';
import { createKafkaSource } from './event-source.kafka.ts';
import type { KafkaConnection } from './kafka-client.ts';
import { applyTopics } from './topics.ts';

const kafka = await startKafka();
afterAll(() => kafka?.stop());

const brokers = kafka?.url ?? '';
const connection: KafkaConnection = {
  brokers: [brokers],
  clientId: 'test',
  tls: null,
  sasl: null,
  requestTimeoutMs: 10_000,
};
const quiet = (): void => {};

const DAY_MS = 86_400_000;

async function newTopic(partitions: number): Promise<string> {
  const name = `test-${randomUUID()}`;
  await applyTopics(connection, [{ name, partitions, replicationFactor: -1, retentionMs: DAY_MS }], quiet);
  return name;
}

function senderTo(topic: string): EventSender {
  return createKafkaSender({ connection, topic, compression: 'gzip', timers: systemTimers, onLog: quiet });
}

function event(id: string, options: Partial<OutgoingEvent> = {}): OutgoingEvent {
  return { id, key: null, type: 'win', payload: Buffer.from(payloadOf(id)), ...options };
}

describe.skipIf(kafka === null)('events to Kafka', () => {
  it('gives n concurrent senders n distinct offsets', async () => {
    const topic = await newTopic(3);
    const senders = Array.from({ length: 8 }, () => senderTo(topic));
    await Promise.all(
      senders.map(async (sender, index) => {
        for (let batch = 0; batch < 5; batch += 1) {
          const ids = Array.from({ length: 10 }, (_, n) => `${index}-${batch}-${n}`);
          await sender.send(ids.map((id) => event(id, { key: id })));
        }
      }),
    );
    const messages = await readTopic(brokers, topic);
    expect(new Set(messages.map(({ partition, offset }) => `${partition}:${offset}`)).size).toBe(400);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(400);
    expect(messages).toHaveLength(400);
    await Promise.all(senders.map((sender) => sender.close()));
  });

  it('keeps payload, key, type and id, and the events of one key together in order', async () => {
    const topic = await newTopic(4);
    const sender = senderTo(topic);
    const sent = Array.from({ length: 60 }, (_, n) => event(String(n), { key: `user-${n % 6}` }));
    await sender.send(sent.slice(0, 25));
    await sender.send(sent.slice(25));
    await sender.close();
    const messages = await readTopic(brokers, topic);
    for (let user = 0; user < 6; user += 1) {
      const mine = messages.filter(({ key }) => key === `user-${user}`);
      expect(mine.map(({ id }) => Number(id) % 6)).toEqual(Array(10).fill(user));
      expect(mine.map(({ id }) => Number(id))).toEqual(mine.map(({ id }) => Number(id)).toSorted((a, b) => a - b));
      expect(new Set(mine.map(({ partition }) => partition)).size).toBe(1);
    }
    const [first] = messages.filter(({ id }) => id === '0');
    expect(first).toMatchObject({ key: 'user-0', type: 'win', value: payloadOf('0') });
  });

  it('says refused of an event that the topic will never take, and unavailable of a topic that is not there', async () => {
    const topic = await newTopic(1);
    const sender = senderTo(topic);
    const admin = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: [{ name: 'max.message.bytes', value: '2000' }],
        },
      ],
    });
    await admin.disconnect();
    const incompressible = Buffer.from(Array.from({ length: 200 }, () => randomUUID()).join(''));
    await expect(sender.send([event('large', { payload: incompressible })])).rejects.toMatchObject({ code: 'refused' });
    await sender.send([event('small')]);
    expect((await readTopic(brokers, topic)).map(({ id }) => id)).toEqual(['small']);
    await sender.close();
    const lost = senderTo(`test-${randomUUID()}`);
    await expect(lost.send([event('a')])).rejects.toMatchObject({ code: 'unavailable' });
    await lost.close();
    await expect(lost.send([event('a')])).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('makes topics, adds partitions, sets what differs, keeps what others have set, and never takes away', async () => {
    const name = `test-${randomUUID()}`;
    const apply = async (partitions: number, retentionMs: number) =>
      (await applyTopics(connection, [{ name, partitions, replicationFactor: -1, retentionMs }], quiet))[0];
    expect(await apply(2, DAY_MS)).toEqual({ name, partitions: 2, result: 'created', changed: [] });
    expect(await apply(2, DAY_MS)).toEqual({ name, partitions: 2, result: 'unchanged', changed: [] });
    expect(await apply(5, DAY_MS)).toEqual({ name, partitions: 5, result: 'partitions-added', changed: [] });
    expect(await apply(1, 2 * DAY_MS)).toEqual({
      name,
      partitions: 5,
      result: 'unchanged',
      changed: ['retention.ms'],
    });
    expect(await apply(1, 2 * DAY_MS)).toMatchObject({ partitions: 5, changed: [] });
  });
});

describe.skipIf(kafka === null)('events from Kafka', () => {
  it('go on when kafkajs has given up', async () => {
    const topic = await newTopic(1);
    const sender = senderTo(topic);
    await sender.send([event('a')]);
    await sender.close();
    const source = createKafkaSource({
      connection,
      topic,
      groupId: `group-${topic}`,
      concurrency: 1,
      retryMs: 20,
      clock: systemClock,
      timers: systemTimers,
      onLog: quiet,
      onProblem: () => {},
    });
    let handled = 0;
    const failures: unknown[] = [];
    const consumption = await source.consume({
      positionOf: async () => null,
      handle: async () => {
        handled += 1;
        if (handled === 1) throw new Error('not yet');
      },
      onFailure: (error) => {
        failures.push(error);
        // By which kafkajs tells what it need not try again, as of a group that it may not join.
        if (failures.length === 1) throw Object.assign(new Error('final'), { retriable: false });
      },
    });
    await expect.poll(() => handled, { timeout: 30_000 }).toBe(2);
    expect(failures.length).toBeGreaterThan(1);
    await consumption.close();
  }, 60_000);

  it('are found in partitions that are added while they are read', async () => {
    const topic = await newTopic(1);
    const partitions = new Set<number>();
    const consumption = await createKafkaSource({
      connection,
      topic,
      groupId: `group-${topic}`,
      concurrency: 2,
      retryMs: 20,
      clock: systemClock,
      timers: systemTimers,
      onLog: quiet,
      onProblem: () => {},
    }).consume({
      positionOf: async () => null,
      handle: async ({ partition }) => {
        partitions.add(partition);
      },
      onFailure: () => {},
    });
    await applyTopics(connection, [{ name: topic, partitions: 3, replicationFactor: -1, retentionMs: DAY_MS }], quiet);
    await expect.poll(async () => (await consumption.ends()).length, { timeout: 30_000 }).toBe(3);
    const sender = senderTo(topic);
    await sender.send(Array.from({ length: 60 }, (_, n) => event(String(n), { key: `user-${n}` })));
    await sender.close();
    await expect.poll(() => partitions.size, { timeout: 60_000 }).toBe(3);
    await consumption.close();
  }, 120_000);

  eventSourceContract('the Kafka source', async () => {
    const topic = await newTopic(1);
    const toTopic = senderTo(topic);
    let sent = 0;
    return {
      append: (...texts) =>
        toTopic.send(
          texts.map((text) =>
            event(String(sent++), { key: 'user', type: text, payload: Buffer.from(payloadOf(text)) }),
          ),
        ),
      open: () =>
        createKafkaSource({
          connection,
          topic,
          groupId: `group-${topic}`,
          concurrency: 2,
          retryMs: 20,
          clock: systemClock,
          timers: systemTimers,
          onLog: quiet,
          onProblem: () => {},
        }),
      dispose: () => toTopic.close(),
    };
  });
});
