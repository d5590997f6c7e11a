import { connect } from 'node:net';
import { Agent, request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { listenHttp } from './http-server.ts';
import { parseScenario } from './scenario.ts';
import { type RunningDsps, startDspServers } from './server.ts';

const REQUEST = {
  id: 'request-1',
  imp: [{ id: '1', banner: { format: [{ w: 320, h: 50 }] } }],
  device: { devicetype: 4 },
};

const opened: { close: () => Promise<void> }[] = [];

async function start(extra = '', count = 1): Promise<RunningDsps> {
  const text = `
name: test
groups:
  - id: one
    count: ${count}
    latency: { medianMs: 1, sigma: 0 }
    bidRate: { default: 1 }
    price: { medianCpm: 2 }
${extra}`;
  const dsps = await startDspServers({ scenario: parseScenario(text, 'test.yaml') });
  opened.push(dsps);
  return dsps;
}

function agent(): Agent {
  const dispatcher = new Agent({ connections: 1 });
  opened.push({ close: () => dispatcher.destroy() });
  return dispatcher;
}

async function post(url: string, body: string, headers: Record<string, string> = {}, dispatcher = agent()) {
  const answer = await request(url, { method: 'POST', body, headers, dispatcher });
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
}

/** Sends raw bytes and collects what comes back until the server closes or `until` is met. */
function talk(url: string, bytes: string[], until: (received: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
      if (until(received)) socket.end();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(received));
    for (const part of bytes) socket.write(part);
  });
}

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

