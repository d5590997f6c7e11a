import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Notice } from '../../engine/ports/notice-sender.ts';
import { systemClock } from '../clock.ts';
import { createHostResolvers } from '../dns/host-resolvers.ts';
import { createNoticeSender, type NoticeSenderOptions, type QueuedNoticeSender } from './notice-sender.ts';
import { ManualTimers } from './testing/manual-timers.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const answering =
  (status: number): Answer =>
  (_request, response) =>
    response.writeHead(status, { location: '/elsewhere' }).end();

let server: Server;
let host: string;
let answer: Answer;
let requests: string[];
let results: string[];
let timers: ManualTimers;
let sender: QueuedNoticeSender;

beforeEach(async () => {
  requests = [];
  results = [];
  answer = answering(200);
  timers = new ManualTimers();
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  sender = createSender();
});

afterEach(async () => {
  const closed = sender.close(0);
  timers.advance(0);
  await closed;
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

function createSender(options: Partial<NoticeSenderOptions> = {}): QueuedNoticeSender {
  return createNoticeSender({
    timers,
    allowedHosts: [host],
    resolvers: createHostResolvers({ clock: systemClock }),
    recorder: { noticeResult: ({ dspId, kind }, result) => results.push(`${dspId} ${kind} ${result}`) },
    ...options,
  });
}

function send(kind: Notice['kind'], path = '/', dspId = 'dsp'): void {
  sender.send({ kind, dspId, about: null, url: `http://${host}${path}` });
}

const settled = (count: number) => vi.waitFor(() => expect(results).toHaveLength(count), { interval: 1 });

describe('delivery', () => {
  it.each([
    ['win', 200, 'delivered'],
    ['win', 299, 'delivered'],
    ['loss', 202, 'delivered'],
    ['bill', 200, 'delivered'],
    ['bill', 204, 'delivered'],
    ['bill', 202, 'retried'],
    ['win', 404, 'retried'],
    ['win', 503, 'retried'],
    ['loss', 503, 'rejected'],
    ['win', 302, 'redirected'],
    ['bill', 307, 'redirected'],
  ] as const)('%s answered %i is %s', async (kind, status, result) => {
    answer = answering(status);
    send(kind, '/notice?x=1');
    timers.advance(0);
    await settled(1);
    expect(results).toEqual([`dsp ${kind} ${result}`]);
    expect(requests).toEqual(['GET /notice?x=1']);
  });

  it('sends nothing in the turn of the caller', () => {
    send('win');
    expect(sender.queueLength()).toBe(1);
    expect(requests).toEqual([]);
  });

  it('refuses a forbidden URL without a retry and without throwing', async () => {
    sender.send({ kind: 'bill', dspId: 'dsp', about: null, url: 'http://169.254.169.254/' });
    sender.send({ kind: 'win', dspId: 'dsp', about: null, url: 'nonsense\r\n' });
    timers.advance(0);
    await settled(2);
    expect(results.sort()).toEqual(['dsp bill refused', 'dsp win refused']);
  });
});

describe('F50 retries', () => {
  it.each([
    ['win', [1_000, 4_000]],
    ['bill', [10_000, 10_000, 10_000, 10_000, 10_000, 10_000]],
    ['loss', []],
  ] as const)('%s is tried again after %j ms, then given up', async (kind, delaysMs) => {
    answer = answering(500);
    send(kind);
    timers.advance(0);
    await settled(1);
    for (const [index, delayMs] of delaysMs.entries()) {
      timers.advance(delayMs - 1);
      expect(requests).toHaveLength(index + 1);
      timers.advance(1);
      await settled(index + 2);
    }
    timers.advance(120_000);
    expect(requests).toHaveLength(delaysMs.length + 1);
    expect(results.at(-1)).toBe(`dsp ${kind} rejected`);
    expect(sender.queueLength()).toBe(0);
  });

  it('stops at the first success', async () => {
    answer = answering(500);
    send('win');
    timers.advance(0);
    await settled(1);
    answer = answering(204);
    timers.advance(1_000);
    await settled(2);
    expect(results).toEqual(['dsp win retried', 'dsp win delivered']);
  });
});

describe('F50 limits', () => {
  it('gives up on an answer that takes longer than a second, headers or body', async () => {
    answer = (request, response) => {
      // Headers only, or nothing at all.
      if (request.url === '/body') response.writeHead(200).write('x');
    };
    send('loss', '/headers');
    send('loss', '/body');
    timers.advance(0);
    await vi.waitFor(() => expect(requests).toHaveLength(2), { interval: 1 });
    timers.advance(999);
    expect(results).toEqual([]);
    // The status of the second has arrived by the time this first one times out.
    timers.advance(1);
    await settled(2);
    expect(results).toContain('dsp loss timeout');
    expect(sender.queueLength()).toBe(0);
  });

  it('the second covers a name lookup that never ends', async () => {
    const never = () => new Promise<never>(() => {});
    sender = createSender({ resolvers: { public: never, configured: never } });
    sender.send({ kind: 'loss', dspId: 'dsp', about: null, url: 'https://slow.test/' });
    timers.advance(0);
    timers.advance(1_000);
    await settled(1);
    expect(results).toEqual(['dsp loss timeout']);
  });

  it('closes the connection of a body above 16 KiB', async () => {
    let sentBytes = 0;
    const chunk = Buffer.alloc(16 * 1024);
    const connectionClosed = new Promise<void>((closed) => {
      answer = (_request, response) => {
        response.on('close', closed);
        const pour = () => {
          do sentBytes += chunk.length;
          while (response.write(chunk));
        };
        response.on('drain', pour);
        pour();
      };
    });
    send('win');
    timers.advance(0);
    await settled(1);
    await connectionClosed;
    expect(results).toEqual(['dsp win delivered']);
    // What the sockets of both ends buffer, far from all that the server would send.
    expect(sentBytes).toBeLessThan(32 * 1024 * 1024);
  });

  it('counts a server that is not there, and retries', async () => {
    sender = createSender({ allowedHosts: ['127.0.0.1:1'] });
    sender.send({ kind: 'win', dspId: 'dsp', about: null, url: 'http://127.0.0.1:1/' });
    timers.advance(0);
    await settled(1);
    timers.advance(1_000);
    await settled(2);
    timers.advance(4_000);
    await settled(3);
    expect(results).toEqual(['dsp win retried', 'dsp win retried', 'dsp win unreachable']);
  });

  it('keeps at most four calls to one DSP under way, and lets others through', async () => {
    answer = (request, response) => {
      if (request.url === '/other') response.end();
    };
    for (let i = 0; i < 10; i += 1) send('win', '/dead', 'dead');
    send('loss', '/other', 'alive');
    timers.advance(0);
    await settled(1);
    expect(results).toEqual(['alive loss delivered']);
    const toDead = () => requests.filter((request) => request === 'GET /dead');
    await vi.waitFor(() => expect(toDead()).toHaveLength(4), { interval: 1 });
    timers.advance(500);
    expect(toDead()).toHaveLength(4);
  });

  it('keeps at most the total under way', async () => {
    sender = createSender({ inFlightMax: 2 });
    answer = () => {};
    for (let i = 0; i < 5; i += 1) send('win', '/', `dsp${i}`);
    timers.advance(0);
    await vi.waitFor(() => expect(requests).toHaveLength(2), { interval: 1 });
    timers.advance(500);
    expect(requests).toHaveLength(2);
    expect(sender.queueLength()).toBe(5);
  });

  it('drops and counts by the overflow policy', () => {
    sender = createSender({ queueLengthMax: 2 });
    send('loss');
    send('win');
    send('bill');
    send('win');
    expect(results).toEqual(['dsp loss dropped-queue-full', 'dsp win dropped-queue-full']);
  });
});

describe('close', () => {
  it('waits for what is queued', async () => {
    send('win');
    const closed = sender.close(5_000);
    timers.advance(0);
    await closed;
    expect(results).toEqual(['dsp win delivered']);
  });

  it('drops and counts the rest at the deadline: waiting, in flight, and waiting for a retry', async () => {
    sender = createSender({ inFlightMax: 1 });
    answer = answering(500);
    send('bill', '/', 'retrying');
    timers.advance(0);
    await settled(1);
    answer = () => {};
    send('win', '/', 'hanging');
    send('win', '/', 'waiting');
    timers.advance(0);
    await vi.waitFor(() => expect(requests).toHaveLength(2), { interval: 1 });
    const closed = sender.close(100);
    timers.advance(100);
    await closed;
    await settled(4);
    expect(results.slice(1).sort()).toEqual([
      'hanging win dropped-closing',
      'retrying bill dropped-closing',
      'waiting win dropped-closing',
    ]);
  });

  it('takes nothing afterwards', async () => {
    await sender.close(0);
    send('win');
    expect(results).toEqual(['dsp win dropped-closing']);
  });
});
