import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { AdAnswer, AdRequestPlace } from '../../engine/ports/ad-requests.ts';
import { systemClock } from '../clock.ts';
import { type HttpServer, startHttpServer } from './server.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const OK: AdAnswer = { httpStatus: 200, body: { id: '1', seatbid: [], nbr: 500 } };
const KIB = 1024;

async function start(take: AdRequestPlace['take'], overrides: object = {}): Promise<HttpServer> {
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    headersTimeoutMs: 200,
    requestTimeoutMs: 400,
    idleTimeoutMs: 1000,
    connectionsMax: 100,
    drainIdleMs: 0,
    listens: true,
    requestBytesMax: 256 * KIB,
    clock: systemClock,
    events: null,
    adRequests: { admit: () => ({ take, giveBack: () => {} }) },
    status: () => ({ status: 'ok' }),
    metrics: { contentType: 'text/plain', text: async () => 'rtb_build_info 1\n' },
    observer: { onCut: () => {}, onEventRequestRefused: () => {}, onRequestsFull: () => {}, onFault: () => {} },
    ...overrides,
  });
  servers.push(server);
  return server;
}

const answerAtOnce: AdRequestPlace['take'] = (_body, _arrivedAtMs, onAnswer) => {
  onAnswer(OK);
  return () => {};
};

function recordBodies(bodies: string[]): AdRequestPlace['take'] {
  return (body, arrivedAtMs, onAnswer) => {
    bodies.push(Buffer.from(body).toString('utf8'));
    return answerAtOnce(body, arrivedAtMs, onAnswer);
  };
}

const post = (server: HttpServer, body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(`${server.url}/openrtb2/auction`, { method: 'POST', body: body as string, headers });

test.each([
  ['application/json'],
  ['text/plain;charset=UTF-8'],
  ['application/x-www-form-urlencoded'],
  ['nonsense'],
  ['a/b;;;='],
])('takes a body whatever its content type: %s', async (contentType) => {
  const bodies: string[] = [];
  const server = await start(recordBodies(bodies));
  const response = await post(server, '{"id":"1"}', { 'content-type': contentType });
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toEqual(OK.body);
  expect(bodies).toEqual(['{"id":"1"}']);
});

test('takes a body without content type, and none at all', async () => {
  const bodies: string[] = [];
  const server = await start(recordBodies(bodies));
  const raw = await rawRequest(
    server,
    'POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}',
  );
  expect(raw).toContain('HTTP/1.1 200');
  expect(await rawRequest(server, 'POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toContain(
    'HTTP/1.1 200',
  );
  expect(bodies).toEqual(['{}', '']);
});

test('gzip in and out', async () => {
  const bodies: string[] = [];
  const big: AdAnswer = { httpStatus: 200, body: { id: 'x'.repeat(2 * KIB), nbr: 1 } };
  const server = await start((body, _at, onAnswer) => {
    bodies.push(Buffer.from(body).toString('utf8'));
    onAnswer(big);
    return () => {};
  });
  const response = await post(server, gzipSync('{"id":"zipped"}'), {
    'content-encoding': 'gzip',
    'accept-encoding': 'gzip',
  });
  expect(bodies).toEqual(['{"id":"zipped"}']);
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(await response.json()).toEqual(big.body);
  const plain = await post(server, '{}', { 'accept-encoding': 'gzip;q=0' });
  expect(plain.headers.get('content-encoding')).toBeNull();
});

test.each([
  ['too large', () => Buffer.alloc(256 * KIB + 1, ' '), {}, 413, 'too-large'],
  ['a bomb', () => gzipSync(Buffer.alloc(10_000 * KIB)), { 'content-encoding': 'gzip' }, 413, 'too-large'],
  ['an unknown encoding', () => 'x', { 'content-encoding': 'zstd' }, 415, 'unknown-encoding'],
  ['two encodings', () => gzipSync(gzipSync('{}')), { 'content-encoding': 'gzip, gzip' }, 415, 'unknown-encoding'],
  ['a wrong encoding', () => '{"id":"1"}', { 'content-encoding': 'gzip' }, 400, 'bad-encoding'],
])('refuses %s', async (_name, body, headers, status, code) => {
  const bodies: string[] = [];
  const response = await post(await start(recordBodies(bodies)), body(), headers as Record<string, string>);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ nbr: 2, ext: { gavel: { error: { path: '', code } } } });
  expect(bodies).toEqual([]);
});

