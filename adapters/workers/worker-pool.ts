/**
 * Keeps so many workers serving: replaces those that die (respawn-delay.ts), lets those that ask for it go, and ends all
 * of them when told to. Knows nothing of what a worker does. States of a worker:
 *
 *     starting ──serving──▶ serving ──drain──▶ draining ──▶ ended
 *         └──────── failed, killed, too slow ────────────────┘
 */
import type { Clock, TimerHandle, Timers } from '../../engine/ports/clock.ts';
import { WORKER_DRAIN_MS_MAX } from '../process/drain-budget.ts';
import type { FromWorker, LeaveReason, StartFailure, WorkerCounts, WorkerEndReason } from './messages.ts';
import { RESPAWN_DELAY_DEFAULTS, RespawnDelay } from './respawn-delay.ts';
import type { SpawnWorker, WorkerEnd, WorkerProcess } from './worker-process.ts';

export interface WorkerPoolOptions<Start> {
  /** How many are to serve. */
  readonly configured: number;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly spawn: SpawnWorker<Start>;
  /** What the worker with this number is told to be, in this place. */
  readonly startOf: (workerNumber: number, place: number) => Start;
  /** Numbers that somebody else uses. */
  readonly takenNumbers: ReadonlySet<number>;
  readonly observer: WorkerPoolObserver<Start>;
}

export interface WorkerPoolObserver<Start> {
  readonly onServing: (worker: PoolWorker<Start>) => void;
  /** It is to get no more connections; called before it is told to drain. */
  readonly onDraining: (worker: PoolWorker<Start>) => void;
  /** `end.failure` is null when it was asked to end, and did. */
  readonly onEnded: (worker: PoolWorker<Start>, end: PoolWorkerEnd) => void;
  /** Everything a worker says that is not the pool's own concern. */
  readonly onMessage: (worker: PoolWorker<Start>, message: FromWorker) => void;
  readonly onCounts: (counts: WorkerCounts) => void;
}

export interface PoolWorkerEnd {
  readonly why: WorkerEndReason;
  readonly failure: string | null;
  /** Until the next one may start, ms. */
  readonly respawnInMs: number;
}

export interface PoolWorker<Start> {
  /** From 1; the lowest that was free. A number stays with its data folder. */
  readonly number: number;
  readonly process: WorkerProcess<Start>;
}

/** One that does not serve by then never will, ms. Warming up takes a few seconds on a busy machine. */
export const START_MS_MAX = 60_000;

interface Member<Start> extends PoolWorker<Start> {
  /** From 0 to `configured` less one; a successor has its predecessor's. */
  readonly place: number;
  state: 'starting' | 'serving' | 'draining';
  /** It has asked to be replaced, and serves until its successor does. */
  isLeaving: boolean;
  /** Why it ends: a crash, unless it was told to. */
  why: WorkerEndReason;
  readonly startedAtMs: number;
  /** Kills it when it takes too long to start or to drain. */
  timer: TimerHandle;
  failure: StartFailure | null;
}

/** The error that the first workers failed with, as if it had been thrown here. */
function errorOf({ name, code, message, stack }: StartFailure): Error {
  return Object.assign(new Error(message), { name, ...(code === undefined ? {} : { code }), stack });
}

export class WorkerPool<Start> {
  readonly #options: WorkerPoolOptions<Start>;
  readonly #respawnDelay = new RespawnDelay(RESPAWN_DELAY_DEFAULTS);
  readonly #members = new Set<Member<Start>>();
  /** No start before; null: at once. */
  #respawn: TimerHandle | null = null;
  #isClosing = false;
  /** Set until each of the first workers serves or has failed; meanwhile none is replaced. */
  #onStarted: (() => void) | null = null;
  #firstFailure: StartFailure | null = null;
  #onEmpty: () => void = () => {};

  constructor(options: WorkerPoolOptions<Start>) {
    this.#options = options;
  }

