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
   * Hands a connection over; messages sent later arrive later. `onGone` is called when it is on its way, or lost. False:
   * the process is ending, and the connection is still the caller's.
   */
  readonly hand: (socket: Socket, onGone: () => void) => boolean;
  /** SIGKILL. */
  readonly kill: () => void;
}

export type SpawnWorker<Start> = (listener: WorkerListener) => WorkerProcess<Start>;

/** `entry` is a module that speaks `messages.ts`. Node options of this process are the worker's too. */
export function forkWorkers<Start>(entry: string): SpawnWorker<Start> {
  return (listener) => {
    const child = fork(entry, { serialization: 'advanced' });
    listen(child, listener);
    return {
      pid: child.pid,
      send: (message) => {
        // One that is ending needs no messages, and `onEnded` tells.
        if (child.connected) child.send(message, () => {});
      },
      hand: (socket, onGone) => hand(child, socket, onGone),
      kill: () => void child.kill('SIGKILL'),
    };
  };
}

function listen(child: ChildProcess, { onMessage, onEnded }: WorkerListener): void {
  let end: WorkerEnd | null = null;
  let isDisconnected = false;
  // The last messages of a process may be read after its end was noticed.
  const settle = (): void => {
    if (end !== null && isDisconnected) onEnded(end);
  };
  child.on('message', onMessage);
  child.once('exit', (code, signal) => {
    end = { code, signal };
    settle();
  });
  child.once('disconnect', () => {
    isDisconnected = true;
    settle();
  });
  child.on('error', () => {
    // Without a process there is neither `exit` nor `disconnect`.
    if (child.pid === undefined) onEnded({ code: null, signal: null });
  });
}

function hand(child: ChildProcess, socket: Socket, onGone: () => void): boolean {
  if (!child.connected) return false;
  child.send({ kind: 'connection' }, socket, (error) => {
    if (error !== null) socket.destroy();
    onGone();
  });
  return true;
}
