import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { CONFIRM_MS_MAX, ForkedWorker, type WorkerEnd } from './worker-process.ts';

/** The other end of the channel, as a test wants it. */
class ScriptedChild extends EventEmitter {
  pid: number | undefined = 1;
  readonly connected = true;
  readonly heard: ToWorker<null>[] = [];

  send(message: ToWorker<null>): void {
    this.heard.push(message);
  }

  says(message: FromWorker): void {
    this.emit('message', message);
  }
}

function create(child = new ScriptedChild()) {
  const timers = new ManualTimers();
  const settled: string[] = [];
  const ends: WorkerEnd[] = [];
  const listener = { onMessage: () => {}, onEnded: (end: WorkerEnd) => ends.push(end) };
  const worker = new ForkedWorker<null>(child as unknown as ChildProcess, listener, timers);
  const hand = (name: string): void => {
    const socket = { destroy: () => {} } as unknown as Socket;
    worker.hand(socket, (isTaken) => settled.push(`${name} ${isTaken ? 'taken' : 'given back'}`));
  };
  const asked = () => child.heard.filter(({ kind }) => kind === 'confirm');
  return { timers, child, settled, ends, hand, asked };
}

test('a connection that was lost on its way is given back, and only that one', () => {
  const { timers, child, settled, hand, asked } = create();
  for (const name of ['a', 'b', 'c']) hand(name);
  child.says({ kind: 'taken', id: 1 });
  child.says({ kind: 'taken', id: 3 });
  timers.advance(CONFIRM_MS_MAX);
  expect(asked()).toEqual([{ kind: 'confirm', untilId: 3 }]);
  hand('d');
  child.says({ kind: 'all-taken', untilId: 3 });
  expect(settled).toEqual(['a taken', 'c taken', 'b given back']);
  child.says({ kind: 'taken', id: 4 });
  expect(settled.at(-1)).toBe('d taken');
  timers.advance(CONFIRM_MS_MAX);
  expect(asked()).toHaveLength(1);
});

test('one that hangs keeps what is on its way until it ends, and is asked once', () => {
  const { timers, child, settled, ends, hand, asked } = create();
  hand('a');
  timers.advance(60_000);
  hand('b');
  timers.advance(60_000);
  expect(asked()).toHaveLength(1);
  expect(settled).toEqual([]);
  child.emit('close', null, 'SIGKILL');
  expect(settled).toEqual(['a given back', 'b given back']);
  expect(ends).toEqual([{ code: null, signal: 'SIGKILL' }]);
});

test('a fork that fails ends once', () => {
  const child = new ScriptedChild();
  child.pid = undefined;
  const { ends } = create(child);
  child.emit('error', new Error('spawn ENOENT'));
  child.emit('close', -2, null);
  expect(ends).toEqual([{ code: null, signal: null }]);
});
