/**
 * Engines, consumers, Kafka, PostgreSQL and Redis under load while each of them is killed, frozen or cut off. What is judged
 * afterwards: what callers were answered, against Kafka and the database.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { ledgerHash } from '../../../adapters/ledger/testing/ledger-hash.ts';
import { type SeededRandom, seededRandom } from '../../../simulator/random.ts';
import { book } from '../campaign-proof/bookings.ts';
import { type Engine, type Fleet, startFleet } from '../campaign-proof/engines.ts';
import { pause } from '../campaign-proof/traffic.ts';
import { queryable, Witness } from '../campaign-proof/witness.ts';
import { readTopicByConsole } from '../console-consumer.ts';
import { runGavel } from '../gavel-process.ts';
import { metricOf } from '../metric.ts';
import { topicEnds } from '../topic-reader.ts';
import type { Ad } from './ads.ts';
import { BRIEF_MS, HELD_MS, OWN, type ProofDsps, startDsps } from './bookings.ts';
import { ConsumerProcess } from './consumers.ts';
import { FAULTS, type FaultName, type FaultTargets, type Killed } from './faults.ts';
import { judge, type Verdict } from './judge.ts';
import type { ProofServers } from './servers.ts';
import { Visitors } from './visitors.ts';

export interface ProofOptions {
  readonly servers: ProofServers;
  readonly seed: number;
  readonly engines: number;
  /** In this order. */
  readonly faults: readonly FaultName[];
  readonly auctionsPerSecond: number;
  /** For those who watch. */
  readonly onRecovered?: (fault: string, untilRecoveredMs: number) => void;
}

export interface ProofResult {
  /** Must be empty. */
  readonly problems: readonly string[];
  readonly verdict: Omit<Verdict, 'problems'>;
  /** The longest from the begin of a fault until every engine had sold again behind it and what was told then was billed, by fault, ms. */
  readonly untilRecoveredMs: Readonly<Record<string, number>>;
  readonly counts: Visitors['counts'];
  readonly auctions: number;
  /** From the last call until all of it was booked, ms. */
  readonly settledMs: number;
}

const PARTITIONS = 4;
const TOPIC = 'gavel.events';
const CONSUMERS = 2;
const LOOK_MS = 100;
/** On a machine with ten times the work that it has cores for. */
const RECOVERY_MS_MAX = 180_000;
const SETTLE_MS_MAX = 180_000;
/** Behind its answer an auction has reached the event log after so long, on the busiest machine. */
const WRITTEN_MS = 1000;
const INT8_OID = 20;

