import { EventEmitter } from 'node:events';
import { connect, Server, type Socket } from 'node:net';
import { expect, test, vi } from 'vitest';
import { LISTEN_BACKLOG } from '../backlog.ts';
import { ManualTimers } from '../notices/testing/manual-timers.ts';
import { DEALING_MS_MAX } from '../process/drain-budget.ts';
import {
  ConnectionDealer,
  type ConnectionTaker,
  HANDOVERS_MAX,
  type RefuseReason,
  WAITING_MAX,
} from './connection-dealer.ts';

class ScriptedTaker implements ConnectionTaker {
  readonly handed: { readonly socket: Socket; readonly onSettled: (isTaken: boolean) => void }[] = [];

  readonly hand = (socket: Socket, onSettled: (isTaken: boolean) => void): void => {
    this.handed.push({ socket, onSettled });
  };
}

interface TestSocket extends Socket {
  readonly isClosed: () => boolean;
}

function testSocket(): TestSocket {
  let isClosed = false;
  const socket = new EventEmitter();
  return Object.assign(socket, {
    isClosed: () => isClosed,
    destroy: () => {
      isClosed = true;
    },
  }) as unknown as TestSocket;
}

function create() {
  const seen = { refused: 0, reasons: new Set<RefuseReason>() };
  const timers = new ManualTimers();
  const dealer = new ConnectionDealer({
    timers,
    onRefused: (reason) => {
      seen.refused += 1;
      seen.reasons.add(reason);
    },
  });
  return { dealer, seen, timers, takers: [new ScriptedTaker(), new ScriptedTaker()] as const };
}

test('deals in turn', () => {
  const { dealer, takers } = create();
  for (const taker of takers) dealer.add(taker);
  for (let i = 0; i < 6; i += 1) dealer.deal(testSocket());
  expect(takers.map(({ handed }) => handed.length)).toEqual([3, 3]);
});

test('passes over one that does not confirm, until it does', () => {
  const { dealer, takers } = create();
  const [hung, fine] = takers;
  for (const taker of takers) dealer.add(taker);
  for (let i = 0; i < 100; i += 1) {
    dealer.deal(testSocket());
    fine.handed.at(-1)?.onSettled(true);
  }
  expect(hung.handed).toHaveLength(HANDOVERS_MAX);
  expect(fine.handed).toHaveLength(100 - HANDOVERS_MAX);
  hung.handed[0]!.onSettled(true);
  dealer.deal(testSocket());
  dealer.deal(testSocket());
  expect(hung.handed).toHaveLength(HANDOVERS_MAX + 1);
});

test('keeps connections until somebody can take them; those that left meanwhile are gone', () => {
  const { dealer, takers } = create();
  const sockets = [testSocket(), testSocket(), testSocket()];
  for (const socket of sockets) dealer.deal(socket);
  sockets[1]!.emit('close');
  dealer.add(takers[0]);
  expect(takers[0].handed.map(({ socket }) => socket)).toEqual([sockets[0], sockets[2]]);
});

test('deals again what a worker that ended has not taken', () => {
  const { dealer, takers } = create();
  const [ended, other] = takers;
  dealer.add(ended);
  const sockets = [testSocket(), testSocket()];
  for (const socket of sockets) dealer.deal(socket);
  dealer.add(other);
  dealer.remove(ended);
  for (const { onSettled } of ended.handed.splice(0)) onSettled(false);
  expect(ended.handed).toEqual([]);
  expect(other.handed.map(({ socket }) => socket)).toEqual(sockets);
});

test('one that lost a connection gets others', () => {
  const { dealer, takers } = create();
  const [taker] = takers;
  dealer.add(taker);
  const lost = Array.from({ length: HANDOVERS_MAX }, testSocket);
  for (const socket of lost) dealer.deal(socket);
  for (const { onSettled } of taker.handed.splice(0)) onSettled(false);
  expect(taker.handed.map(({ socket }) => socket)).toEqual(lost);
  const next = testSocket();
  dealer.deal(next);
  taker.handed[0]!.onSettled(true);
  expect(taker.handed.at(-1)!.socket).toBe(next);
});

