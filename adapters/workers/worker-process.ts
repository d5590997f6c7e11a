/** A worker process as its supervisor sees it. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import type { TimerHandle, Timers } from '../../engine/ports/clock.ts';
import type { FromWorker, ToWorker } from './messages.ts';

export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface WorkerListener {
  readonly onMessage: (message: FromWorker) => void;
  /** It has ended and nothing more comes from it. Called once, also when it could not be started at all. */
  readonly onEnded: (end: WorkerEnd) => void;
}

export interface WorkerProcess<Start> {
  readonly pid: number | undefined;
  readonly send: (message: ToWorker<Start>) => void;
  /**
   * Hands a connection over; messages sent later arrive later. `onSettled` says whether the worker has it. If not, no byte
   * was read from it and the connection is the caller's again: the worker has ended, or had no descriptor for it.
   */
  readonly hand: (socket: Socket, onSettled: (isTaken: boolean) => void) => void;
  /** SIGKILL. */
  readonly kill: () => void;
}

export type SpawnWorker<Start> = (listener: WorkerListener) => WorkerProcess<Start>;

/** A worker confirms a connection within a millisecond, unless it is blocked; behind this it is asked what became of it. */
export const CONFIRM_MS_MAX = 250;

/** `entry` is a module that speaks `messages.ts`. Node options of this process are the worker's too. */
export function forkWorkers<Start>(entry: string, timers: Timers): SpawnWorker<Start> {
  return (listener) => new ForkedWorker(fork(entry, { serialization: 'advanced' }), listener, timers);
}

interface Handover {
  readonly socket: Socket;
  readonly onSettled: (isTaken: boolean) => void;
}

export class ForkedWorker<Start> implements WorkerProcess<Start> {
  readonly pid: number | undefined;
  readonly #child: ChildProcess;
  readonly #listener: WorkerListener;
  readonly #timers: Timers;
  /** Connections that it has not confirmed yet, by the number they were handed under. */
  readonly #handovers = new Map<number, Handover>();
  #lastHandover = 0;
  /** Runs while something may be there to ask about; null otherwise. */
  #question: TimerHandle = null;
  /** It has not answered yet. */
  #isAsked = false;
  #hasEnded = false;

  constructor(child: ChildProcess, listener: WorkerListener, timers: Timers) {
    this.pid = child.pid;
    this.#child = child;
    this.#listener = listener;
    this.#timers = timers;
    child.on('message', this.#onMessage);
    // Not `exit`: the last messages of a process may be read after its end was noticed.
    child.once('close', (code, signal) => this.#end({ code, signal }));
    child.on('error', () => {
      // Without a process, what `close` says is no exit code. Else it was about one message, or the end is about to show.
      if (child.pid === undefined) this.#end({ code: null, signal: null });
    });
  }

  send(message: ToWorker<Start>): void {
    this.#tell(message);
  }

  hand(socket: Socket, onSettled: (isTaken: boolean) => void): void {
    if (this.#hasEnded) {
      onSettled(false);
      return;
    }
    this.#lastHandover += 1;
    this.#handovers.set(this.#lastHandover, { socket, onSettled });
    this.#tell({ kind: 'connection', id: this.#lastHandover }, socket);
    this.#askLater();
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  readonly #onMessage = (message: FromWorker): void => {
    if (message.kind === 'taken') this.#confirm(message.id);
    else if (message.kind === 'all-taken') this.#giveBack(message.untilId);
    else this.#listener.onMessage(message);
  };

  /** One that is ending needs no messages, and `onEnded` tells. */
  #tell(message: ToWorker<Start>, socket?: Socket): void {
    // A socket is kept open here until it is confirmed: a worker may die with connections on their way to it.
    if (this.#child.connected) this.#child.send(message, socket, { keepOpen: true }, () => {});
  }

  #confirm(id: number): void {
    const handover = this.#handovers.get(id);
    if (handover === undefined) return;
    this.#handovers.delete(id);
    handover.socket.destroy();
    handover.onSettled(true);
  }

  /**
   * A message with a socket that the worker has no descriptor for is lost without an error. Messages stay in order, so what
   * it has not confirmed before it answers will never arrive. Time alone does not tell: one that hangs still has them
   * in its pipe, and two processes must not read from one connection.
   */
  #askLater(): void {
    if (this.#question !== null || this.#isAsked || this.#handovers.size === 0) return;
    this.#question = this.#timers.schedule(CONFIRM_MS_MAX, () => {
      this.#question = null;
      if (this.#handovers.size === 0) return;
      this.#isAsked = true;
      this.#tell({ kind: 'confirm', untilId: this.#lastHandover });
    });
  }

  #giveBack(untilId: number): void {
    this.#isAsked = false;
    for (const [id, { onSettled }] of [...this.#handovers]) {
      if (id > untilId) break;
      this.#handovers.delete(id);
      onSettled(false);
    }
    this.#askLater();
  }

  #end(end: WorkerEnd): void {
    // A fork that fails says both `error` and `close`.
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#timers.cancel(this.#question);
    this.#listener.onEnded(end);
    const handovers = [...this.#handovers.values()];
    this.#handovers.clear();
    for (const { onSettled } of handovers) onSettled(false);
  }
}
