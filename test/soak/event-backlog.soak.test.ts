/** F27 What gathers while Kafka is away for ten minutes is drained within five, and auctions do not notice. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemTimers } from '../../adapters/clock.ts';
import { openEventLog } from '../../adapters/event-log/event-log.embedded.ts';
import { eventLogFolder } from '../../adapters/event-log/log-folders.ts';
import { readEvents } from '../../adapters/event-log/reader.ts';
import { percentile } from '../../bench/measurement.ts';
import { seededRandom } from '../../simulator/random.ts';
import { generateRequest } from '../../simulator/traffic/request-generator.ts';
import { pause } from '../support/campaign-proof/traffic.ts';
import { IS_BUILT, type RunningGavel, runGavel, serveGavel } from '../support/gavel-process.ts';
import { startLoad } from '../support/load.ts';
import { metricOf } from '../support/metric.ts';
import { startOwnKafka } from '../support/services.ts';
import { postAdRequest } from '../support/test-gavel.ts';
import { topicEnds } from '../support/topic-reader.ts';

const kafka = IS_BUILT ? await startOwnKafka() : null;
afterAll(() => kafka?.stop());

/** Ten minutes of 400 auctions a second at 10 KB of events each; those of the sample are smaller, so there are more. */
const BACKLOG_BYTES = Number(process.env.GAVEL_BACKLOG_BYTES ?? 2.4e9);
const APPEND_BYTES = 4e6;
const SAMPLES = 200;
const PARTITIONS = 12;
const AUCTIONS_PER_SECOND = 20;
const WATCHED_MS = 20_000;
const DRAINED_MS_MAX = 300_000;
const TOPIC = 'gavel.events';

const environment = (): Record<string, string> => ({ GAVEL_EVENTS_KAFKA_BROKERS: kafka!.url });

function serve(folder: string): Promise<RunningGavel> {
  return serveGavel(['--data', folder, '--with-simulated-dsps'], environment());
}

async function end(gavel: RunningGavel): Promise<void> {
  gavel.kill('SIGTERM');
  await gavel.ended;
}

/** As an engine stores them. */
async function sampleEvents(): Promise<Uint8Array[]> {
  const folder = await mkdtemp(join(tmpdir(), 'gavel-samples-'));
  const gavel = await serve(folder);
  const load = startLoad(gavel.url, { clients: 2, seed: 1 });
  await load.answered(SAMPLES);
  await end(gavel);
  await load.ended;
  const payloads: Uint8Array[] = [];
  for await (const { payload } of readEvents(eventLogFolder(folder))) payloads.push(payload);
  await rm(folder, { recursive: true });
  return payloads;
}

/** The same again and again; how many. */
async function fill(folder: string, samples: readonly Uint8Array[]): Promise<number> {
  const log = await openEventLog({
    folder: eventLogFolder(folder),
    timers: systemTimers,
    totalBytesMax: 2 * BACKLOG_BYTES,
  });
  const batch: Uint8Array[] = [];
  for (let bytes = 0; bytes < APPEND_BYTES; bytes += batch.at(-1)!.byteLength) {
    batch.push(samples[batch.length % samples.length]!);
  }
  let count = 0;
  for (; log.stats().totalBytes < BACKLOG_BYTES; count += batch.length) await log.append(batch);
  await log.close();
  return count;
}

/** Of auctions at a steady rate, until it says stop: p50 and p99, ms. */
function watch(
  url: string,
  seed: number,
): { readonly stop: () => Promise<{ p50: number; p99: number; count: number }> } {
  const traffic = seededRandom(seed);
  const latencies: number[] = [];
  const asked: Promise<void>[] = [];
  let isOver = false;
  const asking = (async () => {
    for (let index = 0; !isOver; index++) {
      await pause(1000 / AUCTIONS_PER_SECOND);
      const beganAtMs = performance.now();
      const request = { ...generateRequest(traffic, index), tmax: 300 };
      asked.push(postAdRequest(url, request).then(() => void latencies.push(performance.now() - beganAtMs)));
    }
  })();
  return {
    stop: async () => {
      isOver = true;
      await asking;
      await Promise.all(asked);
      const sorted = latencies.toSorted((a, b) => a - b);
      return { p50: percentile(sorted, 50), p99: percentile(sorted, 99), count: sorted.length };
    },
  };
}

describe.skipIf(kafka === null)('ten minutes without Kafka (needs a build and Kafka)', () => {
  it('are drained within five', async () => {
    const made = await runGavel(['topics', 'apply', '--partitions', String(PARTITIONS)], environment());
    expect(made, made.stderr).toMatchObject({ code: 0 });
    const samples = await sampleEvents();
    const before = await stored();
    const folder = await mkdtemp(join(tmpdir(), 'gavel-backlog-'));
    try {
      const count = await fill(folder, samples);
      await kafka!.kill();
      const gavel = await serve(folder);
      const first = watch(gavel.url, 1);
      await pause(WATCHED_MS);
      await first.stop();
      const away = watch(gavel.url, 2);
      await pause(WATCHED_MS);
      const whileAway = await away.stop();
      await kafka!.restart();
      const beganAtMs = performance.now();
      const draining = watch(gavel.url, 3);
      while ((await metricOf(gavel.url, 'rtb_outbox_drained_total')) < count) {
        expect(performance.now() - beganAtMs).toBeLessThan(3 * DRAINED_MS_MAX);
        await pause(500);
      }
      const drainedMs = Math.round(performance.now() - beganAtMs);
      const whileDraining = await draining.stop();
      const afterwards = watch(gavel.url, 4);
      await pause(WATCHED_MS);
      console.log({
        count,
        bytes: BACKLOG_BYTES,
        drainedMs,
        whileAway,
        whileDraining,
        afterwards: await afterwards.stop(),
      });
      await end(gavel);
      expect((await stored()) - before).toBeGreaterThanOrEqual(count);
      expect(drainedMs).toBeLessThan(DRAINED_MS_MAX);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 2_400_000);
});

async function stored(): Promise<number> {
  return [...(await topicEnds(kafka!.url, TOPIC)).values()].reduce((sum, end) => sum + end, 0);
}
