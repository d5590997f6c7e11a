import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { DspTransportResult } from '../../engine/ports/dsp-transport.ts';
import { systemClock, systemTimers } from '../clock.ts';
import { createHostResolvers } from '../dns/host-resolvers.ts';
import {
  createUndiciTransport,
  type DspEndpoint,
  type UndiciTransport,
  type UndiciTransportOptions,
} from './undici-transport.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const MIB = 1024 * 1024;

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/bid?k=1`;
}

function transportTo(
  url: string,
  overrides: Partial<DspEndpoint> = {},
  time: Pick<UndiciTransportOptions, 'clock' | 'timers'> = { clock: systemClock, timers: systemTimers },
  resolveHost: UndiciTransportOptions['resolveHost'] = createHostResolvers({ clock: systemClock }).configured,
): UndiciTransport {
  const transport = createUndiciTransport({
    ...time,
    endpoints: [{ id: 'one', url, headers: {}, gzipRequests: false, connections: 2, waitingMax: 2, ...overrides }],
    resolveHost,
    responseBytesMax: MIB,
    connectTimeoutMs: 1000,
    keepAliveMs: 1000,
    onFault: (error) => {
      throw error;
    },
  });
  cleanups.push(() => transport.close());
  return transport;
}

function call(transport: UndiciTransport, timeoutMs = 1000): Promise<DspTransportResult> {
  return callUntil(transport, systemClock.monotonicMs() + timeoutMs);
}

function callUntil(transport: UndiciTransport, deadlineAtMs: number): Promise<DspTransportResult> {
  return new Promise((resolve) => {
    transport.call(
      {
        dspId: 'one',
        body: Buffer.from('{"id":"1"}'),
        version: '2.6',
        deadlineAtMs,
        abortAtMs: deadlineAtMs,
      },
      resolve,
    );
  });
}

type Handler = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void;

function http(handler: Handler): Promise<string> {
  return listen(
    createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => handler(request, Buffer.concat(chunks), response));
    }),
  );
}

test('posts the body with OpenRTB headers and hands out status and body', async () => {
  const seen: { headers: IncomingMessage['headers']; url?: string; body: string }[] = [];
  const url = await http((request, body, response) => {
    seen.push({ headers: request.headers, url: request.url ?? '', body: body.toString() });
    response.writeHead(200).end('{"id":"1"}');
  });
  const result = await call(transportTo(url, { headers: { Authorization: 'Bearer x' } }));
  expect(result).toMatchObject({ kind: 'answered', status: 200 });
  expect(Buffer.from((result as { body: Uint8Array }).body).toString()).toBe('{"id":"1"}');
  expect(seen[0]).toMatchObject({
    url: '/bid?k=1',
    body: '{"id":"1"}',
    headers: {
      'content-type': 'application/json',
      'x-openrtb-version': '2.6',
      'accept-encoding': 'gzip',
      authorization: 'Bearer x',
    },
  });
});

test('gzip both ways', async () => {
  const bodies: string[] = [];
  const url = await http((request, body, response) => {
    expect(request.headers['content-encoding']).toBe('gzip');
    bodies.push(gunzipSync(body).toString());
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"zipped":1}'));
  });
  const result = await call(transportTo(url, { gzipRequests: true }));
  expect(bodies).toEqual(['{"id":"1"}']);
  expect(Buffer.from((result as { body: Uint8Array }).body).toString()).toBe('{"zipped":1}');
});

test.each([
  ['1 ms late, before its timer fires, is late', 51, 'timeout'],
  ['read when the loop is late may have been there in time', 80, 'answered'],
])('an answer %s', async (_name, answeredAtMs, kind) => {
  const time = {
    clock: { wallMs: () => 0, monotonicMs: () => nowMs },
    timers: { schedule: () => null, cancel: () => {} },
  };
  let nowMs = 0;
  const url = await http((_request, _body, response) => {
    nowMs = answeredAtMs;
    response.writeHead(200).end('{}');
  });
  expect(await callUntil(transportTo(url, {}, time), 50)).toMatchObject({ kind, latencyMs: answeredAtMs });
});

test('redirects are answers, not followed', async () => {
  let calls = 0;
  const url = await http((_request, _body, response) => {
    calls += 1;
    response.writeHead(302, { location: url }).end();
  });
  expect(await call(transportTo(url))).toMatchObject({ kind: 'answered', status: 302 });
  expect(calls).toBe(1);
});

test.each([
  ['no answer', 'headers', () => {}],
  ['headers only', 'body', (response: ServerResponse) => response.writeHead(200).flushHeaders()],
  [
    'one byte at a time',
    'body',
    (response: ServerResponse) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 10);
      response.on('close', () => clearInterval(drip));
    },
  ],
])('one deadline covers everything: %s', async (_name, phase, answer) => {
  const url = await http((_request, _body, response) => answer(response));
  const transport = transportTo(url);
  const startedAtMs = systemClock.monotonicMs();
  expect(await call(transport, 60)).toMatchObject({ kind: 'timeout', phase });
  expect(systemClock.monotonicMs() - startedAtMs).toBeGreaterThanOrEqual(60);
  await expect.poll(() => transport.connections('one').busy).toBe(0);
});

test('a body over the limit is cut, declared or not, zipped or not', async () => {
  const bomb = gzipSync(Buffer.alloc(20 * MIB));
  const answers: Handler[] = [
    (_request, _body, response) => response.writeHead(200, { 'content-length': 50 * MIB }).write('x'),
    (_request, _body, response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(MIB / 4, 'x');
      const flood = (): void => {
        if (!response.destroyed) response.write(chunk, () => setImmediate(flood));
      };
      flood();
    },
    (_request, _body, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
  ];
  for (const answer of answers) {
    const result = await call(transportTo(await http(answer)));
    expect(result).toMatchObject({ kind: 'unreadable', reason: 'too-large' });
  }
});

test('answers under way from one DSP hold 4 MiB at most together, and what is cut makes room', async () => {
  let answer = (response: ServerResponse): void => void response.writeHead(200).write(Buffer.alloc(300_000));
  const url = await http((_request, _body, response) => answer(response));
  const transport = transportTo(url, { connections: 20, waitingMax: 0 });
  const results = await Promise.all(Array.from({ length: 20 }, () => call(transport, 500)));
  const cut = results.filter((result) => result.kind === 'unreadable' && result.reason === 'too-large');
  expect(cut.length).toBeGreaterThanOrEqual(20 - Math.floor((4 * MIB) / 300_000));
  expect(cut.length).toBeLessThan(20);
  answer = (response) => void response.end(Buffer.alloc(900_000, ' '));
  expect(await call(transport)).toMatchObject({ kind: 'answered' });
});

test('an encoding that was not asked for, or that is not what it says', async () => {
  const unknown = await http((_request, _body, response) =>
    response.writeHead(200, { 'content-encoding': 'br' }).end('x'),
  );
  expect(await call(transportTo(unknown))).toMatchObject({ kind: 'unreadable', reason: 'unknown-encoding' });
  const broken = await http((_request, _body, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('{}'),
  );
  expect(await call(transportTo(broken))).toMatchObject({ kind: 'unreadable', reason: 'bad-encoding' });
});

test('a connection that closes inside the body is no answer', async () => {
  const url = await listen(
    createTcpServer((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"id":"1"}'));
    }),
  );
  expect(await call(transportTo(url))).toMatchObject({ kind: 'unreachable' });
});

test('a name of this machine is connected to', async () => {
  const url = await http((_request, _body, response) => response.writeHead(204).end());
  const result = await call(transportTo(url.replace('127.0.0.1', 'localhost')));
  expect(result).toMatchObject({ kind: 'answered', status: 204 });
});

test('nobody listens', async () => {
  const url = await http(() => {});
  await cleanups.pop()!();
  expect(await call(transportTo(url))).toMatchObject({ kind: 'unreachable', code: 'ECONNREFUSED' });
});

test('calls beyond connections and waiting room are refused; waiting ones share the deadline', async () => {
  const url = await http(() => {});
  const transport = transportTo(url, { connections: 1, waitingMax: 1 });
  // One deadline for all: else the first to expire makes room for the next.
  const deadlineAtMs = systemClock.monotonicMs() + 50;
  const results = await Promise.all([1, 2, 3].map(() => callUntil(transport, deadlineAtMs)));
  expect(results.map((result) => result.kind)).toEqual(['timeout', 'timeout', 'not-sent']);
  expect(results[1]).toMatchObject({ phase: 'connect' });
});

test('calls given up for want of a connection pile up to a bound only, and are gone once there is one', async () => {
  let posts = 0;
  const url = await http((_request, _body, response) => {
    posts += 1;
    response.writeHead(204).end();
  });
  let answerLookup: () => void = () => {};
  const lookedUp = new Promise<void>((resolve) => {
    answerLookup = resolve;
  });
  const transport = transportTo(
    url.replace('127.0.0.1', 'dsp.example'),
    { connections: 1, waitingMax: 3 },
    undefined,
    async () => {
      await lookedUp;
      return [{ address: '127.0.0.1', family: 4 }];
    },
  );
  const kinds: string[] = [];
  for (let index = 0; index < 8; index++) {
    const result = await call(transport, 5);
    kinds.push(result.kind === 'unreachable' ? result.code : result.kind);
  }
  expect(kinds).toEqual([...new Array(4).fill('timeout'), ...new Array(4).fill('CONNECT_BACKLOG')]);
  answerLookup();
  await expect.poll(() => call(transport)).toMatchObject({ kind: 'answered' });
  expect(posts).toBe(1);
});

test('and so they are when there will be none', async () => {
  let failLookup: (error: Error) => void = () => {};
  const lookedUp = new Promise<never>((_resolve, reject) => {
    failLookup = reject;
  });
  const transport = transportTo('http://dsp.example/bid', { connections: 2, waitingMax: 1 }, undefined, () => lookedUp);
  for (let index = 0; index < 3; index++) await call(transport, 5);
  expect(await call(transport, 5)).toMatchObject({ kind: 'unreachable', code: 'CONNECT_BACKLOG' });
  failLookup(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));
  await expect.poll(() => call(transport)).toMatchObject({ kind: 'unreachable', code: 'ENOTFOUND' });
});

test('an abandoned call ends at once and frees its connection', async () => {
  const url = await http(() => {});
  const transport = transportTo(url);
  const results: DspTransportResult[] = [];
  const abandon = transport.call(
    {
      dspId: 'one',
      body: Buffer.from('{}'),
      version: '2.6',
      deadlineAtMs: systemClock.monotonicMs() + 5000,
      abortAtMs: systemClock.monotonicMs() + 5000,
    },
    (result) => results.push(result),
  );
  await expect.poll(() => transport.connections('one').busy).toBe(1);
  abandon();
  abandon();
  expect(results).toMatchObject([{ kind: 'not-sent', reason: 'aborted' }]);
  await expect.poll(() => transport.connections('one').busy).toBe(0);
});

test('preconnecting opens a connection that the first call uses, and survives whoever is away or silent', async () => {
  const methods: string[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    methods.push(request.method!);
    response.writeHead(request.method === 'POST' ? 204 : 405).end();
  });
  server.on('connection', () => {
    connections += 1;
  });
  const transport = transportTo(await listen(server), { connections: 1 });
  await transport.preconnect();
  // undici gives the connection back after the answer's last callback.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(await call(transport)).toMatchObject({ kind: 'answered', status: 204 });
  expect(methods).toEqual(['OPTIONS', 'POST']);
  expect(connections).toBe(1);

  const silent = transportTo(await http(() => {}), { id: 'one' });
  const away = transportTo('http://127.0.0.1:1/bid');
  await Promise.all([silent.preconnect(), away.preconnect()]);
});

test('a pre-connection that was given up before it stood is not sent, and leaves its connection to the calls', async () => {
  const methods: string[] = [];
  const url = await http((request, _body, response) => {
    methods.push(request.method!);
    if (request.method === 'POST') response.writeHead(204).end();
  });
  const lookups: ((addresses: { address: string; family: 4 }[]) => void)[] = [];
  let giveUp = (): void => {};
  const transport = transportTo(
    url.replace('127.0.0.1', 'dsp.example'),
    { connections: 1 },
    {
      clock: systemClock,
      timers: {
        schedule: (_ms, run) => {
          giveUp = run;
          return null;
        },
        cancel: () => {},
      },
    },
    () => new Promise((resolve) => lookups.push(resolve)),
  );
  const preconnected = transport.preconnect();
  await expect.poll(() => lookups.length).toBe(1);
  giveUp();
  await preconnected;
  lookups[0]!([{ address: '127.0.0.1', family: 4 }]);
  await expect.poll(() => transport.connections('one').open).toBe(1);
  expect(await call(transport)).toMatchObject({ kind: 'answered', status: 204 });
  expect(methods).toEqual(['POST']);
});

test('an answer between deadline and abort is measured and keeps its connection', async () => {
  let connections = 0;
  let answer = (): void => {};
  let calls = 0;
  const server = createServer((_request, response) => {
    const send = () => response.writeHead(200).end('{}');
    calls += 1;
    if (calls === 1) answer = send;
    else send();
  });
  server.on('connection', () => {
    connections += 1;
  });
  const transport = transportTo(await listen(server), { connections: 1, waitingMax: 0 });
  const nowMs = systemClock.monotonicMs();
  const late: number[] = [];
  const result = await new Promise<DspTransportResult>((resolve) => {
    const body = Buffer.from('{}');
    const onLateAnswer = (latencyMs: number): void => void late.push(latencyMs);
    transport.call(
      { dspId: 'one', body, version: '2.6', deadlineAtMs: nowMs + 30, abortAtMs: nowMs + 5000, onLateAnswer },
      resolve,
    );
  });
  expect(result).toMatchObject({ kind: 'timeout', phase: 'headers' });
  answer();
  await expect.poll(() => late.length).toBe(1);
  expect(late[0]).toBeGreaterThanOrEqual(30);
  expect(await call(transport)).toMatchObject({ kind: 'answered' });
  expect(connections).toBe(1);
});

test('a call that needs its connection ends one that only lingers', async () => {
  let calls = 0;
  const url = await http((_request, _body, response) => {
    calls += 1;
    if (calls > 1) response.writeHead(200).end('{}');
  });
  const transport = transportTo(url, { connections: 1, waitingMax: 0 });
  const nowMs = systemClock.monotonicMs();
  const late: number[] = [];
  const result = await new Promise<DspTransportResult>((resolve) => {
    const body = Buffer.from('{}');
    const onLateAnswer = (latencyMs: number): void => void late.push(latencyMs);
    transport.call(
      { dspId: 'one', body, version: '2.6', deadlineAtMs: nowMs + 30, abortAtMs: nowMs + 20_000, onLateAnswer },
      resolve,
    );
  });
  expect(result).toMatchObject({ kind: 'timeout' });
  expect(await call(transport)).toMatchObject({ kind: 'answered' });
  expect(late).toEqual([]);
});