export async function runEventProof(options: ProofOptions): Promise<ProofResult> {
  const folder = await mkdtemp(join(tmpdir(), 'gavel-event-proof-'));
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    const { servers, seed } = options;
    const random = seededRandom(seed);
    const dsps = await startDsps(random.fork('dsps'));
    closing.push(dsps.close);
    await makeTopics(servers);
    const fleet = await startFleet(options.engines, {
      databaseUrl: servers.postgres.url,
      redisUrl: servers.redis.url,
      held: { bannerMs: HELD_MS, clickMs: HELD_MS, conversionMs: HELD_MS, nativeMs: BRIEF_MS },
      sections: sectionsOf(servers, dsps),
    });
    closing.push(fleet.close);
    const args = ['--config', fleet.engines[0]!.configFile, '--data', join(folder, 'consumers')];
    const consumers = Array.from({ length: CONSUMERS }, (_, index) => new ConsumerProcess(`consumer-${index}`, args));
    closing.push(() => Promise.all(consumers.map((consumer) => consumer.kill())));
    for (const consumer of consumers) await consumer.start();
    const database = openDatabase(servers.postgres.url);
    closing.push(() => database.end());
    return await new Proof(options, { fleet, consumers, database, dsps, random }).run();
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

function sectionsOf({ kafka }: ProofServers, dsps: ProofDsps): Readonly<Record<string, unknown>> {
  return {
    dsps: dsps.config,
    dspDefaults: { timeoutMs: 1000 },
    notices: { allowedHosts: ['127.0.0.1'] },
    events: {
      userSecret: 'the-secret-of-users-in-the-proof',
      tracking: { baseUrl: 'https://events.example', key: 'the-key-of-URLs-in-the-proof' },
      kafka: { brokers: kafka.url },
    },
  };
}

async function makeTopics({ kafka }: ProofServers): Promise<void> {
  const made = await runGavel(['topics', 'apply', '--partitions', String(PARTITIONS)], {
    GAVEL_EVENTS_KAFKA_BROKERS: kafka.url,
  });
  if (made.code !== 0) throw new Error(`topics: ${made.stderr}`);
}

/** Queries find a connection again behind a database that was killed. `bigint` comes as such. */
function openDatabase(connectionString: string): pg.Pool {
  const types = new pg.TypeOverrides();
  types.setTypeParser(INT8_OID, BigInt);
  const pool = new pg.Pool({ connectionString, types, max: 2 });
  // Of connections at rest: whoever asks next is told.
  pool.on('error', () => {});
  return pool;
}

interface World {
  readonly fleet: Fleet;
  readonly consumers: readonly ConsumerProcess[];
  readonly database: pg.Pool;
  readonly dsps: ProofDsps;
  readonly random: SeededRandom;
}

class Proof {
  readonly #options: ProofOptions;
  readonly #world: World;
  readonly #witness: Witness;
  readonly #visitors: Visitors;
  readonly #killed: Killed[] = [];
  readonly #untilRecoveredMs: Record<string, number> = {};
  readonly #problems: string[] = [];

  constructor(options: ProofOptions, world: World) {
    this.#options = options;
    this.#world = world;
    this.#witness = new Witness(world.database);
    this.#visitors = new Visitors({
      engines: world.fleet.engines,
      auctionsPerSecond: options.auctionsPerSecond,
      random: world.random.fork('visitors'),
    });
  }

  async run(): Promise<ProofResult> {
    await book(this.#engines[0]!, OWN);
    await this.#untilRecovered('start', performance.now());
    for (const name of this.#options.faults) {
      const beganAtMs = performance.now();
      await FAULTS[name](this.#targets());
      await this.#untilRecovered(name, beganAtMs);
    }
    await this.#visitors.finish();
    const settledMs = await this.#untilSettled();
    const { ads, counts, problems } = this.#visitors;
    await this.#witness.audit([], () => false);
    const { problems: found, ...verdict } = await judge(this.#world.database, {
      ads,
      messages: await readTopicByConsole(this.#options.servers.kafka.url, TOPIC),
      told: this.#world.dsps.told,
      mayBeUnwritten: (ad) => this.#mayBeUnwritten(ad),
    });
    await this.#compareStatements();
    await this.#replay();
    return {
      problems: [...problems, ...this.#witness.problems, ...found, ...this.#problems],
      verdict,
      untilRecoveredMs: this.#untilRecoveredMs,
      counts,
      auctions: ads.length,
      settledMs,
    };
  }

  get #engines(): readonly Engine[] {
    return this.#world.fleet.engines;
  }

  #targets(): FaultTargets {
    const { consumers, random } = this.#world;
    const rush = (engine: Engine): void => this.#visitors.rush(engine);
    return { engines: this.#engines, consumers, servers: this.#options.servers, random, killed: this.#killed, rush };
  }

  /** Every engine sells, and what was told since is billed. */
  async #untilRecovered(after: string, beganAtMs: number): Promise<void> {
    const healedAtMs = performance.now();
    const lacking = (): string[] => {
      const sellers = new Set(this.#visitors.adsSince(healedAtMs).map(({ seller }) => seller));
      return this.#engines.flatMap(({ name, words }) =>
        sellers.has(name) ? [] : [`${name} sells nothing: ${words.slice(-1500)}`],
      );
    };
    const isOver = (): boolean => performance.now() > healedAtMs + RECOVERY_MS_MAX;
    while (lacking().length > 0 && !isOver()) await pause(LOOK_MS);
    while (!(await this.#isBilledSince(healedAtMs)) && !isOver()) await pause(LOOK_MS);
    if (isOver()) {
      const consumers = this.#world.consumers.map(({ name, words }) => `${name}: ${words.slice(-1500)}`);
      this.#problems.push(`no recovery from "${after}": ${[...lacking(), ...consumers].join('\n')}`);
    }
    const ms = Math.round(performance.now() - beganAtMs);
    this.#untilRecoveredMs[after] = Math.max(this.#untilRecoveredMs[after] ?? 0, ms);
    this.#options.onRecovered?.(after, ms);
  }

  /** In each partition something, as far as they can be told apart: of so many that all have some. */
  async #isBilledSince(sinceMs: number): Promise<boolean> {
    const keys = this.#visitors.adsSince(sinceMs).flatMap(({ paidBy, tellings }) => {
      const telling = tellings.get(paidBy);
      return telling?.acknowledgedAtMs ? [telling.key] : [];
    });
    if (keys.length < MEANT_MIN) return false;
    const meant = keys.slice(0, MEANT_MIN);
    const sql = `SELECT key FROM charge WHERE key = ANY($1) AND state IN ('billed', 'absorbed')
      UNION ALL SELECT key FROM dsp_transfer WHERE key = ANY($1) AND kind = 'bill'`;
    const { rows } = await this.#world.database.query(sql, [meant]);
    return rows.length === meant.length;
  }

  /** Nothing waits in an outbox, and the consumers are where the topic ends. */
  async #untilSettled(): Promise<number> {
    const sinceMs = performance.now();
    const isSettled = async (): Promise<boolean> => {
      for (const engine of this.#engines) if ((await metricOf(engine.url, 'rtb_outbox_bytes')) > 0) return false;
      if (!(await this.#isAllBooked())) return false;
      return (await this.#world.database.query('SELECT 1 FROM billing_notice LIMIT 1')).rows.length === 0;
    };
    while (!(await isSettled())) {
      if (performance.now() > sinceMs + SETTLE_MS_MAX) {
        const places = (await this.#world.database.query('SELECT * FROM consumer_offset ORDER BY partition')).rows;
        this.#problems.push(
          `does not settle: ${JSON.stringify(places, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}`,
        );
        break;
      }
      await pause(LOOK_MS);
    }
    return Math.round(performance.now() - sinceMs);
  }

  async #isAllBooked(): Promise<boolean> {
    const ends = await topicEnds(this.#options.servers.kafka.url, TOPIC);
    const { rows } = await this.#world.database.query('SELECT partition, next_offset FROM consumer_offset');
    const places = new Map(
      (rows as { partition: number; next_offset: bigint | null }[]).map((row) => [
        row.partition,
        Number(row.next_offset ?? 0),
      ]),
    );
    return [...ends].every(([partition, end]) => (places.get(partition) ?? 0) === end);
  }

  #mayBeUnwritten({ seller, life, atMs }: Ad): boolean {
    return this.#killed.some(
      (kill) => kill.engine.name === seller && kill.life === life && atMs > kill.atMs - WRITTEN_MS,
    );
  }

  /** Lines of the command against sums over the journals. */
  async #compareStatements(): Promise<void> {
    const { stdout, stderr, code } = await runGavel([
      'report',
      'statements',
      '--format',
      'json',
      '--config',
      this.#engines[0]!.configFile,
    ]);
    if (code !== 0) {
      this.#problems.push(`statements: ${stderr}`);
      return;
    }
    const said: Record<string, bigint> = {};
    for (const { party, amount } of JSON.parse(stdout) as { party: string; amount: string }[]) {
      said[party] = (said[party] ?? 0n) + nanosOf(amount);
    }
    const { rows } = await this.#world.database.query(STATEMENT_SUMS);
    for (const { party, amount } of rows as { party: string; amount: bigint }[]) {
      if ((said[party] ?? 0n) !== amount)
        this.#problems.push(`statements: ${party} ${said[party]}, journals ${amount}`);
    }
    if (said.advertiser! + said.dsp! !== said.publisher! + said.exchange!) {
      this.#problems.push(`statements do not sum: ${Object.entries(said).join('; ')}`);
    }
  }

  /** All of the topic once more, with nobody else at work: changes nothing. */
  async #replay(): Promise<void> {
    for (const consumer of this.#world.consumers) await this.#stopped(consumer);
    for (const engine of this.#engines) await engine.stop();
    const before = await this.#fingerprint();
    const [replayer] = this.#world.consumers;
    await replayer!.start(['--from-start']);
    const untilMs = performance.now() + SETTLE_MS_MAX;
    while (!(await this.#isAllBooked())) {
      if (performance.now() > untilMs) {
        this.#problems.push(`the replay does not end: ${replayer!.words.slice(-2000)}`);
        break;
      }
      await pause(LOOK_MS);
    }
    await this.#stopped(replayer!);
    const after = await this.#fingerprint();
    if (after !== before) this.#problems.push(`a replay changes the ledger: ${before}, ${after}`);
  }

  async #stopped(consumer: ConsumerProcess): Promise<void> {
    const code = await consumer.stop();
    if (code !== 0) this.#problems.push(`${consumer.name} ended with ${code}: ${consumer.words.slice(-1500)}`);
  }

  async #fingerprint(): Promise<string> {
    const { rows } = await this.#world.database.query(JOURNAL_LENGTHS);
    return `${await ledgerHash(queryable(this.#world.database), '')} ${Object.values(rows[0] as object).join(' ')}`;
  }
}