  /**
   * Starts all; resolves when each of them serves or has failed. Rejects with the first failure when none serves: then it
   * lies in what they all share. A single one that fails is replaced like any other.
   */
  async start(): Promise<void> {
    this.#startMissing();
    await new Promise<void>((resolve) => {
      this.#onStarted = resolve;
    });
    this.#onStarted = null;
    if (this.serving().length > 0 || this.#firstFailure === null) {
      this.#startMissing();
      return;
    }
    await this.close();
    throw errorOf(this.#firstFailure);
  }

  /** Workers that answer requests now. */
  serving(): PoolWorker<Start>[] {
    return [...this.#members].filter(({ state }) => state === 'serving');
  }

  /** Workers that can be asked something: those that serve or drain. */
  started(): PoolWorker<Start>[] {
    return [...this.#members].filter(({ state }) => state !== 'starting');
  }

  /** From now on replaces none and lets none go before `close`: the end of all is near. */
  keep(): void {
    this.#isClosing = true;
  }

  /** Drains all, replaces none; resolves when all have ended. */
  async close(): Promise<void> {
    this.keep();
    if (this.#respawn !== null) this.#options.timers.cancel(this.#respawn);
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    if (this.#members.size === 0) return;
    for (const member of this.#members) this.#drain(member, 'stop');
    await empty;
  }

  /** At most one more than configured at a time: a successor, where all ask to be replaced at once. */
  #startMissing(): void {
    if (this.#isClosing || this.#respawn !== null || this.#onStarted !== null) return;
    const { configured } = this.#options;
    const active = () => [...this.#members].filter(({ state }) => state !== 'draining');
    const staying = () => active().filter(({ isLeaving }) => !isLeaving);
    while (staying().length < configured && active().length <= configured) this.#startOne();
  }

  #startOne(): void {
    const { clock, timers, spawn, startOf } = this.#options;
    const number = this.#freeNumber();
    const place = this.#freePlace();
    const member: Member<Start> = {
      number,
      place,
      process: spawn({
        onMessage: (message) => this.#onMessage(member, message),
        onEnded: (end) => this.#onEnded(member, end),
      }),
      state: 'starting',
      isLeaving: false,
      why: 'crash',
      startedAtMs: clock.monotonicMs(),
      timer: timers.schedule(START_MS_MAX, () => member.process.kill()),
      failure: null,
    };
    this.#members.add(member);
    member.process.send({ kind: 'start', start: startOf(number, place) });
  }

  #freePlace(): number {
    const staying = [...this.#members].filter(({ state, isLeaving }) => state !== 'draining' && !isLeaving);
    const used = new Set(staying.map(({ place }) => place));
    let place = 0;
    while (used.has(place)) place += 1;
    return place;
  }

  #freeNumber(): number {
    const used = new Set([...this.#members].map(({ number }) => number));
    let number = 1;
    while (used.has(number) || this.#options.takenNumbers.has(number)) number += 1;
    return number;
  }

  #onMessage(member: Member<Start>, message: FromWorker): void {
    switch (message.kind) {
      case 'serving':
        this.#onServing(member);
        return;
      case 'failed':
        member.failure = message;
        return;
      case 'leaving':
        this.#onLeaving(member, message.reason);
        return;
      default:
        this.#options.observer.onMessage(member, message);
    }
  }

  #onServing(member: Member<Start>): void {
    if (member.state !== 'starting') return;
    this.#options.timers.cancel(member.timer);
    member.state = 'serving';
    this.#options.observer.onServing(member);
    this.#tellCounts();
    this.#releaseLeaving();
    this.#startMissing();
    this.#settleStart();
  }

  #onLeaving(member: Member<Start>, reason: LeaveReason): void {
    // A crash cannot wait: that worker takes what is handed to it only for so long.
    if (this.#isClosing && reason !== 'crash') return;
    // A full heap can wait for its successor. Who sends a signal to one worker wants that process gone.
    if (reason === 'heap') member.isLeaving = true;
    else this.#drain(member, reason);
    // What crashed is replaced when it has ended, as any other that dies.
    if (reason !== 'crash') this.#startMissing();
  }

  /** A successor serves: whom it replaces may go. */
  #releaseLeaving(): void {
    const serving = [...this.#members].filter(({ state }) => state === 'serving');
    const leaving = serving.find(({ isLeaving }) => isLeaving);
    if (leaving !== undefined && serving.length > this.#options.configured) this.#drain(leaving, 'heap');
  }

  #drain(member: Member<Start>, why: WorkerEndReason): void {
    if (member.state === 'draining') return;
    const { timers, observer } = this.#options;
    timers.cancel(member.timer);
    member.state = 'draining';
    member.why = why;
    member.timer = timers.schedule(WORKER_DRAIN_MS_MAX, () => member.process.kill());
    observer.onDraining(member);
    member.process.send({ kind: 'drain' });
    this.#tellCounts();
  }

  #onEnded(member: Member<Start>, end: WorkerEnd): void {
    const { clock, timers, observer } = this.#options;
    timers.cancel(member.timer);
    this.#members.delete(member);
    const livedMs = clock.monotonicMs() - member.startedAtMs;
    const respawnInMs = member.why === 'crash' ? this.#respawnDelay.afterDeath(livedMs) : 0;
    member.failure ??= { kind: 'failed', ...endingOf(member, end) };
    const isClean = member.why !== 'crash' && end.code === 0;
    observer.onEnded(member, { why: member.why, failure: isClean ? null : member.failure.message, respawnInMs });
    this.#tellCounts();
    if (respawnInMs > 0 && this.#respawn === null && !this.#isClosing) {
      this.#respawn = timers.schedule(respawnInMs, () => {
        this.#respawn = null;
        this.#startMissing();
      });
    }
    this.#firstFailure ??= member.failure;
    this.#startMissing();
    this.#settleStart();
    if (this.#members.size === 0) this.#onEmpty();
  }

  #settleStart(): void {
    if ([...this.#members].every(({ state }) => state !== 'starting')) this.#onStarted?.();
  }

  #tellCounts(): void {
    this.#options.observer.onCounts({ configured: this.#options.configured, serving: this.serving().length });
  }
}

function endingOf({ number }: { readonly number: number }, { code, signal }: WorkerEnd): Omit<StartFailure, 'kind'> {
  const how = signal === null ? (code === null ? 'could not be started' : `ended with code ${code}`) : `got ${signal}`;
  const message = `worker ${number} ${how}`;
  return { name: 'Error', code: undefined, message, stack: message };
}
