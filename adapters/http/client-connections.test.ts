import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { beforeEach, expect, test } from 'vitest';
import { ClientConnections, type CutReason, REQUESTS_PER_CONNECTION_MAX } from './client-connections.ts';

/** Closes a turn after it is destroyed, as sockets and responses do, or when told to. */
class Closable extends EventEmitter {
  destroyed = false;
  bytesRead = 1;
  destroy(): void {
    this.destroyed = true;
  }
  destroySoon(): void {
    this.destroyed = true;
  }
}

const CONNECTIONS_MAX = 3;
let cut: CutReason[];
let connections: ClientConnections;

beforeEach(() => {
  cut = [];
  connections = new ClientConnections(CONNECTIONS_MAX, (reason) => cut.push(reason));
});

function open(): Closable {
  const socket = new Closable();
  connections.opened(socket as unknown as Socket);
  return socket;
}

function begin(socket: Closable): { readonly response: Closable; readonly isTaken: boolean } {
  const response = new Closable();
  const isTaken = connections.requestBegan(socket as unknown as Socket, response as unknown as ServerResponse);
  return { response, isTaken };
}

test('a newcomer takes the place of the connection that has asked nothing for the longest', () => {
  const [first, second, third] = [open(), open(), open()];
  begin(first).response.emit('close');
  const fourth = open();
  expect([first, second, third, fourth].map(({ destroyed }) => destroyed)).toEqual([false, true, false, false]);
  open();
  expect(third.destroyed).toBe(true);
  expect(first.destroyed).toBe(false);
  expect(cut).toEqual(['idlest', 'idlest']);
  expect(connections.openCount).toBe(CONNECTIONS_MAX);
});

test('no auction is cut for a newcomer: when all are busy it goes itself', () => {
  const busy = [open(), open(), open()];
  for (const socket of busy) begin(socket);
  expect(open().destroyed).toBe(true);
  expect(busy.some(({ destroyed }) => destroyed)).toBe(false);
  expect(connections.requestsUnderWay).toBe(3);
});

test('a connection with too many requests under way is cut, and every one of them hears of it', () => {
  const socket = open();
  let closed = 0;
  for (let request = 0; request < REQUESTS_PER_CONNECTION_MAX; request++) {
    const { response, isTaken } = begin(socket);
    expect(isTaken).toBe(true);
    response.on('close', () => closed++);
  }
  expect(begin(socket).isTaken).toBe(false);
  expect(socket.destroyed).toBe(true);
  expect(closed).toBe(REQUESTS_PER_CONNECTION_MAX);
  expect(begin(socket).isTaken).toBe(false);
  expect(cut).toEqual(['pipelined']);
  expect([connections.openCount, connections.requestsUnderWay]).toEqual([0, 0]);
});

test('nothing stays behind of a client that leaves, also of requests whose turn to be answered had not come', () => {
  const socket = open();
  const answered = begin(socket);
  const waiting = begin(socket);
  answered.response.emit('close');
  expect(connections.requestsUnderWay).toBe(1);
  socket.emit('close');
  expect(waiting.response.destroyed).toBe(true);
  expect([connections.openCount, connections.requestsUnderWay]).toEqual([0, 0]);
  waiting.response.emit('close');
  expect(connections.requestsUnderWay).toBe(0);
});

test('nonsense behind requests ends the connection when all of them are answered', () => {
  const socket = open();
  const asSocket = socket as unknown as Socket;
  expect(connections.endAfterAnswers(asSocket)).toBe(false);
  const [first, second] = [begin(socket), begin(socket)];
  expect(connections.endAfterAnswers(asSocket)).toBe(true);
  first.response.emit('close');
  expect(connections.endAfterAnswers(asSocket)).toBe(true);
  expect(socket.destroyed).toBe(false);
  second.response.emit('close');
  expect(socket.destroyed).toBe(true);
});

test('silent connections end when asked for', () => {
  const [silent, speaking] = [open(), open()];
  silent.bytesRead = 0;
  connections.cutSilent();
  expect([silent.destroyed, speaking.destroyed]).toEqual([true, false]);
});
