/** F28, F30, F32, F33: answers of Kafka and PostgreSQL that never come, consumers that sleep through their time, events that nobody can book. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemTimers } from '../../adapters/clock.ts';
import { openEventLog } from '../../adapters/event-log/event-log.embedded.ts';
import { eventLogFolder } from '../../adapters/event-log/log-folders.ts';
import { checkLedger } from '../../adapters/ledger/checks.ts';
import { type PostgresTestDatabase, postgresTestDatabases } from '../../adapters/ledger/testing/databases.ts';
import { ledgerHash } from '../../adapters/ledger/testing/ledger-hash.ts';
import { START_MS } from '../../adapters/ledger/testing/world.ts';
import type { OutcomeEvent } from '../../engine/events/outcome-events.ts';
import { encodeEvent } from '../../engine/events/read-event.ts';
import { buildOutcome, DSP_SALE } from '../../engine/events/testing/build-events.ts';
import { billedTraffic } from '../support/billed-traffic.ts';
import { ConsumerProcess } from '../support/event-proof/consumers.ts';
import { IS_BUILT, runGavel } from '../support/gavel-process.ts';
import { isKafkaProduce, isPostgresCommit, type LosingProxy, startLosingProxy } from '../support/losing-proxy.ts';
import { type KillableService, startOwnKafka, startOwnPostgres } from '../support/services.ts';
import { readTopic } from '../support/topic-reader.ts';

const postgres = IS_BUILT ? await startOwnPostgres() : null;
afterAll(() => postgres?.stop());

const AD_COUNT = 300;
const LOST_MAX = 4;
/** A few events, so that there are many to lose the answer of. */
const BATCH_BYTES_MAX = 16_384;
const DONE = { timeout: 120_000, interval: 100 };

let folder: string;
let test: PostgresTestDatabase;
const closing: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-lost-'));
  test = await postgresTestDatabases(postgres!.url)();
});

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await test.dispose();
  await rm(folder, { recursive: true, force: true });
});

function consumerOf(databaseUrl: string, more: Readonly<Record<string, string>> = {}): ConsumerProcess {
  const environment = { GAVEL_CAMPAIGNS_DATABASE_URL: databaseUrl, GAVEL_CAMPAIGNS_FEE_PPM: '200000', ...more };
  const consumer = new ConsumerProcess(`consumer-${closing.length}`, ['--data', folder], environment);
  closing.push(() => consumer.kill());
  return consumer;
}

async function proxyTo(service: { readonly url: string }, isLost: (request: Buffer) => boolean): Promise<LosingProxy> {
  const target = service.url.includes('//') ? new URL(service.url).host : service.url;
  const proxy = await startLosingProxy({ target: () => target, isLost });
  closing.push(proxy.close);
  return proxy;
}

async function store(events: readonly OutcomeEvent[]): Promise<void> {
  const log = await openEventLog({ folder: eventLogFolder(folder), timers: systemTimers });
  for (let at = 0; at < events.length; at += 50) await log.append(events.slice(at, at + 50).map(encodeEvent));
  await log.close();
}

/** Of places: how far they are in all. */
async function bookedUntil(): Promise<number> {
  const sql = 'SELECT coalesce(sum(next_offset), 0)::bigint AS sum FROM consumer_offset';
  const [row] = await test.database.query<{ sum: bigint }>(sql);
  return Number(row!.sum);
}

async function expectBooks(expected: string): Promise<void> {
  expect(await ledgerHash(test.database, '')).toBe(expected);
  expect(await checkLedger(test.database)).toEqual([]);
}

const deadLetters = () => test.database.query('SELECT reason FROM dead_letter');

describe.skipIf(postgres === null)('F33 the database (needs a build and a PostgreSQL)', () => {
  it('loses its answers to commits: what took effect is not booked again', async () => {
    const { events, expected } = await billedTraffic(test, postgres!.url, AD_COUNT);
    let lossesLeft = 0;
    const proxy = await proxyTo(postgres!, (request) => isPostgresCommit(request) && lossesLeft-- > 0);
    const databaseUrl = new URL(test.url);
    databaseUrl.port = String(proxy.port);
    await consumerOf(databaseUrl.href).start();
    lossesLeft = LOST_MAX;
    const share = Math.ceil(events.length / (2 * LOST_MAX));
    for (let at = 0; at < events.length; at += share) {
      const part = events.slice(at, at + share);
      await store(part);
      await expect.poll(bookedUntil, DONE).toBe(at + part.length + 1);
    }
    await expectBooks(expected);
    expect(await deadLetters()).toEqual([]);
    expect(proxy.lost()).toBe(LOST_MAX);
  }, 180_000);

  it('fails to serialize, again and again and for a while each time: nothing is set aside for it', async () => {
    const { events, expected } = await billedTraffic(test, postgres!.url, AD_COUNT);
    await store(events);
    await test.database.script(FAIL_TO_SERIALIZE);
    const consumer = consumerOf(test.url);
    await consumer.start();
    await expect.poll(bookedUntil, DONE).toBe(events.length + 1);
    await expectBooks(expected);
    expect(await deadLetters()).toEqual([]);
  }, 180_000);

  it('is killed (-9) while events are booked, and comes back', async () => {
    const { events, expected } = await billedTraffic(test, postgres!.url, AD_COUNT);
    const half = events.length >> 1;
    await store(events.slice(0, half));
    const consumer = consumerOf(test.url);
    await consumer.start();
    await postgres!.kill();
    await store(events.slice(half));
    await postgres!.restart();
    await expect.poll(() => bookedUntil().catch(() => 0), DONE).toBe(events.length + 1);
    await expectBooks(expected);
    expect(await deadLetters()).toEqual([]);
    expect(await consumer.stop()).toBe(0);
  }, 180_000);
});

