/** A worker process as its supervisor sees it. */
import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
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
   * Hands a connection over; messages sent later arrive later. `onSettled` says whether the worker has it. If not, it has
   * ended without a byte read from it, and the connection is the caller's again.
   */
  readonly hand: (socket: Socket, onSettled: (isTaken: boolean) => void) => void;
  /** SIGKILL. */
  readonly kill: () => void;
}

export type SpawnWorker<Start> = (listener: WorkerListener) => WorkerProcess<Start>;

/** `entry` is a module that speaks `messages.ts`. Node options of this process are the worker's too. */
export function forkWorkers<Start>(entry: string): SpawnWorker<Start> {
  return (listener) => new ForkedWorker(fork(entry, { serialization: 'advanced' }), listener);
}

interface Handover {
  readonly socket: Socket;
  readonly onSettled: (isTaken: boolean) => void;
}

class ForkedWorker<Start> implements WorkerProcess<Start> {
  readonly pid: number | undefined;
  readonly #child: ChildProcess;
  readonly #listener: WorkerListener;
  /** Connections that it has not confirmed yet, in the order they were handed. */
  readonly #handovers: Handover[] = [];
  #hasEnded = false;

  constructor(child: ChildProcess, listener: WorkerListener) {
    this.pid = child.pid;
    this.#child = child;
    this.#listener = listener;
    child.on('message', this.#onMessage);
    // Not `exit`: the last messages of a process may be read after its end was noticed.
    child.once('close', (code, signal) => this.#end({ code, signal }));
    child.on('error', () => {
      // Without a process there is no `close`. Else it was about one message, or the end is about to show.
      if (child.pid === undefined) this.#end({ code: null, signal: null });
    });
  }

  send(message: ToWorker<Start>): void {
    // One that is ending needs no messages, and `onEnded` tells.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  hand(socket: Socket, onSettled: (isTaken: boolean) => void): void {
    if (this.#hasEnded) {
      onSettled(false);
      return;
    }
    this.#handovers.push({ socket, onSettled });
    // Kept open here until it is confirmed: a worker may die with connections on their way to it.
    if (this.#child.connected) this.#child.send({ kind: 'connection' }, socket, { keepOpen: true }, () => {});
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  readonly #onMessage = (message: FromWorker): void => {
    if (message.kind === 'taken') this.#confirm();
    else this.#listener.onMessage(message);
  };

  #confirm(): void {
    const handover = this.#handovers.shift();
    handover?.socket.destroy();
    handover?.onSettled(true);
  }

  #end(end: WorkerEnd): void {
    this.#hasEnded = true;
    this.#listener.onEnded(end);
    for (const { onSettled } of this.#handovers.splice(0)) onSettled(false);
  }
}