/** Bills that a recovery is shown by. */
const MEANT_MIN = 8;
const NANO_DIGITS = 9;

const JOURNAL_LENGTHS = `SELECT (SELECT count(*) FROM transfer) AS own, (SELECT count(*) FROM dsp_transfer) AS dsp,
  (SELECT count(*) FROM charge) AS charges`;

/** Advertisers owe what was billed; we bear what was absorbed; publishers get both, and what DSPs owe, less our fee. */
const STATEMENT_SUMS = `
  WITH own AS (
    SELECT t.kind, t.amount, t.fee FROM transfer t JOIN account a ON a.id = t.account_id
    WHERE a.unit = 'nanos' AND t.kind IN ('bill', 'absorb')
  )
  SELECT 'advertiser' AS party, coalesce(sum(amount), 0)::bigint AS amount FROM own WHERE kind = 'bill'
  UNION ALL SELECT 'dsp', coalesce(sum(amount), 0)::bigint FROM dsp_transfer
  UNION ALL SELECT 'publisher',
    ((SELECT coalesce(sum(amount - fee), 0) FROM own) + (SELECT coalesce(sum(amount - fee), 0) FROM dsp_transfer))::bigint`;

function nanosOf(decimal: string): bigint {
  const [whole, fraction = ''] = decimal.replace('-', '').split('.') as [string, string?];
  const nanos = BigInt(whole + fraction.padEnd(NANO_DIGITS, '0'));
  return decimal.startsWith('-') ? -nanos : nanos;
}
