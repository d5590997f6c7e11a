/**
 * Notices waiting to be sent, one lane per DSP, bounded in total and per DSP. Pure: no timers, no I/O.
 *
 * Overflow policy `losses-first`: when the DSP's share or the whole is used up, the oldest waiting loss (of that DSP, of
 * all) makes room; when none waits, the new notice is dropped. Notices in flight or waiting for their next try hold
 * their place, so nothing that was accepted is lost to a later one, except a loss.
 */
import type { Notice } from '../../engine/ports/notice-sender.ts';
import { Ring } from '../ring.ts';

export interface QueuedNotice {
  readonly notice: Notice;
  readonly lane: Lane;
  /** Order of arrival over all lanes. */
  readonly order: number;
  failedTries: number;
}

interface Lane {
  readonly dspId: string;
  /** Wins and bills go before losses. */
  readonly urgent: Ring<QueuedNotice>;
  readonly losses: Ring<QueuedNotice>;
  /** Waiting, in flight, and waiting for the next try. */
  held: number;
  inFlight: number;
  /** The lane stands in the ring of lanes that may send. */
  isReady: boolean;
}

export interface NoticeQueueLimits {
  readonly queueLengthMax: number;
  readonly queueLengthPerDspMax: number;
  readonly inFlightPerDspMax: number;
}

export class NoticeQueue {
  readonly #limits: NoticeQueueLimits;
  readonly #onDropped: (notice: Notice) => void;
  readonly #lanes = new Map<string, Lane>();
  readonly #ready = new Ring<Lane>();
  #held = 0;
  #nextOrder = 0;

  constructor(limits: NoticeQueueLimits, onDropped: (notice: Notice) => void) {
    this.#limits = limits;
    this.#onDropped = onDropped;
  }

  /** Everything accepted and not yet settled. */
  get length(): number {
    return this.#held;
  }

  /** Takes the notice or drops one by the overflow policy. */
  offer(notice: Notice): void {
    const lane = this.#laneOf(notice.dspId);
    const hasRoom =
      (lane.held < this.#limits.queueLengthPerDspMax || this.#dropOldestLoss(lane)) &&
      (this.#held < this.#limits.queueLengthMax || this.#dropOldestLoss(this.#laneWithOldestLoss()));
    if (!hasRoom) {
      this.#onDropped(notice);
      return;
    }
    lane.held += 1;
    this.#held += 1;
    this.#enqueue({ notice, lane, order: this.#nextOrder++, failedTries: 0 });
  }

  /** The next notice to send, fair among DSPs; undefined when none may go now. It is in flight until settled or deferred. */
  take(): QueuedNotice | undefined {
    for (;;) {
      const lane = this.#ready.shift();
      if (lane === undefined) return undefined;
      lane.isReady = false;
      const entry = lane.urgent.shift() ?? lane.losses.shift();
      // The losses that made the lane ready may have been dropped since.
      if (entry === undefined) continue;
      lane.inFlight += 1;
      this.#markReady(lane);
      return entry;
    }
  }

  /** Ends a notice that was taken. */
  settle(entry: QueuedNotice): void {
    this.#land(entry);
    entry.lane.held -= 1;
    this.#held -= 1;
  }

  /** The try failed: the notice keeps its place and is not in flight; `resume` puts it back in its lane. */
  defer(entry: QueuedNotice): void {
    entry.failedTries += 1;
    this.#land(entry);
  }

  resume(entry: QueuedNotice): void {
    this.#enqueue(entry);
  }

  /** Drops everything that waits in a lane. */
  clear(): void {
    for (const lane of this.#lanes.values()) {
      for (let entry = lane.urgent.shift(); entry !== undefined; entry = lane.urgent.shift()) this.#drop(entry);
      for (let entry = lane.losses.shift(); entry !== undefined; entry = lane.losses.shift()) this.#drop(entry);
    }
  }

  /** Drops a deferred notice. */
  drop(entry: QueuedNotice): void {
    this.#drop(entry);
  }

  #enqueue(entry: QueuedNotice): void {
    const { lane } = entry;
    (entry.notice.kind === 'loss' ? lane.losses : lane.urgent).push(entry);
    this.#markReady(lane);
  }

  #land(entry: QueuedNotice): void {
    entry.lane.inFlight -= 1;
    this.#markReady(entry.lane);
  }

  #markReady(lane: Lane): void {
    const hasWork = lane.urgent.length + lane.losses.length > 0;
    if (lane.isReady || !hasWork || lane.inFlight >= this.#limits.inFlightPerDspMax) return;
    lane.isReady = true;
    this.#ready.push(lane);
  }

  #dropOldestLoss(lane: Lane | undefined): boolean {
    const oldest = lane?.losses.shift();
    if (oldest === undefined) return false;
    this.#drop(oldest);
    return true;
  }

  #drop(entry: QueuedNotice): void {
    entry.lane.held -= 1;
    this.#held -= 1;
    this.#onDropped(entry.notice);
  }

  /** A walk over the lanes (one per DSP), and only when the queue is full. */
  #laneWithOldestLoss(): Lane | undefined {
    let found: Lane | undefined;
    let oldestOrder = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes.values()) {
      const order = lane.losses.peek()?.order ?? Number.POSITIVE_INFINITY;
      if (order >= oldestOrder) continue;
      found = lane;
      oldestOrder = order;
    }
    return found;
  }

  #laneOf(dspId: string): Lane {
    const known = this.#lanes.get(dspId);
    if (known !== undefined) return known;
    const lane: Lane = { dspId, urgent: new Ring(), losses: new Ring(), held: 0, inFlight: 0, isReady: false };
    this.#lanes.set(dspId, lane);
    return lane;
  }
}
