/** What is done to the processes of the proof. Each resolves when it is over: who was killed is back, who was frozen goes on. */
import type { SeededRandom } from '../../../simulator/random.ts';
import type { Engine } from '../campaign-proof/engines.ts';
import { pause } from '../campaign-proof/traffic.ts';
import type { ConsumerProcess } from './consumers.ts';
import type { ProofServers } from './servers.ts';

export interface FaultTargets {
  readonly engines: readonly Engine[];
  readonly consumers: readonly ConsumerProcess[];
  readonly servers: ProofServers;
  readonly random: SeededRandom;
  /** Each life of an engine that was ended so. */
  readonly killed: Killed[];
  /** Tells an engine much at once. */
  readonly rush: (engine: Engine) => void;
}

export interface Killed {
  readonly engine: Engine;
  readonly life: number;
  /** Monotonic ms. */
  readonly atMs: number;
}

const AWAY_MS_MAX = 3000;
const OUTAGE_MS = 20_000;
/** Longer than the session of a member of the consumers' group (10 s), and than its others need to take over. */
const ZOMBIE_MS = 20_000;
/** Longer than a request to Kafka is waited for: what it took meanwhile is sent again. */
const SILENT_KAFKA_MS = 13_000;
const FROZEN_MS_MAX = 5000;
const CONSUMER_STARTS_MAX = 10;

type Fault = (targets: FaultTargets) => Promise<void>;

const engineKilled: Fault = async (targets) => {
  const { engines, random } = targets;
  const engine = engines[random.integer(0, engines.length - 1)]!;
  await killEngine(engine, targets);
  await engine.start();
};

const consumerKilled: Fault = async ({ consumers, random }) => {
  const consumer = consumers[random.integer(0, consumers.length - 1)]!;
  await consumer.kill();
  await consumer.startEventually(CONSUMER_STARTS_MAX);
};

const kafkaKilled: Fault = async ({ servers: { kafka }, random }) => {
  await kafka.kill();
  await pause(random.uniform(0, AWAY_MS_MAX));
  await kafka.restart();
};

const postgresKilled: Fault = async ({ servers: { postgres }, random }) => {
  await postgres.kill();
  await pause(random.uniform(0, AWAY_MS_MAX));
  await postgres.restart();
};

const redisKilled: Fault = async ({ servers: { redis }, random }) => {
  await redis.kill();
  await pause(random.uniform(0, AWAY_MS_MAX));
  await redis.restart();
};

/** At once, and back in any order: who needs another one waits for it, or is started again by whoever runs it. */
const allKilled: Fault = async (targets) => {
  const { engines, consumers } = targets;
  const { kafka, postgres, redis } = targets.servers;
  await Promise.all([
    ...engines.map((engine) => killEngine(engine, targets)),
    ...consumers.map((consumer) => consumer.kill()),
    kafka.kill(),
    postgres.kill(),
    redis.kill(),
  ]);
  await Promise.all([kafka.restart(), postgres.restart(), redis.restart()]);
  await Promise.all([
    ...engines.map((engine) => engine.start()),
    ...consumers.map((consumer) => consumer.startEventually(CONSUMER_STARTS_MAX)),
  ]);
};

const kafkaAway: Fault = async ({ servers: { kafka } }) => {
  await kafka.kill();
  await pause(OUTAGE_MS);
  await kafka.restart();
};

/** Takes what it is sent, and says nothing of it for longer than anybody waits. */
const kafkaFrozen: Fault = ({ servers: { kafka } }) => frozen(kafka, SILENT_KAFKA_MS);

const engineFrozen: Fault = ({ engines, random }) =>
  frozen(engines[random.integer(0, engines.length - 1)]!, random.uniform(500, FROZEN_MS_MAX));

/** Wakes up in the middle of a batch of partitions that others have had since. */
const consumerZombie: Fault = ({ consumers, random }) =>
  frozen(consumers[random.integer(0, consumers.length - 1)]!, ZOMBIE_MS);

/** While Kafka is away, so that what the engine has stored waits on its disk for its successor. */
const engineKilledInOutage: Fault = async (targets) => {
  const { kafka } = targets.servers;
  await kafka.kill();
  await pause(targets.random.uniform(500, AWAY_MS_MAX));
  await engineKilled(targets);
  await kafka.restart();
};

/** With consumers that are in the middle of something. */
const postgresAndConsumersKilled: Fault = async ({ consumers, servers: { postgres } }) => {
  await Promise.all([postgres.kill(), ...consumers.map((consumer) => consumer.kill())]);
  await postgres.restart();
  await Promise.all(consumers.map((consumer) => consumer.startEventually(CONSUMER_STARTS_MAX)));
};

export const FAULTS = {
  'engine killed': engineKilled,
  'consumer killed': consumerKilled,
  'Kafka killed': kafkaKilled,
  'PostgreSQL killed': postgresKilled,
  'Redis killed': redisKilled,
  'all killed': allKilled,
  'Kafka away': kafkaAway,
  'Kafka frozen': kafkaFrozen,
  'engine frozen': engineFrozen,
  'consumer frozen past its session': consumerZombie,
  'engine killed while Kafka is away': engineKilledInOutage,
  'PostgreSQL and consumers killed': postgresAndConsumersKilled,
} satisfies Readonly<Record<string, Fault>>;

export type FaultName = keyof typeof FAULTS;

/** Each process once. */
export const EACH_KILLED: readonly FaultName[] = [
  'engine killed',
  'consumer killed',
  'Kafka killed',
  'PostgreSQL killed',
  'Redis killed',
];

const RUSH_MS_MAX = 20;

/** In the middle of what it is told. */
async function killEngine(engine: Engine, { killed, rush, random }: FaultTargets): Promise<void> {
  rush(engine);
  await pause(random.uniform(0, RUSH_MS_MAX));
  killed.push({ engine, life: engine.life, atMs: performance.now() });
  await engine.kill();
}

async function frozen(process: { readonly signal: (signal: NodeJS.Signals) => void }, forMs: number): Promise<void> {
  process.signal('SIGSTOP');
  try {
    await pause(forMs);
  } finally {
    process.signal('SIGCONT');
  }
}
