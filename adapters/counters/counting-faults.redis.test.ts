/** A log is counted into a Redis by several processes, one after the other and against each other, while that forgets and falls back. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, expect, it } from 'vitest';
import { WINDOW_MS, windowOf } from '../../engine/counters/counts.ts';
import { CountingConsumer } from '../../engine/events/counting-consumer.ts';
import { encodeEvent } from '../../engine/events/read-event.ts';
import { buildOutcome, DSP_SALE } from '../../engine/events/testing/build-events.ts';
import type { SourcedEvent } from '../../engine/ports/event-source.ts';
import { seededRandom } from '../../simulator/random.ts';
import { startRedis } from '../../test/support/services.ts';
import { BOUNDS } from './counter-store.contract.ts';
import { openRedisCounterStore } from './counter-store.redis.ts';

const redis = await startRedis();
afterAll(() => redis?.stop());

const SEEDS = [1, 2, 3, 4, 5, 6];
const EVENTS = 400;
const STEPS = 60;

/** Every tenth event is told twice, the second time anywhere behind. */
function logOf(random: () => number, nowMs: number): SourcedEvent[] {
  const windowMs = windowOf(nowMs) - WINDOW_MS;
  const told = Array.from({ length: EVENTS }, (_, at) => at).flatMap((at) => (random() < 0.1 ? [at, at] : [at]));
  for (let at = 0; at < told.length; at += 1) {
    const other = at + Math.floor(random() * Math.min(80, told.length - at));
    [told[at], told[other]] = [told[other]!, told[at]!];
  }
  return told.map((at, offset) => {
    const type = at % 3 === 0 ? 'click' : 'impression';
    const event = buildOutcome(type, { auctionId: `a${at}`, atMs: windowMs + (at % 5) * 1000, sale: saleAt(nowMs) });
    return { offset, id: `0:${offset}`, key: null, type, payload: encodeEvent(event) };
  });
}

const saleAt = (nowMs: number) => ({ ...DSP_SALE, soldAtMs: nowMs - 60_000 });

it.skipIf(redis === null).each(SEEDS)('comes to what the log says, seed %i', async (seed) => {
  const random = seededRandom(seed);
  const draw = (): number => random.next();
  const keyPrefix = `gavel-test-${randomUUID()}:`;
  const log = logOf(draw, Date.now());
  const probe = new Redis(redis!.url);
  const open = async () => {
    const store = await openRedisCounterStore({
      ...{ ...BOUNDS, url: redis!.url, keyPrefix, source: 'a', commandTimeoutMs: 5000, onError: () => {} },
    });
    const observer = { onCounted: () => {}, onUnreadable: () => {}, onRebuilding: () => {}, onFenced: () => {} };
    const consumer = new CountingConsumer({
      store,
      ...{ keptMs: BOUNDS.keptMs, billableForMs: () => 3_600_000 },
      clock: { wallMs: Date.now, monotonicMs: Date.now },
      observer: { ...observer, onFailure: () => {} },
    });
    const process = { store, consumer, next: 0 };
    await begin(process);
    return process;
  };
  type Process = {
    readonly consumer: CountingConsumer;
    readonly store: Awaited<ReturnType<typeof openRedisCounterStore>>;
    next: number;
  };
  /** As a source does. */
  const begin = async (process: Process): Promise<void> => {
    const start = await process.consumer.positionOf(0);
    process.next = typeof start === 'number' ? start : 0;
  };
  const step = async (process: Process, size: number): Promise<void> => {
    const events = log.slice(process.next, process.next + size);
    if (events.length === 0) return;
    try {
      await process.consumer.handle({ partition: 0, events });
      process.next += events.length;
    } catch (error) {
      if ((error as Error).name === 'PlaceLostError') await begin(process);
    }
  };
  let copies: (readonly [string, Buffer])[] = [];
  const faults: (() => Promise<void>)[] = [
    async () => {
      const keys = await probe.keys(`${keyPrefix}*`);
      copies = await Promise.all(keys.map(async (key) => [key, (await probe.dumpBuffer(key))!] as const));
    },
    async () => {
      const keys = await probe.keys(`${keyPrefix}*`);
      if (keys.length > 0) await probe.del(keys);
      if (draw() < 0.7) for (const [key, copy] of copies) await probe.restore(key, 600_000, copy);
    },
    async () => {
      processes.push(await open());
    },
  ];
  const processes: Process[] = [];
  processes.push(await open());
  for (let at = 0; at < STEPS; at += 1) {
    if (draw() < 0.25) await faults[Math.floor(draw() * faults.length)]!();
    await step(processes[Math.floor(draw() * processes.length)]!, 1 + Math.floor(draw() * 30));
  }
  const last = await open();
  processes.push(last);
  while (last.next < log.length) await step(last, 50);
  const all = { fromMs: Date.now() - 600_000, toMs: Date.now() + WINDOW_MS };
  const sum = (await last.store.readAll('dsp', all)).get('dsp-1')!;
  const clicks = Array.from({ length: EVENTS }, (_, at) => at).filter((at) => at % 3 === 0).length;
  expect(sum).toMatchObject({ click: clicks, impression: EVENTS - clicks });
  expect(sum.spend.get('USD')).toBe(BigInt(EVENTS - clicks) * 1_500_000n);
  for (const { store } of processes) await store.close();
  probe.disconnect();
});
