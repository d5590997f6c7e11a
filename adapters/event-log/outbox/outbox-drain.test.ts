import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventSendError, type EventSender, type OutgoingEvent } from '../../../engine/ports/event-sender.ts';
import { type EmbeddedEventLog, openEventLog } from '../event-log.embedded.ts';
import { encodedBytes } from '../segment-format.ts';
import { SegmentTail } from '../segment-tail.ts';
import { DrainPosition } from './drain-position.ts';
import { OutboxDrain, type OutboxLimits } from './outbox-drain.ts';

const IDLE_TIMERS = { schedule: () => null, cancel: () => {} };
const LIMITS: OutboxLimits = { batchBytesMax: 1000, lingerMs: 5, bytesPerSecondMax: 1e9 };

/** Timers that fire when a test says that time passes. */
class TestTime {
  nowMs = 0;
  #timers: { atMs: number; fire: () => void }[] = [];

  readonly clock = { monotonicMs: () => this.nowMs, wallMs: () => 1_000_000 + this.nowMs };

  readonly timers = {
    schedule: (delayMs: number, fire: () => void) => {
      const timer = { atMs: this.nowMs + delayMs, fire };
      this.#timers.push(timer);
      return timer;
    },
    cancel: (timer: unknown) => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    },
  };

  /** To the next timer, if there is one. */
  step(): void {
    const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
    if (next === undefined) return;
    this.#timers = this.#timers.filter((each) => each !== next);
    this.nowMs = Math.max(this.nowMs, next.atMs);
    next.fire();
  }
}

/** A broker that may be away. */
class TestBroker implements EventSender {
  readonly taken: string[] = [];
  readonly ids: string[] = [];
  sends = 0;
  failure: 'away' | 'acks-lost' | null = null;
  refused = new Set<string>();
  onSend: (() => void) | null = null;
  isClosed = false;

  readonly send = async (events: readonly OutgoingEvent[]): Promise<void> => {
    this.sends += 1;
    this.onSend?.();
    if (this.failure === 'away') throw new EventSendError('unavailable', 'away');
    const texts = events.map(({ payload }) => String(Buffer.from(payload)));
    if (texts.some((text) => this.refused.has(text))) throw new EventSendError('refused', 'too large');
    this.taken.push(...texts);
    this.ids.push(...events.map(({ id }) => id));
    if (this.failure === 'acks-lost') throw new EventSendError('unavailable', 'no answer');
  };

  readonly close = async (): Promise<void> => {
    this.isClosed = true;
  };
}

let folder: string;
let time: TestTime;
let broker: TestBroker;
let log: EmbeddedEventLog;
let observed: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-'));
  time = new TestTime();
  broker = new TestBroker();
  observed = [];
  log = await openEventLog({ folder, timers: IDLE_TIMERS });
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

async function openDrain(limits: Partial<OutboxLimits> = {}, waitingBytes = 0): Promise<OutboxDrain> {
  const newLogId = () => 'f'.repeat(32);
  const position = await DrainPosition.open({ folder, newLogId, logNextSequence: log.stats().nextSequence });
  const fromSequence = position.current?.nextSequence ?? null;
  return new OutboxDrain({
    tail: new SegmentTail({ folder, fromSequence, onProblem: () => {} }),
    position,
    sender: broker,
    envelopeOf: (payload) => ({ key: String(Buffer.from(payload)).slice(0, 1), type: 'win' }),
    limits: { ...LIMITS, ...limits },
    waitingBytes,
    clock: time.clock,
    timers: time.timers,
    random: () => 0.5,
    observer: {
      onDrained: (count) => observed.push(`drained ${count}`),
      onFailure: (_, isFirst) => observed.push(isFirst ? 'failed' : 'failed again'),
      onRecovered: () => observed.push('recovered'),
      onRejected: (sequence) => observed.push(`rejected ${sequence}`),
    },
  });
}

async function append(drain: OutboxDrain, ...texts: string[]): Promise<void> {
  const events = texts.map((text) => Buffer.from(text));
  await log.append(events);
  drain.appended(log.stats().nextSequence - events.length, encodedBytes(events));
}

/** Lets time pass until it is so. */
async function until(isSo: () => boolean): Promise<void> {
  await expect
    .poll(
      () => {
        time.step();
        return isSo();
      },
      { interval: 1 },
    )
    .toBe(true);
}

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `event-${n}`);
}

