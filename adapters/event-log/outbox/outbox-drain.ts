/**
 * Hands the events of an embedded log on to a broker, in order and each at least once: the segments are the outbox. One
 * batch is under way at a time; the position moves behind it when the broker has acknowledged it. Nothing here is waited
 * for by whoever appends, and nothing grows while the broker is away but the segments.
 */
import type { Clock, TimerHandle, Timers } from '../../../engine/ports/clock.ts';
import { EventSendError, type EventSender, type OutgoingEvent } from '../../../engine/ports/event-sender.ts';
import type { Random } from '../../../engine/ports/random.ts';
import type { StoredEvent } from '../reader.ts';
import { FRAME_OVERHEAD_BYTES } from '../segment-format.ts';
import type { SegmentTail } from '../segment-tail.ts';
import { AppendTimes } from './append-times.ts';
import { ByteAllowance } from './byte-allowance.ts';
import type { DrainPosition } from './drain-position.ts';

export interface OutboxDrainOptions {
  /** Begins where `position` is. */
  readonly tail: Pick<SegmentTail, 'read' | 'rewindTo'>;
  readonly position: Pick<DrainPosition, 'current' | 'logId' | 'write' | 'rewindTo' | 'close'>;
  readonly sender: EventSender;
  /** Never throws, whatever the bytes are. */
  readonly envelopeOf: (payload: Uint8Array) => Pick<OutgoingEvent, 'key' | 'type'>;
  readonly limits: OutboxLimits;
  /** Bytes of the segments that wait when it is opened. */
  readonly waitingBytes: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly observer: OutboxObserver;
}

export interface OutboxLimits {
  /** Of the events of one batch, about; a larger event goes alone. */
  readonly batchBytesMax: number;
  /** Longest that an event waits for others to go with it. */
  readonly lingerMs: number;
  /** Above all for what has gathered in an outage: neither the engine nor the broker is to suffer from it. */
  readonly bytesPerSecondMax: number;
}

export interface OutboxObserver {
  readonly onDrained: (count: number) => void;
  /** A batch failed and is sent again. `isFirst` since one was acknowledged: tell somebody. */
  readonly onFailure: (error: unknown, isFirst: boolean) => void;
  /** Events go through again. */
  readonly onRecovered: (outageMs: number) => void;
  /** The broker will never take this event: it stays in its segment, and the next ones go on. */
  readonly onRejected: (sequence: number, error: unknown) => void;
}

/** Between tries while the broker is away, or the disk. */
export const RETRY_DELAY_MS = { first: 100, longest: 5_000 } as const;
/** Of a delay, by chance: engines that lost the same broker do not come back as one. */
const JITTER = 0.2;

export class OutboxDrain {
  readonly #options: OutboxDrainOptions;
  readonly #allowance: ByteAllowance;
  readonly #times = new AppendTimes();
  #waitingBytes: number;
  #timer: TimerHandle | null = null;
  #running: Promise<void> | null = null;
  #isWoken = false;
  /** Null: what was sent last was acknowledged. */
  #failingSinceMs: number | null = null;
  #retryDelayMs: number = RETRY_DELAY_MS.first;
  #endsAtMs: number | null = null;
  #awaitingEmpty: (() => void)[] = [];
  #endWait: (() => void) | null = null;
  /** Where the log went on when it was opened again. */
  #reopenedAt: number | null = null;

  /** Begins with what waits already. */
  constructor(options: OutboxDrainOptions) {
    this.#options = options;
    this.#allowance = new ByteAllowance(options.limits.bytesPerSecondMax, options.clock.monotonicMs());
    this.#waitingBytes = options.waitingBytes;
    if (this.#waitingBytes > 0) {
      this.#times.mark(this.drainedUntil(), options.position.current?.atMs ?? options.clock.wallMs());
    }
    this.#wake();
  }