test('a client that goes away cancels its auction', async () => {
  let cancelled = 0;
  let onTaken = (): void => {};
  const taken = new Promise<void>((resolve) => {
    onTaken = resolve;
  });
  const server = await start(() => {
    onTaken();
    return () => {
      cancelled += 1;
    };
  });
  const abort = new AbortController();
  const gone = fetch(`${server.url}/openrtb2/auction`, { method: 'POST', body: '{}', signal: abort.signal });
  await taken;
  expect(cancelled).toBe(0);
  abort.abort();
  await expect(gone).rejects.toThrow();
  await expect.poll(() => cancelled).toBe(1);
});

test('an answered auction is not cancelled when its client goes', async () => {
  let cancelled = 0;
  const server = await start((_body, _at, onAnswer) => {
    onAnswer(OK);
    return () => {
      cancelled += 1;
    };
  });
  await rawRequest(
    server,
    'POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}',
  );
  expect(cancelled).toBe(0);
});

test.each([
  ['headers', 'POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\n'],
  ['body', 'POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{'],
])('cuts a client that is slow with its %s', async (_name, start_) => {
  const server = await start(answerAtOnce);
  const startedAtMs = performance.now();
  await rawRequest(server, start_);
  expect(performance.now() - startedAtMs).toBeLessThan(2000);
});

test('cuts a client that connects and says nothing', async () => {
  const server = await start(answerAtOnce, { idleTimeoutMs: 300 });
  expect(await rawRequest(server, '')).toContain('408 Request Timeout');
});

test('closing does not wait for a client that says nothing', async () => {
  const server = await start(answerAtOnce, { idleTimeoutMs: 60_000 });
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname).on('error', () => {});
  await once(socket, 'connect');
  await fetch(`${server.url}/status`);
  await Promise.all([server.close(), once(socket, 'close')]);
});

test('status, metrics, unknown paths and methods', async () => {
  const server = await start(answerAtOnce);
  expect(await (await fetch(`${server.url}/status`)).json()).toEqual({ status: 'ok' });
  expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('rtb_build_info');
  expect((await fetch(`${server.url}/nope`)).status).toBe(404);
  const get = await fetch(`${server.url}/openrtb2/auction`);
  expect(get.status).toBe(405);
  expect(get.headers.get('allow')).toBe('POST');
});

/** Writes and reads until the server closes. */
function rawRequest(server: HttpServer, text: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => text !== '' && socket.write(text));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

test('what finds no room is answered with 429 and as little as can be; everything else goes on', async () => {
  const asked: (readonly [string, string | null])[] = [];
  const admit = (account: string, body: Uint8Array | null): null => {
    asked.push([account, body === null ? null : Buffer.from(body).toString('utf8')]);
    return null;
  };
  const server = await start(answerAtOnce, { adRequests: { admit } });
  const refused = await fetch(`${server.url}/openrtb2/auction?account=a-1`, { method: 'POST', body: '{"id":"1"}' });
  expect(refused.status).toBe(429);
  expect(refused.headers.get('content-type')).toBe('application/json');
  expect(await refused.text()).toBe('{"id":"","nbr":501}');
  await post(server, gzipSync('{}'), { 'content-encoding': 'gzip' });
  expect(asked).toEqual([
    ['a-1', '{"id":"1"}'],
    ['', null],
  ]);
  expect((await fetch(`${server.url}/status`)).status).toBe(200);
});