/** Thirty times in a row, then three times not: more often than a transaction is tried by itself. */
const FAIL_TO_SERIALIZE = `
  CREATE SEQUENCE serialize_try;
  CREATE FUNCTION fail_to_serialize() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('serialize_try') % 33 < 30 THEN
      RAISE EXCEPTION 'could not serialize access' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER fail_to_serialize BEFORE UPDATE OF next_offset ON consumer_offset
    FOR EACH ROW EXECUTE FUNCTION fail_to_serialize();`;

describe.skipIf(postgres === null)('between log and books (needs a build, PostgreSQL and Kafka)', () => {
  const PARTITIONS = 3;
  let kafka: KillableService | null = null;
  let lossesLeft = 0;
  afterAll(() => kafka?.stop());

  async function topics(context: { skip: () => never }): Promise<Record<string, string>> {
    if (kafka === null) {
      let target = '';
      const proxy = await startLosingProxy({
        target: () => target,
        isLost: (request) => isKafkaProduce(request) && lossesLeft-- > 0,
      });
      kafka = await startOwnKafka(proxy.port);
      if (kafka === null) {
        await proxy.close();
        return context.skip();
      }
      target = kafka.url;
    }
    const environment = {
      GAVEL_EVENTS_KAFKA_BROKERS: kafka.url,
      GAVEL_EVENTS_KAFKA_TOPIC_PREFIX: `${folder.slice(-6)}.`,
      GAVEL_EVENTS_KAFKA_BATCH_BYTES_MAX: String(BATCH_BYTES_MAX),
    };
    const made = await runGavel(['topics', 'apply', '--partitions', String(PARTITIONS)], environment);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    return environment;
  }

  const eventsTopic = (environment: Record<string, string>) => `${environment.GAVEL_EVENTS_KAFKA_TOPIC_PREFIX}events`;

  it('F28 Kafka has written what it does not acknowledge: it comes again, by the same ids, and is booked once', async (context) => {
    const environment = await topics(context);
    const { events, expected } = await billedTraffic(test, postgres!.url, AD_COUNT);
    await store(events);
    lossesLeft = LOST_MAX;
    expect(await runGavel(['drain', '--data', folder], environment)).toMatchObject({ code: 0 });
    expect(lossesLeft).toBeLessThan(0);
    const messages = await readTopic(kafka!.url, eventsTopic(environment));
    expect(new Set(messages.map(({ id }) => id)).size).toBe(events.length);
    expect(messages.length).toBeGreaterThan(events.length);
    await consumerOf(test.url, environment).start();
    await expect.poll(bookedUntil, DONE).toBe(messages.length);
    await expectBooks(expected);
  }, 240_000);

  it('F30 a consumer that is frozen in the middle of its transaction books nothing when it wakes up', async (context) => {
    const environment = await topics(context);
    const { events, expected } = await billedTraffic(test, postgres!.url, AD_COUNT);
    await store(events);
    const zombie = consumerOf(test.url, environment);
    await zombie.start();
    const blocker = new pg.Client({ connectionString: test.url });
    await blocker.connect();
    closing.push(() => blocker.end());
    await blocker.query('BEGIN; LOCK TABLE dsp_transfer IN EXCLUSIVE MODE');
    expect(await runGavel(['drain', '--data', folder], environment)).toMatchObject({ code: 0 });
    // Its transaction has begun, and has the place of the partition.
    const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%dsp_transfer%'`;
    await expect.poll(async () => (await blocker.query(waiting)).rowCount, DONE).toBeGreaterThan(0);
    zombie.signal('SIGSTOP');
    await blocker.query('ROLLBACK');
    try {
      await consumerOf(test.url, environment).start();
      await expect.poll(bookedUntil, DONE).toBe(events.length);
      await expectBooks(expected);
    } finally {
      zombie.signal('SIGCONT');
    }
    await expect.poll(() => zombie.words, DONE).toMatch(/billing: events could not be booked/);
    await expectBooks(expected);
  }, 240_000);

  it('F32 events that nobody can read or book are set aside, and the partitions go on', async (context) => {
    const environment = await topics(context);
    const { events, expected } = await billedTraffic(test, postgres!.url, AD_COUNT);
    const sale = { ...DSP_SALE, soldAtMs: START_MS };
    const refused = buildOutcome('impression', { auctionId: 'refused', sale, atMs: START_MS });
    await test.database.script(REFUSE_ONE);
    const log = await openEventLog({ folder: eventLogFolder(folder), timers: systemTimers });
    await log.append(
      ['{"no":', '{"type":"impression","version":1}', '{"type":"what","version":1}'].map((text) => Buffer.from(text)),
    );
    await log.append([encodeEvent(refused)]);
    await log.close();
    await store(events);
    expect(await runGavel(['drain', '--data', folder], environment)).toMatchObject({ code: 0 });
    await consumerOf(test.url, environment).start();
    await expect.poll(bookedUntil, DONE).toBe(events.length + 4);
    await expectBooks(expected);
    expect((await deadLetters()).map(({ reason }) => reason).toSorted()).toEqual([
      'invalid',
      'not-json',
      'refused',
      'unknown-type',
    ]);
    const copies = await readTopic(kafka!.url, `${eventsTopic(environment)}.dead-letters`);
    expect(new Set(copies.map(({ value }) => value)).size).toBe(4);
  }, 240_000);
});

const REFUSE_ONE = `
  CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.key = 'refused/1/impression' THEN RAISE EXCEPTION 'not this one'; END IF;
    RETURN NEW;
  END $$;
  CREATE TRIGGER refuse_one BEFORE INSERT ON dsp_transfer FOR EACH ROW EXECUTE FUNCTION refuse_one();`;
