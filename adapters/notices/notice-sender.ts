/** Sends win, loss and billing notices off the path of the auction (policy: docs/notices.md). */
import type { TimerHandle, Timers } from '../../engine/ports/clock.ts';
import type { Notice, NoticeSender } from '../../engine/ports/notice-sender.ts';
import type { HostResolvers } from '../dns/host-resolvers.ts';
import { createGuardedHttp, type GuardedHttp, type GuardedHttpOptions } from './guarded-http.ts';
import { judgeAttempt, type NoticeResult, RETRY_DELAYS_MS } from './notice-policy.ts';
import { NoticeQueue, type QueuedNotice } from './notice-queue.ts';

/** Where results are counted; see `NOTICE_RESULTS`. */
export interface NoticeRecorder {
  readonly noticeResult: (notice: Notice, result: NoticeResult) => void;
}

export interface NoticeSenderOptions {
  readonly timers: Timers;
  readonly recorder: NoticeRecorder;
  /** Entries `host` or `host:port` that may be private, plain http, and on any port. For local use. */
  readonly allowedHosts: readonly string[];
  readonly queueLengthMax?: number;
  /** What one DSP may hold of the queue, so that a dead one cannot fill it. */
  readonly queueLengthPerDspMax?: number;
  readonly inFlightMax?: number;
  readonly inFlightPerDspMax?: number;
  /** One try: name lookup, connect, headers and body together. */
  readonly timeoutMs?: number;
  readonly resolvers: HostResolvers;
  readonly openHttp?: (options: GuardedHttpOptions) => GuardedHttp;
}

export interface QueuedNoticeSender extends NoticeSender {
  /** Accepted and not yet settled, for `rtb_notice_queue_length`. */
  readonly queueLength: () => number;
}

export const NOTICE_DEFAULTS = {
  queueLengthMax: 10_000,
  queueLengthPerDspMax: 1_000,
  inFlightMax: 64,
  inFlightPerDspMax: 4,
  timeoutMs: 1_000,
  openHttp: createGuardedHttp,
} as const;

/** A notice's answer means nothing beyond its status. */
const BODY_BYTES_MAX = 16 * 1024;

export function createNoticeSender(options: NoticeSenderOptions): QueuedNoticeSender {
  const settings: Settings = { ...NOTICE_DEFAULTS, ...options };
  const http = settings.openHttp({
    timers: settings.timers,
    allowedHosts: settings.allowedHosts,
    resolvers: settings.resolvers,
    bodyBytesMax: BODY_BYTES_MAX,
    connectionsPerOrigin: settings.inFlightPerDspMax,
  });
  return new PacedNoticeSender(settings, http);
}

type Settings = Required<NoticeSenderOptions>;

class PacedNoticeSender implements QueuedNoticeSender {
  readonly #settings: Settings;
  readonly #http: GuardedHttp;
  readonly #queue: NoticeQueue;
  readonly #retries = new Map<QueuedNotice, TimerHandle>();
  #inFlight = 0;
  #isPumpScheduled = false;
  #state: 'open' | 'draining' | 'closed' = 'open';
  #closing: Promise<void> | null = null;
  #onDrained: (() => void) | null = null;

  constructor(settings: Settings, http: GuardedHttp) {
    this.#settings = settings;
    this.#http = http;
    this.#queue = new NoticeQueue(settings, (notice) => this.#recordDrop(notice));
  }

  readonly send = (notice: Notice): void => {
    if (this.#state !== 'open') {
      this.#recordDrop(notice);
      return;
    }
    this.#queue.offer(notice);
    this.#schedulePump();
  };

  readonly queueLength = (): number => this.#queue.length;

  readonly close = (deadlineMs: number): Promise<void> => {
    this.#closing ??= this.#drain(deadlineMs);
    return this.#closing;
  };

  /** Calls to DSPs start in a turn of their own: `send` runs while an auction is being answered. */
  #schedulePump(): void {
    if (this.#isPumpScheduled) return;
    this.#isPumpScheduled = true;
    this.#settings.timers.schedule(0, () => {
      this.#isPumpScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#state !== 'closed' && this.#inFlight < this.#settings.inFlightMax) {
      const entry = this.#queue.take();
      if (entry === undefined) return;
      this.#inFlight += 1;
      void this.#attempt(entry);
    }
  }

  async #attempt(entry: QueuedNotice): Promise<void> {
    const { kind, url } = entry.notice;
    const { result, mayRetry } = judgeAttempt(kind, await this.#http.get(url, this.#settings.timeoutMs));
    this.#inFlight -= 1;
    const delayMs = mayRetry ? RETRY_DELAYS_MS[kind][entry.failedTries] : undefined;
    if (this.#state === 'closed' || delayMs === undefined) this.#settle(entry, result);
    else this.#retryLater(entry, delayMs);
    this.#pump();
    if (this.#queue.length === 0) this.#onDrained?.();
  }

  #settle(entry: QueuedNotice, result: NoticeResult): void {
    this.#queue.settle(entry);
    // Breaking off the calls at close looks like a network error; it was ours.
    const isOurs = this.#state === 'closed' && result !== 'delivered';
    this.#record(entry.notice, isOurs ? 'dropped-closing' : result);
  }

  #retryLater(entry: QueuedNotice, delayMs: number): void {
    this.#queue.defer(entry);
    this.#record(entry.notice, 'retried');
    const timer = this.#settings.timers.schedule(delayMs, () => {
      this.#retries.delete(entry);
      this.#queue.resume(entry);
      this.#pump();
    });
    this.#retries.set(entry, timer);
  }

  async #drain(deadlineMs: number): Promise<void> {
    this.#state = 'draining';
    await new Promise<void>((resolve) => {
      if (this.#queue.length === 0) {
        resolve();
        return;
      }
      const timer = this.#settings.timers.schedule(deadlineMs, resolve);
      this.#onDrained = () => {
        this.#settings.timers.cancel(timer);
        resolve();
      };
    });
    this.#state = 'closed';
    this.#dropWaiting();
    await this.#http.destroy();
  }

  #dropWaiting(): void {
    for (const [entry, timer] of this.#retries) {
      this.#settings.timers.cancel(timer);
      this.#queue.drop(entry);
    }
    this.#retries.clear();
    this.#queue.clear();
  }

  #recordDrop(notice: Notice): void {
    this.#record(notice, this.#state === 'open' ? 'dropped-queue-full' : 'dropped-closing');
  }

  #record(notice: Notice, result: NoticeResult): void {
    this.#settings.recorder.noticeResult(notice, result);
  }
}
