/** `scripts/services` as it is called. What it starts, the tests of each service run against: they start it by the same code. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadConfig } from '../config/load.ts';
import { hasRedisServer } from './support/services.ts';

const SCRIPT = fileURLToPath(new URL('../scripts/services', import.meta.url));
const GIVEN = { REDIS_URL: 'redis://given:1', DATABASE_URL: 'postgres://given:2/db', KAFKA_BROKERS: 'given:3' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-services-test-'));
});
afterEach(() => {
  run(['down'], {});
  rmSync(folder, { recursive: true, force: true });
});

function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { REDIS_URL, DATABASE_URL, KAFKA_BROKERS, ...rest } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], {
    env: { ...rest, SERVICES_DIR: join(folder, 'services'), ...env },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

const lines = (env: object) => Object.entries(env).map(([name, value]) => `${name}=${value}\n`);

it('takes what the environment names as it is, and starts nothing', () => {
  expect(run(['up'], GIVEN)).toEqual({ status: 0, stdout: lines(GIVEN).join(''), stderr: '' });
  expect(run(['status'], GIVEN)).toEqual({ status: 0, stdout: lines(GIVEN).join(''), stderr: '' });
  expect(readdirSync(join(folder, 'services'))).toEqual([]);
});

it('says it in settings of Gavel', () => {
  const { status, stdout, stderr } = run(['settings'], GIVEN);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const environment = Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=')),
  );
  const { campaigns, counters, events } = loadConfig({ file: null, environment, overrides: {} });
  expect([campaigns.databaseUrl, campaigns.redisUrl, counters.redisUrl, events.kafka.brokers]).toEqual([
    GIVEN.DATABASE_URL,
    GIVEN.REDIS_URL,
    GIVEN.REDIS_URL,
    GIVEN.KAFKA_BROKERS,
  ]);
});

it('says what is not running', () => {
  const { status, stdout, stderr } = run(['status'], { REDIS_URL: 'redis://given:1' });
  expect({ status, stdout }).toEqual({ status: 1, stdout: 'REDIS_URL=redis://given:1\n' });
  expect(stderr.split('\n')).toEqual([
    'scripts/services: postgres is not running',
    'scripts/services: kafka is not running',
    '',
  ]);
});

it.skipIf(!hasRedisServer)('starts what is missing once, says where it is, and ends it', () => {
  const { REDIS_URL, ...others } = GIVEN;
  const up = run(['up'], others);
  expect(up).toMatchObject({ status: 0, stdout: expect.stringMatching(/^REDIS_URL=redis:\/\/127\.0\.0\.1:\d+\n/) });
  expect(run(['up'], others).stdout).toBe(up.stdout);
  expect(run(['status'], others).stdout).toBe(up.stdout);
  expect(run(['down'], others)).toEqual({ status: 0, stdout: '', stderr: '' });
  expect(run(['status'], others)).toMatchObject({ status: 1, stdout: lines(others).join('') });
});

it.each([[[]], [['start']], [['up', 'redis']]])('refuses %j in one line', (args) => {
  const { status, stdout, stderr } = run(args, {});
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^scripts\/services: say up, down, status or settings .*\n$/);
});

it('explains itself', () => {
  expect(run(['--help'], {})).toMatchObject({ status: 0, stdout: expect.stringContaining('Usage: scripts/services') });
});