test('closes and counts what is beyond the bound', () => {
  const { dealer, seen } = create();
  const sockets = Array.from({ length: WAITING_MAX + 2 }, testSocket);
  for (const socket of sockets) dealer.deal(socket);
  expect(seen.refused).toBe(2);
  expect([...seen.reasons]).toEqual(['no-worker']);
  expect(sockets.filter((socket) => socket.isClosed())).toEqual(sockets.slice(WAITING_MAX));
});

test('hands nothing to one that is to get no more', () => {
  const { dealer, takers } = create();
  for (const taker of takers) dealer.add(taker);
  dealer.remove(takers[0]);
  for (let i = 0; i < 4; i += 1) dealer.deal(testSocket());
  expect(takers.map(({ handed }) => handed.length)).toEqual([0, 4]);
});

function closing(dealer: ConnectionDealer) {
  const state = { isClosed: false };
  const closed = dealer.close().then(() => {
    state.isClosed = true;
  });
  return { state, closed };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('closing deals everything that was accepted first', async () => {
  const { dealer, seen, takers } = create();
  const [taker] = takers;
  dealer.add(taker);
  const sockets = Array.from({ length: 40 }, testSocket);
  for (const socket of sockets) dealer.deal(socket);
  const { state, closed } = closing(dealer);
  await turn();
  for (let index = 0; index < sockets.length; index += 1) {
    expect(state.isClosed).toBe(false);
    taker.handed[index]!.onSettled(true);
    await turn();
  }
  await closed;
  expect(taker.handed.map(({ socket }) => socket)).toEqual(sockets);
  expect(seen.refused).toBe(0);
  expect(sockets.filter((socket) => socket.isClosed())).toEqual([]);
});

test('what a worker gives back while the dealer closes goes to another one, however many it has', async () => {
  const { dealer, seen, takers } = create();
  const [crashed, other] = takers;
  for (const taker of takers) dealer.add(taker);
  const sockets = Array.from({ length: 2 * HANDOVERS_MAX }, testSocket);
  for (const socket of sockets) dealer.deal(socket);
  const { closed } = closing(dealer);
  await turn();
  dealer.remove(crashed);
  for (const { onSettled } of crashed.handed) onSettled(false);
  for (let index = 0; index < sockets.length; index += 1) other.handed[index]!.onSettled(true);
  await closed;
  expect(seen.refused).toBe(0);
  expect(other.handed).toHaveLength(sockets.length);
});

test('closing does not wait for ever: what still waits is cut and counted', async () => {
  const { dealer, seen, timers, takers } = create();
  dealer.add(takers[0]);
  const sockets = Array.from({ length: HANDOVERS_MAX + 3 }, testSocket);
  for (const socket of sockets) dealer.deal(socket);
  const { closed } = closing(dealer);
  await turn();
  timers.advance(DEALING_MS_MAX);
  await closed;
  expect(seen.refused).toBe(3);
  expect([...seen.reasons]).toEqual(['drain']);
  expect(sockets.filter((socket) => socket.isClosed())).toEqual(sockets.slice(HANDOVERS_MAX));
});

test('a connection that cannot be accepted is counted, and the next ones are accepted', async () => {
  const listening = vi.spyOn(Server.prototype, 'listen');
  try {
    const { dealer, seen, takers } = create();
    dealer.add(takers[0]);
    const url = new URL(await dealer.listen('127.0.0.1', 0));
    expect(listening.mock.calls[0]![0]).toMatchObject({ backlog: LISTEN_BACKLOG });
    const [server] = listening.mock.contexts as Server[];
    server!.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
    expect([...seen.reasons]).toEqual(['not-accepted']);
    const client = connect(Number(url.port), url.hostname);
    await vi.waitFor(() => expect(takers[0].handed).toHaveLength(1));
    takers[0].handed[0]!.socket.destroy();
    takers[0].handed[0]!.onSettled(true);
    client.destroy();
    await dealer.close();
  } finally {
    listening.mockRestore();
  }
});