test('the place of a body that does not inflate is given back', async () => {
  let givenBack = 0;
  const giveBack = (): void => {
    givenBack++;
  };
  const server = await start(answerAtOnce, { adRequests: { admit: () => ({ take: answerAtOnce, giveBack }) } });
  expect((await post(server, 'no gzip', { 'content-encoding': 'gzip' })).status).toBe(400);
  expect(givenBack).toBe(1);
});

/** A connection that is kept open; `ask` gives the answer to one request. */
async function keptConnection(server: HttpServer) {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1').setEncoding('utf8');
  await once(socket, 'connect');
  return {
    ask: async (path: string) => {
      socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [string];
      return answer;
    },
    closed: once(socket, 'close'),
  };
}

test('while closing, answers on open connections that it is draining, and that they end', async () => {
  const server = await start(answerAtOnce, { drainIdleMs: 60_000 });
  const [first, second] = [await keptConnection(server), await keptConnection(server)];
  for (const { ask } of [first, second]) expect(await ask('/status')).toMatch(/^HTTP\/1.1 200 .*"status":"ok"/s);
  const closed = server.close();
  await expect
    .poll(() =>
      fetch(`${server.url}/status`).then(
        () => 'open',
        () => 'closed',
      ),
    )
    .toBe('closed');
  const draining = await first.ask('/status');
  expect(draining).toMatch(/^HTTP\/1.1 503 /);
  expect(draining).toMatch(/connection: close/i);
  expect(draining).toContain('"status":"draining"');
  expect(await second.ask('/metrics')).toMatch(/^HTTP\/1.1 200 .*connection: close/is);
  await Promise.all([closed, first.closed, second.closed]);
});

test('closes idle connections only after the time given', async () => {
  const server = await start(answerAtOnce, { drainIdleMs: 300 });
  const { ask, closed } = await keptConnection(server);
  await ask('/status');
  const startedAtMs = performance.now();
  await Promise.all([server.close(), closed]);
  expect(performance.now() - startedAtMs).toBeGreaterThan(250);
});

