/**
 * An event log that outlives its I/O errors: after one the log behind it is closed and opened again, which starts a new
 * file. Meanwhile appends reject at once, so nobody waits for a broken disk.
 */
import type { TimerHandle, Timers } from '../../engine/ports/clock.ts';
import { type EventLog, EventLogError } from '../../engine/ports/event-log.ts';

export interface ReopeningEventLogOptions<Log extends EventLog> {
  /** Opens the log behind this one; called again after each I/O error. */
  readonly open: () => Promise<Log>;
  readonly timers: Timers;
  readonly observer: {
    readonly onReopened: (log: Log) => void;
    /** The next try comes in `retryInMs`. */
    readonly onReopenFailed: (error: unknown, retryInMs: number) => void;
  };
}

export interface ReopeningEventLog<Log extends EventLog> extends EventLog {
  /** The log appends go to, or null while it is being reopened. */
  readonly current: () => Log | null;
  /** False from an I/O error until an append has succeeded again. */
  readonly isHealthy: () => boolean;
}

export const REOPEN_DELAY_MS = { first: 1_000, longest: 30_000 } as const;

/** Rejects when the first open does: whether to start without a log is not decided here. */
export async function openReopeningEventLog<Log extends EventLog>(
  options: ReopeningEventLogOptions<Log>,
): Promise<ReopeningEventLog<Log>> {
  return new SelfReopeningLog(options, await options.open());
}

class SelfReopeningLog<Log extends EventLog> implements ReopeningEventLog<Log> {
  readonly #options: ReopeningEventLogOptions<Log>;
  #current: Log | null;
  #failure: unknown = null;
  /** Not set back by opening alone: a disk may let a file be made and still refuse to fill it. */
  #delayMs: number = REOPEN_DELAY_MS.first;
  #timer: TimerHandle | null = null;
  /** Letting go of the broken log, or opening the next one. */
  #changing: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: ReopeningEventLogOptions<Log>, log: Log) {
    this.#options = options;
    this.#current = log;
  }

  readonly append = async (records: readonly Uint8Array[]): Promise<void> => {
    const log = this.#current;
    if (this.#isClosed) throw new EventLogError('closed', 'the event log is closed');
    if (log === null) throw new EventLogError('io', 'the event log is being reopened', { cause: this.#failure });
    try {
      await log.append(records);
    } catch (error) {
      if (error instanceof EventLogError && error.code === 'io') this.#giveUp(log, error);
      throw error;
    }
    this.#failure = null;
    this.#delayMs = REOPEN_DELAY_MS.first;
  };

  readonly close = async (): Promise<void> => {
    this.#isClosed = true;
    if (this.#timer !== null) this.#options.timers.cancel(this.#timer);
    this.#timer = null;
    await this.#changing;
    await this.#current?.close();
  };

  readonly current = (): Log | null => this.#current;

  readonly isHealthy = (): boolean => this.#failure === null;

  #giveUp(log: Log, error: EventLogError): void {
    this.#failure = error;
    // While it is being closed nobody else touches it.
    if (this.#isClosed) return;
    this.#current = null;
    // Closing gives its lock back; that the device fails here as well is no news.
    this.#change(log.close().catch(() => {}));
    this.#reopenLater();
  }

  #reopenLater(): number {
    const delayMs = this.#delayMs;
    this.#delayMs = Math.min(2 * delayMs, REOPEN_DELAY_MS.longest);
    this.#timer = this.#options.timers.schedule(delayMs, () => {
      this.#timer = null;
      this.#change(this.#reopen(this.#changing));
    });
    return delayMs;
  }

  async #reopen(letGo: Promise<void> | null): Promise<void> {
    await letGo;
    try {
      this.#current = await this.#options.open();
    } catch (error) {
      this.#failure = error;
      if (!this.#isClosed) this.#options.observer.onReopenFailed(error, this.#reopenLater());
      return;
    }
    if (!this.#isClosed) this.#options.observer.onReopened(this.#current);
  }

  #change(work: Promise<void>): void {
    const changing = work.finally(() => {
      if (this.#changing === changing) this.#changing = null;
    });
    this.#changing = changing;
  }
}
