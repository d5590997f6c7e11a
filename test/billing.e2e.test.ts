/** `gavel consume` as a process: killed again and again, replayed, shut out of a partition, and with events that nobody can read. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemTimers } from '../adapters/clock.ts';
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { createKafkaSender } from '../adapters/event-log/kafka/event-sender.kafka.ts';
import { applyTopics, deadLettersTopic, eventsTopic } from '../adapters/event-log/kafka/topics.ts';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { checkLedger } from '../adapters/ledger/checks.ts';
import { BILLABLE_MS } from '../adapters/ledger/testing/billing-world.ts';
import { type PostgresTestDatabase, postgresTestDatabases } from '../adapters/ledger/testing/databases.ts';
import { ledgerHash } from '../adapters/ledger/testing/ledger-hash.ts';
import { partitionKey } from '../engine/events/event-keys.ts';
import { encodeEvent } from '../engine/events/read-event.ts';
import { billedTraffic } from './support/billed-traffic.ts';
import { collect, firstLine, IS_BUILT, MAIN, ROOT } from './support/gavel-process.ts';
import { startKafka, startPostgres } from './support/services.ts';
import { readTopic } from './support/topic-reader.ts';

const postgres = await startPostgres();
const kafka = await startKafka();
afterAll(async () => {
  await kafka?.stop();
  await postgres?.stop();
});

const AD_COUNT = 1500;
const KILLS = 4;

let folder: string;
let test: PostgresTestDatabase;
const running: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-billing-'));
  test = await postgresTestDatabases(postgres!.url)();
});

afterEach(async () => {
  for (const child of running.splice(0)) await end(child, 'SIGKILL');
  await test.dispose();
  await rm(folder, { recursive: true, force: true });
});

async function consume(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ChildProcess> {
  const child = spawn(process.execPath, [MAIN, 'consume', '--data', folder, ...args], {
    cwd: ROOT,
    env: { ...process.env, GAVEL_CAMPAIGNS_DATABASE_URL: test.url, GAVEL_CAMPAIGNS_FEE_PPM: '200000', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  const stderr = collect(child.stderr!);
  if ((await firstLine(child)) === null) throw new Error(`gavel consume did not start: ${stderr()}`);
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  child.kill(signal);
  await once(child, 'close');
  return child.exitCode;
}

const traffic = () => billedTraffic(test, postgres!.url, AD_COUNT);

async function placesSum(): Promise<number> {
  const [row] = await test.database.query<{ sum: bigint | null }>(
    'SELECT sum(next_offset)::bigint AS sum FROM consumer_offset',
  );
  return Number(row!.sum ?? 0);
}

const journalLength = () =>
  test.database.query('SELECT (SELECT count(*) FROM transfer) AS own, (SELECT count(*) FROM dsp_transfer) AS dsp');

/** Kills it whenever it has booked a part more, then lets it come to the end. */
async function killOften(total: number, start: () => Promise<ChildProcess>): Promise<ChildProcess> {
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const child = await start();
    const wanted = (total * kill) / (KILLS + 2);
    await expect.poll(placesSum, { timeout: 60_000, interval: 5 }).toBeGreaterThan(wanted);
    await end(child, 'SIGKILL');
  }
  return start();
}

describe.skipIf(!IS_BUILT || postgres === null)('gavel consume (needs a build and a PostgreSQL)', () => {
  it('F31 killed again and again bills a log once, and a replay of all of it nothing', async () => {
    const { events, expected } = await traffic();
    const log = await openEventLog({ folder: eventLogFolder(folder), timers: systemTimers, segmentBytes: 200_000 });
    const half = events.length >> 1;
    await log.append(events.slice(0, half).map(encodeEvent));
    const appended = (async () => {
      for (let at = half; at < events.length; at += 20) {
        await log.append(events.slice(at, at + 20).map(encodeEvent));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const last = await killOften(events.length, () => consume([]));
    await appended;
    await expect.poll(placesSum, { timeout: 60_000 }).toBe(events.length + 1);
    expect(await ledgerHash(test.database, '')).toBe(expected);
    expect(await end(last, 'SIGTERM')).toBe(0);

    const before = await journalLength();
    await consume(['--from-start']);
    await expect.poll(placesSum, { timeout: 60_000 }).toBe(events.length + 1);
    expect(await journalLength()).toEqual(before);
    expect(await ledgerHash(test.database, '')).toBe(expected);
    expect(await checkLedger(test.database)).toEqual([]);
    await log.close();
  }, 180_000);

  describe.skipIf(kafka === null)('from Kafka', () => {
    const PARTITIONS = 3;

    it('several of them, some killed, bill a topic once; what nobody can read goes to the dead letters', async () => {
      const { events, expected } = await traffic();
      const prefix = `test-${randomUUID()}.`;
      const connection = {
        ...{ brokers: [kafka!.url], clientId: 'test', tls: null, sasl: null, requestTimeoutMs: 10_000 },
      };
      const topic = eventsTopic(prefix);
      const plan = { replicationFactor: -1, retentionMs: BILLABLE_MS };
      await applyTopics(
        connection,
        [
          { ...plan, name: topic, partitions: PARTITIONS },
          { ...plan, name: deadLettersTopic(prefix), partitions: 1 },
        ],
        () => {},
      );
      const sender = createKafkaSender({
        connection,
        topic,
        compression: 'gzip',
        timers: systemTimers,
        onLog: () => {},
      });
      const outgoing = events.map((event, at) => ({
        id: `log:${at}`,
        key: partitionKey({ ...event, userKey: null }),
        type: event.type,
        payload: encodeEvent(event),
      }));
      await sender.send([{ id: 'poison', key: 'a', type: 'impression', payload: Buffer.from('{"no":') }]);
      for (let at = 0; at < outgoing.length; at += 500) await sender.send(outgoing.slice(at, at + 500));
      await sender.close();
      const env = { GAVEL_EVENTS_KAFKA_BROKERS: kafka!.url, GAVEL_EVENTS_KAFKA_TOPIC_PREFIX: prefix };
      const first = await consume([], env);
      await expect.poll(placesSum, { timeout: 60_000, interval: 5 }).toBeGreaterThan(0);
      await end(first, 'SIGKILL');
      await Promise.all([consume([], env), consume([], env)]);
      await expect.poll(placesSum, { timeout: 120_000 }).toBe(events.length + 1);
      expect(await ledgerHash(test.database, '')).toBe(expected);
      expect(await checkLedger(test.database)).toEqual([]);
      const letters = await test.database.query('SELECT reason FROM dead_letter');
      expect(letters).toEqual([{ reason: 'not-json' }]);
      const copies = await readTopic(kafka!.url, deadLettersTopic(prefix));
      expect(new Set(copies.map(({ value }) => String(value)))).toEqual(new Set(['{"no":']));
    }, 240_000);
  });
});