test('serves connections that another listener accepted, with the same limits', async () => {
  const server = await start(answerAtOnce, { listens: false, connectionsMax: 2 });
  expect(server.url).toBe('');
  const listener = createServer(server.take).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const front = { ...server, url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}` };
  const kept = await keptConnection(front);
  expect(await kept.ask('/status')).toMatch(/^HTTP\/1.1 200 /);
  const slow = connect(Number(new URL(front.url).port), '127.0.0.1');
  slow.write('GET /status HTTP/1.1\r\n');
  slow.resume();
  await once(slow, 'connect');
  expect((await fetch(`${front.url}/status`)).status).toBe(200);
  await kept.closed;
  await once(slow, 'close');
  expect((await fetch(`${front.url}/status`)).status).toBe(200);
  await server.close();
  listener.close();
});

test.each([
  ['plain', '{}', {}],
  ['compressed', gzipSync('{}'), { 'content-encoding': 'gzip' }],
])('a fault of ours while a %s request is taken costs that request, and is told', async (_name, body, headers) => {
  const fault = new Error('take');
  const faults: unknown[] = [];
  const take = (): never => {
    throw fault;
  };
  const onFault = (error: unknown): void => {
    faults.push(error);
  };
  const server = await start(take, { observer: { onCut: () => {}, onRequestsFull: () => {}, onFault } });
  const response = await post(server, body, headers as Record<string, string>);
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({ error: 'internal error' });
  expect(faults).toEqual([fault]);
  expect((await fetch(`${server.url}/status`)).status).toBe(200);
});

test.each([
  ['plain', '{}', {}],
  ['compressed', gzipSync('{}'), { 'content-encoding': 'gzip' }],
])(
  'a fault of ours while room for a %s request is looked for costs that request, and is told',
  async (_name, body, headers) => {
    const fault = new Error('admit');
    const faults: unknown[] = [];
    const onFault = (error: unknown): void => {
      faults.push(error);
    };
    const admit = (): never => {
      throw fault;
    };
    const observer = { onCut: () => {}, onRequestsFull: () => {}, onFault };
    const server = await start(answerAtOnce, { adRequests: { admit }, observer });
    const response = await post(server, body, headers as Record<string, string>);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ error: 'internal error' });
    expect(faults).toEqual([fault]);
    expect((await fetch(`${server.url}/status`)).status).toBe(200);
  },
);

test('a fault of ours while the place of a body that does not inflate is given back costs that request', async () => {
  const faults: unknown[] = [];
  const onFault = (error: unknown): void => {
    faults.push(error);
  };
  const fault = new Error('giveBack');
  const giveBack = (): never => {
    throw fault;
  };
  const observer = { onCut: () => {}, onRequestsFull: () => {}, onFault };
  const server = await start(answerAtOnce, {
    adRequests: { admit: () => ({ take: answerAtOnce, giveBack }) },
    observer,
  });
  expect((await post(server, 'no gzip', { 'content-encoding': 'gzip' })).status).toBe(500);
  expect(faults).toEqual([fault]);
});

test('more requests under way than there may be connections are refused, and taken again when some have ended', async () => {
  const answers: (() => void)[] = [];
  let full = 0;
  const onRequestsFull = (): void => {
    full++;
  };
  const take: AdRequestPlace['take'] = (_body, _at, onAnswer) => {
    answers.push(() => onAnswer(OK));
    return () => {};
  };
  const observer = { onCut: () => {}, onRequestsFull, onFault: () => {} };
  const server = await start(take, { connectionsMax: 2, observer });
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  const one = 'POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}';
  socket.write(one.repeat(3));
  await expect.poll(() => full).toBe(1);
  for (const answer of answers) answer();
  await expect.poll(() => received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200', 'HTTP/1.1 429']);
  socket.write(one);
  await expect.poll(() => answers.length).toBe(3);
  answers[2]!();
  await expect.poll(() => received.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
  socket.destroy();
});

test('a body in pieces, with and without its length, is taken whole', async () => {
  const bodies: string[] = [];
  const server = await start(recordBodies(bodies));
  const head = 'POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\nconnection: close\r\n';
  const { hostname, port } = new URL(server.url);
  for (const [first, second] of [
    [`${head}content-length: 10\r\n\r\n{"id"`, ':"1"}'],
    [`${head}transfer-encoding: chunked\r\n\r\n5\r\n{"id"\r\n`, '5\r\n:"1"}\r\n0\r\n\r\n'],
  ] as const) {
    const socket = connect(Number(port), hostname);
    socket.setNoDelay().write(first);
    await new Promise((resolve) => setImmediate(resolve));
    socket.write(second);
    expect(String((await once(socket, 'data'))[0])).toContain('HTTP/1.1 200');
  }
  expect(bodies).toEqual(['{"id":"1"}', '{"id":"1"}']);
});

test('chunks without end are refused when they are too many', async () => {
  const server = await start(answerAtOnce);
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname).on('error', () => {});
  const chunk = `8000\r\n${' '.repeat(0x8000)}\r\n`;
  socket.write('POST /openrtb2/auction HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
  socket.write(chunk.repeat(9));
  expect(String((await once(socket, 'data'))[0])).toContain('HTTP/1.1 413');
  await once(socket, 'close');
});

test('a refusal leaves the connection to its next request', async () => {
  const server = await start(answerAtOnce, { adRequests: { admit: () => null } });
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  for (let index = 0; index < 3; index++) {
    socket.write('POST /openrtb2/auction?account=a HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}');
    expect(String((await once(socket, 'data'))[0])).toContain('HTTP/1.1 429');
  }
  socket.destroy();
});