  /** Events were appended: from `sequence` on, so many bytes with their frames. */
  appended(sequence: number, bytes: number): void {
    if (this.#waitingBytes === 0) this.#times.clear();
    this.#times.mark(sequence, this.#options.clock.wallMs());
    this.#waitingBytes += bytes;
    this.#wake();
  }

  /** The log was opened again and goes on at this sequence: what it had behind it is lost. */
  logReopened(nextSequence: number): void {
    this.#reopenedAt = nextSequence;
  }

  /** Sequence of the first event that still has to be kept. */
  drainedUntil(): number {
    return this.#options.position.current?.nextSequence ?? 0;
  }

  /** Bytes of events that wait. */
  waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** How long the oldest event has waited, ms, at most; 0: none waits. */
  oldestMs(): number {
    if (this.#waitingBytes === 0) return 0;
    const sinceMs = this.#times.of(this.drainedUntil());
    return sinceMs === null ? 0 : Math.max(0, this.#options.clock.wallMs() - sinceMs);
  }

  /** Resolves when all that there is has been handed on. */
  whenEmpty(): Promise<void> {
    return new Promise((resolve) => {
      this.#awaitingEmpty.push(resolve);
      this.#wake();
    });
  }

  /** Sends what waits for up to `withinMs`, unless the broker is away; then lets go of everything. */
  async close(withinMs: number): Promise<void> {
    const { clock, timers, sender, position } = this.#options;
    this.#endsAtMs = clock.monotonicMs() + withinMs;
    this.#cancelTimer();
    // Nobody waits for the broker, or for the rate, any longer. A batch that is out may come back until the end.
    this.#endWait?.();
    const cut = timers.schedule(withinMs, () => void sender.close());
    await this.#running;
    while (this.#waitingBytes > 0 && !this.#isOver()) await this.#drain();
    timers.cancel(cut);
    await sender.close();
    await position.close();
  }

  #wake(): void {
    this.#isWoken = true;
    if (this.#running !== null || this.#timer !== null || this.#endsAtMs !== null) return;
    this.#timer = this.#options.timers.schedule(this.#options.limits.lingerMs, () => {
      this.#timer = null;
      this.#running = this.#drain().finally(() => {
        this.#running = null;
        if (this.#isWoken) this.#wake();
      });
    });
  }

  /** Until there is nothing more than what the next batch may wait for. Never rejects. */
  async #drain(): Promise<void> {
    for (;;) {
      this.#isWoken = false;
      if (this.#isOver()) return;
      const batch = await this.#readBatch();
      if (batch === null) continue;
      if (batch.length === 0) {
        // Frames and gaps that were damaged or lost were counted, and never come.
        if (!this.#isWoken) this.#isEmpty();
        return;
      }
      await this.#wait(this.#allowance.take(bytesOf(batch), this.#options.clock.monotonicMs()));
      if (!(await this.#deliver(batch))) return;
      await this.#advance(batch);
      if (bytesOf(batch) < this.#options.limits.batchBytesMax / 2) {
        this.#isWoken = true;
        return;
      }
    }
  }

  #isEmpty(): void {
    this.#waitingBytes = 0;
    for (const resolve of this.#awaitingEmpty.splice(0)) resolve();
  }

  /** Null: it could not be read, and a moment has passed. */
  async #readBatch(): Promise<readonly StoredEvent[] | null> {
    try {
      await this.#rewind();
      return await this.#options.tail.read(this.#options.limits.batchBytesMax);
    } catch (error) {
      await this.#afterFailure(error);
      return null;
    }
  }

  async #rewind(): Promise<void> {
    if (this.#reopenedAt === null) return;
    await this.#options.position.rewindTo(this.#reopenedAt);
    this.#options.tail.rewindTo(this.#reopenedAt);
    this.#reopenedAt = null;
  }

  /** False: the end came first. */
  async #deliver(events: readonly StoredEvent[]): Promise<boolean> {
    const outgoing = events.map((event) => this.#outgoing(event));
    for (;;) {
      try {
        await this.#options.sender.send(outgoing);
        this.#options.observer.onDrained(events.length);
        this.#recovered();
        return true;
      } catch (error) {
        if (error instanceof EventSendError && error.code === 'refused') return this.#deliverApart(events, error);
        await this.#afterFailure(error);
        if (this.#isOver()) return false;
      }
    }
  }

  /** Finds the event that the broker does not take, by halves. */
  async #deliverApart(events: readonly StoredEvent[], error: EventSendError): Promise<boolean> {
    if (events.length === 1) {
      this.#options.observer.onRejected(events[0]!.sequence, error);
      return true;
    }
    const middle = events.length >> 1;
    return (await this.#deliver(events.slice(0, middle))) && this.#deliver(events.slice(middle));
  }

  #outgoing({ sequence, payload }: StoredEvent): OutgoingEvent {
    const { envelopeOf, position } = this.#options;
    const { key, type } = envelopeOf(payload);
    return { id: `${position.logId}:${sequence}`, key, type, payload };
  }

  async #advance(batch: readonly StoredEvent[]): Promise<void> {
    const { position, observer, clock } = this.#options;
    this.#waitingBytes = Math.max(0, this.#waitingBytes - bytesOf(batch));
    try {
      await position.write({ nextSequence: batch.at(-1)!.sequence + 1, atMs: clock.wallMs() });
    } catch (error) {
      // Behind a kill these would go out once more. The next batch tries again.
      observer.onFailure(error, true);
    }
  }

  #recovered(): void {
    if (this.#failingSinceMs === null) return;
    const outageMs = this.#options.clock.monotonicMs() - this.#failingSinceMs;
    this.#failingSinceMs = null;
    this.#retryDelayMs = RETRY_DELAY_MS.first;
    this.#options.observer.onRecovered(outageMs);
  }

  async #afterFailure(error: unknown): Promise<void> {
    const { observer, clock, random } = this.#options;
    observer.onFailure(error, this.#failingSinceMs === null);
    this.#failingSinceMs ??= clock.monotonicMs();
    const delayMs = this.#retryDelayMs * (1 + JITTER * (2 * random() - 1));
    this.#retryDelayMs = Math.min(2 * this.#retryDelayMs, RETRY_DELAY_MS.longest);
    await this.#wait(delayMs);
  }

  /** Cut short by `close`. */
  #wait(delayMs: number): Promise<void> {
    if (delayMs <= 0 || this.#endsAtMs !== null) return Promise.resolve();
    return new Promise((resolve) => {
      const end = (): void => {
        this.#endWait = null;
        this.#options.timers.cancel(timer);
        resolve();
      };
      const timer = this.#options.timers.schedule(delayMs, end);
      this.#endWait = end;
    });
  }

  #isOver(): boolean {
    const { clock } = this.#options;
    return this.#endsAtMs !== null && (this.#failingSinceMs !== null || clock.monotonicMs() >= this.#endsAtMs);
  }

  #cancelTimer(): void {
    if (this.#timer !== null) this.#options.timers.cancel(this.#timer);
    this.#timer = null;
  }
}

/** As they are in the segment. */
function bytesOf(events: readonly StoredEvent[]): number {
  let bytes = 0;
  for (const { payload } of events) bytes += FRAME_OVERHEAD_BYTES + payload.byteLength;
  return bytes;
}
