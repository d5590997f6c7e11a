// How each service is run from what the system's packages have installed: on loopback, with all it writes in one folder.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchKafkaJars, missingForKafka } from './kafka-jars.mjs';

const HOST = '127.0.0.1';

/**
 * One kind of service. `missing` says why it cannot be run here, or null; `prepare` makes its data, once, in an empty
 * folder that exists; `recipe` says how it is started there.
 */
export const SERVERS = {
  redis: {
    variable: 'REDIS_URL',
    settings: ['GAVEL_CAMPAIGNS_REDIS_URL', 'GAVEL_COUNTERS_REDIS_URL'],
    portCount: 1,
    missing: () => (runs('redis-server', ['--version']) ? null : 'no redis-server: install Redis'),
    prepare: async () => {},
    recipe: (folder, [port]) => ({
      command: 'redis-server',
      args: ['--port', port, '--bind', HOST, '--save', '', '--dir', folder, '--maxmemory-policy', 'noeviction'].map(
        String,
      ),
      user: {},
      readyWords: 'Ready to accept connections',
      stopSignal: 'SIGTERM',
      url: `redis://${HOST}:${port}`,
    }),
  },
  postgres: {
    variable: 'DATABASE_URL',
    settings: ['GAVEL_CAMPAIGNS_DATABASE_URL'],
    portCount: 1,
    missing: () => {
      if (postgresBinaries() === null) return 'no PostgreSQL: install its server';
      return postgresUser() === null ? 'PostgreSQL does not run as root, and there is no user postgres' : null;
    },
    prepare: async (folder) => {
      const user = postgresUser();
      if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
      run(
        join(postgresBinaries(), 'initdb'),
        [
          ...['--pgdata', join(folder, 'data'), '--username', 'gavel', '--auth', 'trust'],
          ...['--encoding', 'UTF8', '--no-sync'],
        ],
        user,
      );
    },
    recipe: (folder, [port]) => ({
      command: join(postgresBinaries(), 'postgres'),
      // Nobody pulls the plug: waiting for the disk at each commit would only be slow.
      args: ['-D', join(folder, 'data'), '-p', String(port), '-h', HOST, '-k', folder, '-c', 'fsync=off'],
      user: postgresUser(),
      readyWords: 'ready to accept connections',
      stopSignal: 'SIGINT',
      url: `postgres://gavel@${HOST}:${port}/postgres`,
    }),
  },
  kafka: {
    variable: 'KAFKA_BROKERS',
    settings: ['GAVEL_EVENTS_KAFKA_BROKERS'],
    // For its clients, and for its controller.
    portCount: 2,
    missing: missingForKafka,
    prepare: async (folder, ports) => {
      const jars = await fetchKafkaJars();
      writeFileSync(join(folder, 'server.properties'), kafkaProperties(folder, ports));
      writeFileSync(join(folder, 'log4j.properties'), KAFKA_LOGGING);
      const clusterId = randomBytes(16).toString('base64url');
      run('java', [
        ...['-XX:TieredStopAtLevel=1', '-cp', join(jars, '*'), 'kafka.tools.StorageTool', 'format'],
        // In one word: an id may begin with a dash.
        ...[`--cluster-id=${clusterId}`, '--config', join(folder, 'server.properties')],
      ]);
    },
    recipe: async (folder, [port]) => ({
      command: 'java',
      args: [
        ...['-Xmx512m', '-XX:TieredStopAtLevel=1', `-Dlog4j.configuration=file:${join(folder, 'log4j.properties')}`],
        ...['-cp', join(await fetchKafkaJars(), '*'), 'kafka.Kafka', join(folder, 'server.properties')],
      ],
      user: {},
      readyWords: 'Kafka Server started',
      stopSignal: 'SIGTERM',
      url: `${HOST}:${port}`,
    }),
  },
};

/**
 * Topics are made by who needs them: one made by chance, by a name that was misspelt, helps nobody. Clients are told to come to
 * `advertisedPort`, where there may be something in between.
 */
function kafkaProperties(folder, [port, controllerPort, advertisedPort = port]) {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@${HOST}:${controllerPort}`,
    `listeners=PLAINTEXT://${HOST}:${port},CONTROLLER://${HOST}:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://${HOST}:${advertisedPort}`,
    'controller.listener.names=CONTROLLER',
    `log.dirs=${join(folder, 'data')}`,
    'auto.create.topics.enable=false',
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=1',
    'group.initial.rebalance.delay.ms=0',
    // One that was killed is let in again when its last session is over.
    'broker.session.timeout.ms=2500',
    'broker.heartbeat.interval.ms=500',
    '',
  ].join('\n');
}

const KAFKA_LOGGING = [
  'log4j.rootLogger=INFO, stdout',
  'log4j.appender.stdout=org.apache.log4j.ConsoleAppender',
  'log4j.appender.stdout.layout=org.apache.log4j.PatternLayout',
  'log4j.appender.stdout.layout.ConversionPattern=%d %p %m (%c)%n',
  '',
].join('\n');

/** The newest that the system's packages installed. */
function postgresBinaries() {
  const root = '/usr/lib/postgresql';
  try {
    const newest = Math.max(...readdirSync(root).map(Number).filter(Number.isInteger));
    return newest > 0 ? join(root, String(newest), 'bin') : null;
  } catch {
    return null;
  }
}

/** PostgreSQL does not run as root: there, as the user that its package made. Null when there is none. */
function postgresUser() {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout || Number.NaN);
  const [uid, gid] = [idOf('-u'), idOf('-g')];
  return Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid } : null;
}

function runs(command, args) {
  return spawnSync(command, args).status === 0;
}

function run(command, args, user = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { ...user, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? `${stdout}${stderr}`.trim()}`);
}