describe('an outbox', () => {
  it('hands on what is appended, in order, and what waited before', async () => {
    await log.append([Buffer.from('early')]);
    const drain = await openDrain({}, 21);
    expect(drain.waitingBytes()).toBe(21);
    await append(drain, ...texts(100));
    await append(drain, 'last');
    await until(() => broker.taken.length === 102);
    expect(broker.taken).toEqual(['early', ...texts(100), 'last']);
    expect(new Set(broker.ids).size).toBe(102);
    expect(drain.drainedUntil()).toBe(103);
    await until(() => drain.waitingBytes() === 0);
    expect(drain.oldestMs()).toBe(0);
    // In batches, not one by one.
    expect(broker.sends).toBeLessThan(10);
    await drain.close(100);
    expect(broker.isClosed).toBe(true);
  });

  it('loses nothing and keeps the order while the broker is away, and says so once', async () => {
    const drain = await openDrain();
    await append(drain, 'a0', 'b0');
    await until(() => broker.taken.length === 2);
    broker.failure = 'away';
    const sends = broker.sends;
    for (let n = 1; n <= 50; n += 1) await append(drain, `a${n}`, `b${n}`);
    await until(() => broker.sends >= sends + 8);
    expect(drain.drainedUntil()).toBe(3);
    expect(drain.waitingBytes()).toBeGreaterThan(1500);
    expect(drain.oldestMs()).toBeGreaterThan(1000);
    broker.failure = null;
    await until(() => broker.taken.length === 102);
    const ofKey = (key: string) => broker.taken.filter((text) => text.startsWith(key));
    expect(ofKey('a')).toEqual(Array.from({ length: 51 }, (_, n) => `a${n}`));
    expect(ofKey('b')).toEqual(Array.from({ length: 51 }, (_, n) => `b${n}`));
    expect(observed.filter((line) => line === 'failed')).toHaveLength(1);
    expect(observed.filter((line) => line === 'recovered')).toHaveLength(1);
    await drain.close(100);
  });

  it('F28 sends again what may have arrived, with the same ids', async () => {
    const drain = await openDrain();
    broker.failure = 'acks-lost';
    await append(drain, 'a', 'b');
    await until(() => broker.sends === 2);
    broker.failure = null;
    await until(() => drain.drainedUntil() === 3);
    expect(broker.taken.length).toBeGreaterThan(4);
    expect(new Set(broker.ids).size).toBe(2);
    expect(broker.taken.slice(0, 2)).toEqual(['a', 'b']);
    await drain.close(100);
  });

  it('goes on behind its position when it is opened again', async () => {
    const first = await openDrain();
    await append(first, 'a', 'b');
    await until(() => first.drainedUntil() === 3);
    await first.close(100);
    await log.append([Buffer.from('c')]);
    const second = await openDrain({}, 17);
    await until(() => broker.taken.length === 3);
    expect(broker.taken).toEqual(['a', 'b', 'c']);
    expect(new Set(broker.ids.map((id) => id.split(':')[0])).size).toBe(1);
    await second.close(100);
  });

  it('passes over the one event that the broker refuses, and no other', async () => {
    const drain = await openDrain();
    broker.refused.add('event-7');
    await append(drain, ...texts(20));
    await until(() => drain.drainedUntil() === 21);
    expect(new Set(broker.taken)).toEqual(new Set(texts(20).filter((text) => text !== 'event-7')));
    expect(broker.taken).toEqual(texts(20).filter((text) => text !== 'event-7'));
    expect(observed).toContain('rejected 8');
    expect(observed).not.toContain('failed');
    await drain.close(100);
  });

  it('sends no more than so many bytes a second', async () => {
    const drain = await openDrain({ bytesPerSecondMax: 1000, batchBytesMax: 500 });
    await append(drain, ...Array.from({ length: 40 }, () => 'x'.repeat(234)));
    await until(() => broker.taken.length === 40);
    // 40 events of 250 bytes, those of the first second at once.
    expect(time.nowMs).toBeGreaterThanOrEqual(8900);
    expect(time.nowMs).toBeLessThan(10_500);
    await drain.close(100);
  });

  it('sends what is left when it is closed, unless the broker is away', async () => {
    const drain = await openDrain();
    await append(drain, 'a');
    await drain.close(100);
    expect(broker.taken).toEqual(['a']);
    const away = await openDrain();
    broker.failure = 'away';
    await append(away, 'b');
    await until(() => broker.sends > 2);
    await away.close(100);
    expect(broker.taken).toEqual(['a']);
    expect(away.drainedUntil()).toBe(2);
  });

  it('reads again what the log had lost when it was opened again, under other ids', async () => {
    const drain = await openDrain();
    await append(drain, 'a', 'b');
    await until(() => drain.drainedUntil() === 3);
    await log.close();
    await rm(join(folder, '0000000000000001.seg'));
    log = await openEventLog({ folder, timers: IDLE_TIMERS });
    drain.logReopened(log.stats().nextSequence);
    await append(drain, 'A');
    await until(() => broker.taken.length === 3);
    expect(broker.taken).toEqual(['a', 'b', 'A']);
    expect(drain.drainedUntil()).toBe(2);
    await drain.close(100);
  });
});
