/** Billing behind the fast filter, as it is put together: what comes again does not get to the database, and Redis may go. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemTimers } from '../adapters/clock.ts';
import { openEventLog } from '../adapters/event-log/event-log.embedded.ts';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { type RunningConsumer, startEventConsumer } from '../compose.ts';
import { loadConfig } from '../config/load.ts';
import { encodeEvent } from '../engine/events/read-event.ts';
import { buildOutcome, DSP_SALE } from '../engine/events/testing/build-events.ts';
import { freePort } from './support/free-port.ts';
import { hasRedisServer, type Service, startRedis } from './support/services.ts';

const PATIENCE = { timeout: 30_000, interval: 50 };
const EVENTS = 200;

let folder: string;
let redis: Service | null = null;
let consumer: RunningConsumer | null = null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-filter-'));
});
afterEach(async () => {
  await consumer?.close();
  consumer = null;
  await redis?.stop();
  redis = null;
  await rm(folder, { recursive: true });
});

async function metric(name: string): Promise<number> {
  const text = await consumer!.metricsText();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

const billedAs = (result: string) => metric(`rtb_events_billed_total{payer="dsp",result="${result}"}`);

describe.skipIf(!hasRedisServer)('billing behind the fast filter (needs redis-server)', () => {
  it('bills once what comes three times, with Redis and when it goes', async () => {
    redis = await startRedis(await freePort());
    const soldAtMs = Date.now();
    const impressions = Array.from({ length: EVENTS }, (_, at) =>
      encodeEvent(
        buildOutcome('impression', {
          auctionId: `a${at}`,
          atMs: soldAtMs,
          sale: { ...DSP_SALE, soldAtMs },
          billingNotice: null,
        }),
      ),
    );
    const log = await openEventLog({ folder: eventLogFolder(folder), timers: systemTimers });
    const overrides = {
      dataDirectory: folder,
      'log.level': 'silent',
      'events.billing': true,
      'events.fastFilter.redisUrl': redis!.url,
    };
    const config = loadConfig({ file: null, environment: {}, overrides });
    consumer = await startEventConsumer(config, { consumers: ['billing'], fromStart: false });
    await log.append(impressions);
    await expect.poll(() => billedAs('billed'), PATIENCE).toBe(EVENTS);
    // The first of them are judged by the books, which so find out that it is worth asking.
    await log.append(impressions.slice(0, 20));
    await expect.poll(() => billedAs('repeated'), PATIENCE).toBe(20);
    await log.append(impressions);
    await expect.poll(() => billedAs('repeated'), PATIENCE).toBe(EVENTS + 20);
    expect(await metric('rtb_event_filter_total{state="done"}')).toBeGreaterThanOrEqual(EVENTS);

    await redis!.stop();
    redis = null;
    await log.append(impressions);
    await expect.poll(() => billedAs('repeated'), PATIENCE).toBe(2 * EVENTS + 20);
    expect(await metric('rtb_event_filter_silent_total')).toBeGreaterThan(0);
    expect(await billedAs('billed')).toBe(EVENTS);
    await log.close();
  }, 60_000);
});