describe('DSP servers', () => {
  it('listen on a port each and bid over one kept connection', async () => {
    const { endpoints } = await start('', 3);
    expect(new Set(endpoints.map(({ url }) => url)).size).toBe(3);
    const dispatcher = agent();
    for (const round of [1, 2, 3]) {
      const answer = await post(endpoints[0]!.url, JSON.stringify({ ...REQUEST, id: `r${round}` }), {}, dispatcher);
      expect(answer.status).toBe(200);
      expect(answer.headers['x-openrtb-version']).toBe('2.6');
      expect(JSON.parse(answer.body).id).toBe(`r${round}`);
    }
  });

  it('bid the same after a restart, whatever came before, and differently on a repeated id', async () => {
    const body = JSON.stringify(REQUEST);
    const priceOf = (answer: { body: string }) => JSON.parse(answer.body).seatbid[0].bid[0].price;
    const first = await start();
    const price = priceOf(await post(first.endpoints[0]!.url, body));
    expect(priceOf(await post(first.endpoints[0]!.url, body))).not.toBe(price);
    const second = await start();
    await post(second.endpoints[0]!.url, JSON.stringify({ ...REQUEST, id: 'another' }));
    expect(priceOf(await post(second.endpoints[0]!.url, body))).toBe(price);
  });

  it('answer 204 without a bid, 400 to what is no bid request, 404 elsewhere', async () => {
    const { endpoints } = await start();
    const url = endpoints[0]!.url;
    expect(await post(url, JSON.stringify({ ...REQUEST, cur: ['EUR'] }))).toMatchObject({ status: 204, body: '' });
    for (const body of [
      '',
      '{',
      '[]',
      '{"id":1,"imp":[]}',
      '{"id":"1","imp":[null]}',
      '{"id":"1","imp":[{"id":"1","video":{}}]}',
    ]) {
      expect((await post(url, body)).status).toBe(400);
    }
    expect((await post(url.replace('/bid', '/elsewhere'), '')).status).toBe(404);
  });

  it('count notices', async () => {
    const dsps = await start();
    const origin = new URL(dsps.endpoints[0]!.url).origin;
    for (const path of ['/win?price=1.2', '/win', '/loss?reason=102', '/bill']) {
      const answer = await request(`${origin}${path}`, { dispatcher: agent() });
      expect(answer.statusCode).toBe(204);
      await answer.body.dump();
    }
    expect(await dsps.notices()).toEqual({ 'one-01': { calls: 0, wins: 2, losses: 1, bills: 1, strays: 0 } });
  });

  it('compress long answers when told to and asked to', async () => {
    const creative = '    gzip: true\n    creative: { minimumBytes: 3000, maximumBytes: 3000 }\n';
    const { endpoints } = await start(creative);
    const accepting = await request(endpoints[0]!.url, {
      method: 'POST',
      body: JSON.stringify(REQUEST),
      headers: { 'accept-encoding': 'gzip' },
      dispatcher: agent(),
    });
    expect(accepting.headers['content-encoding']).toBe('gzip');
    expect(Number(accepting.headers['content-length'])).toBeLessThan(2_500);
    await accepting.body.dump();
    const plain = await post(endpoints[0]!.url, JSON.stringify(REQUEST));
    expect(plain.headers['content-encoding']).toBeUndefined();
  });

  it('keep silent or reset the connection when the scenario says so', async () => {
    const silent = await start('    faults: { no-answer: 1 }\n');
    await expect(
      request(silent.endpoints[0]!.url, {
        method: 'POST',
        body: JSON.stringify(REQUEST),
        headersTimeout: 50,
        dispatcher: agent(),
      }),
    ).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_TIMEOUT' });
    const broken = await start('    faults: { reset: 1 }\n');
    await expect(post(broken.endpoints[0]!.url, JSON.stringify(REQUEST))).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('take faults at run time, and heal', async () => {
    const dsps = await start('    faults: { http-500: 1 }\n', 2);
    const ask = async () =>
      (await Promise.all(dsps.endpoints.map(({ url }) => post(url, JSON.stringify(REQUEST))))).map(
        ({ status }) => status,
      );
    expect(await ask()).toEqual([500, 500]);
    await dsps.setFaults({ 'one-01': {}, 'one-02': { redirect: 1 } });
    expect(await ask()).toEqual([200, 302]);
    await expect(dsps.setFaults({ 'one-01': { 'http-500': 1 }, nobody: {} })).rejects.toThrow('"nobody"');
    expect(await ask()).toEqual([200, 302]);
  });

  it('are healthy outside of the times of their faults', async () => {
    const { endpoints } = await start('    faults: { http-500: 1 }\n    faultTimes: { fromSec: 3600 }\n');
    expect((await post(endpoints[0]!.url, JSON.stringify(REQUEST))).status).toBe(200);
  });

  it.each(['huge-body', 'huge-chunked'])(
    'send all of %s to a caller who takes it, and serve the next request',
    async (fault) => {
      const dsps = await start(`    faults: { ${fault}: 1 }\n`);
      const { url } = dsps.endpoints[0]!;
      const dispatcher = agent();
      const { body } = await post(url, JSON.stringify(REQUEST), {}, dispatcher);
      expect(body.length).toBe(50 * 1024 * 1024);
      await dsps.setFaults({ 'one-01': {} });
      expect((await post(url, JSON.stringify(REQUEST), {}, dispatcher)).status).toBe(200);
    },
  );

  it.each([
    // Both are how undici reports a reset, by what it had read.
    ['reset-mid-body', /ECONNRESET|other side closed/],
    ['long-length', /other side closed/],
    ['bad-chunking', /Invalid character in chunk size/],
  ] as const)('break off in the middle: %s', async (fault, problem) => {
    const { endpoints } = await start(`    faults: { ${fault}: 1 }\n`);
    const error = await post(endpoints[0]!.url, JSON.stringify(REQUEST)).catch((reason) => reason);
    expect(error.message).toMatch(problem);
  });

  it('send as fast as the caller reads, and stop when it leaves', async () => {
    const dsps = await start('    faults: { endless-chunked: 1 }\n');
    const answer = await request(dsps.endpoints[0]!.url, {
      method: 'POST',
      body: JSON.stringify(REQUEST),
      dispatcher: agent(),
    });
    let received = 0;
    for await (const chunk of answer.body) {
      received += chunk.length;
      if (received > 5_000_000) break;
    }
    await dsps.setFaults({ 'one-01': {} });
    expect((await post(dsps.endpoints[0]!.url, JSON.stringify(REQUEST))).status).toBe(200);
  });

  it('go on when a caller leaves before its answer', async () => {
    const { endpoints } = await start();
    const { port } = new URL(endpoints[0]!.url);
    const body = JSON.stringify(REQUEST);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`POST /bid HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`, () => socket.destroy());
    await new Promise((resolve) => socket.once('close', resolve));
    expect((await post(endpoints[0]!.url, body)).status).toBe(200);
  });

  it('reject as a whole when a port is taken', async () => {
    const { endpoints } = await start();
    const basePort = Number(new URL(endpoints[0]!.url).port);
    const scenario = parseScenario(
      'name: t\ngroups: [{ id: a, count: 1, latency: { medianMs: 1 }, bidRate: { default: 1 }, price: { medianCpm: 1 } }]',
      't.yaml',
    );
    await expect(startDspServers({ scenario, basePort })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('the HTTP of a DSP server', () => {
  it('sends raw answers in pieces with pauses, and serves the next request on the same connection', async () => {
    const server = await listenHttp('127.0.0.1', 0, (_request, reply) => {
      const pieces = ['a', 'b', 'c'].map((text) => Buffer.from(text));
      reply.sendRaw({ head: 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n', pieces, intervalMs: 2, ending: 'keep' });
    });
    opened.push(server);
    const get = 'GET / HTTP/1.1\r\nHost: dsp\r\n\r\n';
    const received = await talk(`http://127.0.0.1:${server.port}`, [get + get], (text) => /abc.*abc$/s.test(text));
    expect(received.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });

  const head = (headers: string) => `POST /win HTTP/1.1\r\nHost: dsp\r\n${headers}\r\n`;

  it('takes bodies in pieces, chunked bodies and pipelined requests, in order', async () => {
    const { endpoints } = await start();
    const body = JSON.stringify(REQUEST);
    const bid = `POST /bid HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const chunked = `${head('Transfer-Encoding: chunked\r\n')}3\r\nabc\r\n0\r\n\r\n`;
    const last = head('Connection: close\r\nContent-Length: 0\r\n');
    const received = await talk(
      endpoints[0]!.url,
      [bid.slice(0, 30), bid.slice(30, 90), bid.slice(90) + chunked, last],
      () => false,
    );
    expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 204', 'HTTP/1.1 204']);
    expect(received).toContain('"id":"request-1"');
  });

  it.each([
    ['a request line that is none', 'nonsense\r\n\r\n', 400],
    ['a length that is none', head('Content-Length: many\r\n'), 400],
    ['a chunk size that is none', `${head('Transfer-Encoding: chunked\r\n')}zz\r\n`, 400],
    ['a body that is too long', head('Content-Length: 99999999\r\n'), 413],
    ['a head that is too long', 'x'.repeat(20_000), 413],
  ])('refuses %s and closes', async (_case, bytes, status) => {
    const { endpoints } = await start();
    const received = await talk(endpoints[0]!.url, [bytes], () => false);
    expect(received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*Connection: close`));
  });
});
