/** Events on their way to a real Kafka that goes away, from engines that are killed. Kafka is read by a client of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COLD, IS_BUILT, type RunningGavel, runGavel, serveGavel } from './support/gavel-process.ts';
import { startLoad } from './support/load.ts';
import { metricOf } from './support/metric.ts';
import { startOwnKafka } from './support/services.ts';
import { readAuctionEvents } from './support/test-gavel.ts';
import { readTopic } from './support/topic-reader.ts';

const kafka = IS_BUILT ? await startOwnKafka() : null;
afterAll(() => kafka?.stop());

let folder: string;
let topicPrefix: string;
const running: RunningGavel[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-outbox-'));
  topicPrefix = `${folder.slice(-6)}.`;
});

afterEach(async () => {
  for (const gavel of running.splice(0)) {
    gavel.kill('SIGKILL');
    await gavel.ended;
  }
  await rm(folder, { recursive: true, force: true });
});

const environment = (): Record<string, string> => ({
  ...COLD,
  GAVEL_EVENTS_KAFKA_BROKERS: kafka!.url,
  GAVEL_EVENTS_KAFKA_TOPIC_PREFIX: topicPrefix,
});

async function serve(): Promise<RunningGavel> {
  const gavel = await serveGavel(['--data', folder, '--with-simulated-dsps', '--dsps', '3'], environment());
  running.push(gavel);
  return gavel;
}

async function makeTopics(): Promise<void> {
  const made = await runGavel(['topics', 'apply', '--partitions', '3'], environment());
  expect(made, made.stderr).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`${topicPrefix}events: created`),
  });
}

const drain = () => runGavel(['drain', '--data', folder], environment());

/** Of a topic: what came how often, and whether each event's first coming is in the order of the log. */
async function inKafka() {
  const messages = await readTopic(kafka!.url, `${topicPrefix}events`);
  const seen = new Set<string>();
  const lastOf = new Map<number, number>();
  let isOrdered = true;
  for (const { id, partition } of messages) {
    if (seen.has(id)) continue;
    seen.add(id);
    const sequence = Number(id.split(':')[1]);
    if (sequence <= (lastOf.get(partition) ?? 0)) isOrdered = false;
    lastOf.set(partition, sequence);
  }
  const events = messages.map(({ value }) => JSON.parse(value) as StoredEvent);
  return {
    auctionIds: new Set(events.filter(({ type }) => type === 'auction').map(({ auctionId }) => auctionId)),
    isOrdered,
    duplicates: messages.length - seen.size,
    areKeyed: messages.every(({ key }, index) => key === (events[index]!.userKey ?? events[index]!.auctionId)),
    areTyped: messages.every(({ type }, index) => type === events[index]!.type),
  };
}

interface StoredEvent {
  readonly type: string;
  readonly auctionId: string;
  readonly userKey?: string | null;
}

async function expectAllInKafka(): Promise<void> {
  const stored = (await readAuctionEvents(folder)).map(({ auctionId }) => auctionId);
  const arrived = await inKafka();
  expect(stored.filter((id) => !arrived.auctionIds.has(id))).toEqual([]);
  expect(arrived.auctionIds.size).toBe(stored.length);
  expect(arrived).toMatchObject({ isOrdered: true, areKeyed: true, areTyped: true });
  // Only what was out when something was killed comes twice: a batch or two.
  expect(arrived.duplicates).toBeLessThan(200);
}

/** A Kafka and an engine start twice in a test, on a machine that is busy with others. */
const TEST_MS_MAX = 120_000;
const DRAINED = { timeout: 30_000, interval: 100 };

describe.skipIf(kafka === null)(
  'the outbox, with a Kafka of our own (needs a build: npm run build)',
  {
    timeout: TEST_MS_MAX,
  },
  () => {
    it('F27 Kafka killed with events flowing: auctions go on, nothing is lost, order is kept, all is drained', async () => {
      await makeTopics();
      const gavel = await serve();
      const load = startLoad(gavel.url, { clients: 2, seed: 1 });
      await load.answered(50);
      await kafka!.kill();
      const answeredBefore = load.answeredAtMs.size;
      await load.answered(answeredBefore + 100);
      expect(await metricOf(gavel.url, 'rtb_outbox_bytes')).toBeGreaterThan(0);
      await expect.poll(() => metricOf(gavel.url, 'rtb_outbox_failures_total'), DRAINED).toBeGreaterThan(1);
      expect(await metricOf(gavel.url, 'rtb_outbox_oldest_seconds')).toBeGreaterThan(0);
      await kafka!.restart();
      await expect.poll(() => metricOf(gavel.url, 'rtb_outbox_oldest_seconds'), DRAINED).toBeLessThan(0.5);
      gavel.kill('SIGTERM');
      expect(await gavel.ended).toEqual({ code: 0, signal: null });
      await load.ended;
      await expectAllInKafka();
      expect(gavel.stderr().match(/events cannot be sent/g)).toHaveLength(1);
      expect(gavel.stderr().match(/events are sent again/g)).toHaveLength(1);
    });

    it('engine killed (-9) with an undrained outbox: its successor drains it', async () => {
      await makeTopics();
      const gavel = await serve();
      const load = startLoad(gavel.url, { clients: 2, seed: 2 });
      await load.answered(30);
      await kafka!.kill();
      await load.answered(load.answeredAtMs.size + 60);
      gavel.kill('SIGKILL');
      await gavel.ended;
      await load.ended;
      await kafka!.restart();
      const again = await serve();
      await expect.poll(() => metricOf(again.url, 'rtb_outbox_drained_total'), DRAINED).toBeGreaterThan(50);
      await expect.poll(() => metricOf(again.url, 'rtb_outbox_bytes'), DRAINED).toBe(0);
      await expectAllInKafka();
      expect(await drain()).toMatchObject({ code: 0, stdout: expect.stringContaining('in use') });
      again.kill('SIGKILL');
      await again.ended;
      expect(await drain()).toMatchObject({ code: 0, stdout: expect.stringMatching(/events: 0 events sent/) });
    });

    it('topics that are not there are an outage, which ends when they are', async () => {
      const gavel = await serve();
      const load = startLoad(gavel.url, { clients: 2, seed: 3 });
      await load.answered(10);
      await expect.poll(() => metricOf(gavel.url, 'rtb_outbox_failures_total'), DRAINED).toBeGreaterThan(0);
      await makeTopics();
      await expect.poll(() => metricOf(gavel.url, 'rtb_outbox_drained_total'), DRAINED).toBeGreaterThan(0);
      gavel.kill('SIGTERM');
      await gavel.ended;
      await load.ended;
      await expectAllInKafka();
    });

    it('gavel drain sends what a killed engine has left, and ends', async () => {
      const gavel = await serve();
      const load = startLoad(gavel.url, { clients: 2, seed: 4 });
      await load.answered(40);
      gavel.kill('SIGKILL');
      await gavel.ended;
      await load.ended;
      await makeTopics();
      expect(await drain()).toMatchObject({ code: 0, stdout: expect.stringMatching(/events: [1-9]\d* events sent/) });
      await expectAllInKafka();
    });
  },
);
