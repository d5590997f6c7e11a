import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedisServer, type Service, startRedis } from '../test/support/services.ts';
import { measureRedisCost, REDIS_NAMES } from './redis-cost.ts';
import { QUICK_SCALE } from './suite.ts';

const context = (lines: string[] = []) => ({
  scale: QUICK_SCALE,
  seed: 1,
  progress: (line: string) => lines.push(line),
});
const given = process.env.REDIS_URL;

describe.skipIf(given === undefined && !hasRedisServer)('what Redis takes, tiny (needs a Redis)', () => {
  let redis: Service | null;
  beforeAll(async () => {
    redis = await startRedis();
    process.env.REDIS_URL = redis!.url;
  });
  afterAll(async () => {
    if (given === undefined) delete process.env.REDIS_URL;
    else process.env.REDIS_URL = given;
    await redis?.stop();
  });

  it('is CPU of its own by operation', async () => {
    const measured = await measureRedisCost(context());
    expect(measured.map(({ name }) => name)).toEqual(REDIS_NAMES);
    // More than nothing, less than a millisecond: the commands were answered, and by no means all at once.
    for (const { value } of measured) expect(value).toBeGreaterThan(0);
    for (const { value } of measured) expect(value).toBeLessThan(1000);
  });
});

it('is left out where there is no Redis', async () => {
  const before = process.env.REDIS_URL;
  delete process.env.REDIS_URL;
  const lines: string[] = [];
  try {
    expect(await measureRedisCost(context(lines))).toEqual([]);
  } finally {
    if (before !== undefined) process.env.REDIS_URL = before;
  }
  expect(lines).toEqual([expect.stringContaining('REDIS_URL')]);
});
