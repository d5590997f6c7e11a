import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TAG_ALL, tagOfId } from '../../engine/estimation/cache/invalidations.ts';
import type { Outcome } from '../../engine/estimation/quality/awaited-outcomes.ts';
import { DSP_SALE, HOUSE_SALE } from '../../engine/events/testing/build-events.ts';
import type { Refund } from '../../engine/ports/refunds.ts';
import { type AdminServer, startAdminServer } from './admin-server.ts';

let server: AdminServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const TOKEN = 'a-token-of-some-length';
const READER = 'a-token-of-who-reads';
const CFO = 'a-token-of-who-pays';
const DSPS = [{ id: 'a', state: 'healthy' }];
const ESTIMATES = { awaited: 3 };

let reported: readonly Outcome[] = [];
/** Null: it fails. */
let counts: { counted: number } | null = { counted: 1 };

let refundMade: Refund;
let refunded: object[];
let tags: number[];
let changes: object[];
let failure: Error | null;
let keepsPredictions: boolean;
beforeEach(() => {
  refundMade = { result: 'refunded', amount: 7, currency: 'EUR' };
  refunded = [];
  tags = [];
  changes = [];
  failure = null;
  keepsPredictions = true;
});

async function start(): Promise<AdminServer> {
  return startAdminServer({
    host: '127.0.0.1',
    port: 0,
    tokens: [
      { name: 'ops', token: TOKEN, roles: ['ops'] },
      { name: 'reader', token: READER, roles: ['read'] },
      { name: 'cfo', token: CFO, roles: ['money'] },
    ],
    dsps: () => DSPS,
    campaigns: null,
    counters: null,
    deletions: null,
    refunds: {
      refund: async (wanted, by) => {
        refunded.push({ wanted, by });
        return wanted.map(() => refundMade);
      },
    },
    estimates: () => ESTIMATES,
    reportOutcomes: (outcomes) => {
      reported = outcomes;
      if (counts === null) throw new Error('worker 2 does not answer');
      return { duplicate: 0, 'out-of-window': 0, unknown: 0, ...counts };
    },
    invalidateEstimates: keepsPredictions
      ? async (tag) => {
          tags.push(tag);
          if (failure !== null) throw failure;
        }
      : null,
    onChange: (change) => changes.push(change),
    onFault: (error) => {
      throw error;
    },
  });
}

async function get(path: string, authorization?: string, method = 'GET'): Promise<Response> {
  server ??= await start();
  return fetch(`${server.url}${path}`, { method, headers: authorization === undefined ? {} : { authorization } });
}

test('answers who has the token', async () => {
  const answer = await get('/admin/dsps', `Bearer ${TOKEN}`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual(DSPS);
});

test('shows how good estimates were', async () => {
  expect(await (await get('/admin/estimates', `Bearer ${TOKEN}`)).json()).toEqual(ESTIMATES);
});

describe('refunds', () => {
  const wanted = { auction: 'a-1', imp: '1', reason: 'robots' };
  const post = async (body: unknown, token = CFO) => {
    server ??= await start();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/admin/refunds`, { method: 'POST', body: JSON.stringify(body), headers });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  test('are booked in the name of who asks, and answered one by one', async () => {
    const answer = { auction: 'a-1', imp: '1', result: 'refunded', amount: 7, currency: 'EUR' };
    expect(await post([wanted, wanted])).toEqual({ status: 200, body: { refunds: [answer, answer] } });
    const asked = { auctionId: 'a-1', impId: '1', reason: 'robots' };
    expect(refunded).toEqual([{ wanted: [asked, asked], by: 'cfo' }]);
    expect(changes).toEqual([{ refunded: 2, by: 'cfo' }]);
  });

  test('are not for who reports outcomes', async () => {
    expect((await post([wanted], TOKEN)).status).toBe(403);
    expect(refunded).toEqual([]);
  });

  test('of what the books do not know are a conflict, and nothing has changed', async () => {
    refundMade = { result: 'unknown', amount: 0, currency: '' };
    expect(await post([wanted])).toMatchObject({ status: 409, body: { refunds: [{ result: 'unknown' }] } });
    expect(changes).toEqual([]);
  });

  test('of an ad of a DSP may say what was sold, for the books do not know it before it is billed', async () => {
    expect((await post([{ ...wanted, sale: DSP_SALE }])).status).toBe(200);
    expect(refunded).toMatchObject([
      { wanted: [{ unbilled: { key: 'a-1/1/impression', dspId: 'dsp-1', amount: DSP_SALE.amount } }] },
    ]);
  });

  test.each([
    ['a sale that is none', [{ ...wanted, sale: { ...DSP_SALE, amount: -1 } }], '[0].sale'],
    ['a sale of our own', [{ ...wanted, sale: HOUSE_SALE }], '[0].sale'],
    ['an object', wanted, ''],
    ['none', [], ''],
    ['too many', new Array(501).fill(wanted), ''],
    ['no reason', [{ ...wanted, reason: ' ' }], '[0].reason'],
    ['no auction', [wanted, { ...wanted, auction: undefined }], '[1].auction'],
    ['a field that is not known', [{ ...wanted, amount: 5 }], '[0].amount'],
    ['an id with NUL', [{ ...wanted, imp: 'a\0' }], '[0].imp'],
  ])('are refused as a whole: %s', async (_name, body, path) => {
    const answer = await post(body);
    expect([answer.status, answer.body.path ?? '']).toEqual([400, path]);
    expect(refunded).toEqual([]);
  });
});

describe('reported outcomes', () => {
  async function post(body: string, type = 'application/json'): Promise<{ status: number; body: unknown }> {
    server ??= await start();
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': type };
    const answer = await fetch(`${server.url}/admin/outcomes`, { method: 'POST', body, headers });
    return { status: answer.status, body: await answer.json() };
  }

  const click = { auction: 'a-1', imp: '1', type: 'click' };
  const asRead = { auctionId: 'a-1', impId: '1', type: 'click', atMs: null };

  test.each([
    ['a JSON array', JSON.stringify([click, { ...click, atMs: 5 }]), 'application/json'],
    ['NDJSON', `${JSON.stringify(click)}\n${JSON.stringify({ ...click, atMs: 5 })}\n`, 'application/x-ndjson'],
    [
      'a log with other line ends and fields',
      `\n${JSON.stringify({ ...click, host: 'x' })}\r\n{"auction":"a-1","imp":"1","type":"click","atMs":5}`,
      'text/plain',
    ],
    ['whatever curl says it is', JSON.stringify([click, { ...click, atMs: 5 }]), 'application/x-www-form-urlencoded'],
  ])('are taken as %s', async (_name, body, type) => {
    expect(await post(body, type)).toEqual({
      status: 200,
      body: { counted: 1, duplicate: 0, 'out-of-window': 0, unknown: 0 },
    });
    expect(reported).toEqual([asRead, { ...asRead, atMs: 5 }]);
  });

  test('need no content type', async () => {
    server ??= await start();
    const body = JSON.stringify([click]);
    const { port } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      `POST /admin/outcomes HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${TOKEN}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 /);
    expect(reported).toEqual([asRead]);
  });

  test('may be none', async () => {
    expect((await post('[]')).status).toBe(200);
    expect((await post('')).status).toBe(200);
    expect(reported).toEqual([]);
  });

  test.each([
    ['no JSON', '[{', ''],
    ['a line that is none', `${JSON.stringify(click)}\nnonsense`, '[1]'],
    ['a number', '[1]', '[0]'],
    ['a list in the list', '[[]]', '[0]'],
    ['no auction', JSON.stringify([click, { ...click, auction: undefined }]), '[1].auction'],
    ['an empty imp', JSON.stringify([{ ...click, imp: '' }]), '[0].imp'],
    ['an imp that is a number', JSON.stringify([{ ...click, imp: 1 }]), '[0].imp'],
    ['an id without end', JSON.stringify([{ ...click, auction: 'x'.repeat(521) }]), '[0].auction'],
    ['another type', JSON.stringify([{ ...click, type: 'view' }]), '[0].type'],
    ['a time that is text', JSON.stringify([{ ...click, atMs: '5' }]), '[0].atMs'],
    ['a time that is a fraction', JSON.stringify([{ ...click, atMs: 5.5 }]), '[0].atMs'],
    ['too many', `[${Array.from({ length: 2001 }, () => '{}').join()}]`, ''],
  ])('are refused as a whole with %s', async (_name, body, path) => {
    reported = [];
    expect(await post(body)).toEqual({ status: 400, body: { error: expect.any(String), path } });
    expect(reported).toEqual([]);
  });

  test('are refused above 256 KiB', async () => {
    expect(await post(' '.repeat(256 * 1024 + 1))).toEqual({ status: 413, body: { error: expect.any(String) } });
  });

  test('that did not reach everybody are to be sent again', async () => {
    counts = null;
    expect(await post(JSON.stringify([click]))).toEqual({ status: 503, body: { error: 'worker 2 does not answer' } });
    counts = { counted: 1 };
  });
});

test.each([
  ['nothing', undefined],
  ['a wrong token', 'Bearer nonsense'],
  ['no token', 'Bearer '],
  ['the beginning of the token', `Bearer ${TOKEN.slice(0, -1)}`],
  ['the token as another scheme', `Basic ${TOKEN}`],
])('refuses %s, on any path', async (_name, authorization) => {
  for (const path of ['/admin/dsps', '/elsewhere']) {
    const answer = await get(path, authorization);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(await answer.text()).not.toContain('healthy');
  }
});

test('who only reads changes nothing', async () => {
  expect((await get('/admin/dsps', `Bearer ${READER}`)).status).toBe(200);
  expect((await get('/admin/estimates', `Bearer ${READER}`)).status).toBe(200);
  for (const path of ['/admin/outcomes', '/admin/estimates/invalidate']) {
    const answer = await get(path, `Bearer ${READER}`, 'POST');
    expect([answer.status, await answer.json()]).toEqual([403, { error: 'needs the role ops' }]);
  }
});

test.each([
  ['/', 'GET'],
  ['/admin/dsps/a', 'GET'],
  ['/admin/dsps', 'POST'],
  ['/admin/outcomes', 'GET'],
])('has nothing else: %s by %s', async (path, method) => {
  expect((await get(path, `Bearer ${TOKEN}`, method)).status).toBe(404);
});

describe('invalidating estimates', () => {
  async function invalidate(body: string): Promise<{ status: number; text: string }> {
    server ??= await start();
    const answer = await fetch(`${server.url}/admin/estimates/invalidate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body,
    });
    return { status: answer.status, text: await answer.text() };
  }

  test('of a campaign, a user or all; who it was is not for the log', async () => {
    for (const body of ['{"campaign":"c"}', '{"user":"secret"}', '{"all":true}']) {
      expect(await invalidate(body)).toEqual({ status: 204, text: '' });
    }
    expect(tags).toEqual([tagOfId('campaign', 'c'), tagOfId('user', 'secret'), TAG_ALL]);
    expect(changes).toEqual(['campaign', 'user', 'all'].map((invalidated) => ({ invalidated, by: 'ops' })));
  });

  test.each([
    '{}',
    '{"all":false}',
    '{"user":""}',
    '{"user":1}',
    '{"user":"u","all":true}',
    '[]',
    'null',
    '{"ad":"a"}',
    '{',
  ])('says what is wrong with %s', async (body) => {
    expect((await invalidate(body)).status).toBe(400);
    expect(tags).toEqual([]);
  });

  test('says when not all processes know it, and when there is nothing to invalidate', async () => {
    failure = new Error('Redis is away');
    const { status, text } = await invalidate('{"all":true}');
    expect(status).toBe(503);
    expect(text).toContain('Redis is away');
    await server!.close();
    server = undefined;
    keepsPredictions = false;
    expect((await invalidate('{"all":true}')).status).toBe(409);
  });
});

test('who comes when all connections are open is told so, and served once some are closed', async () => {
  server = await start();
  const { hostname, port } = new URL(server.url);
  const open = await Promise.all(
    Array.from({ length: 128 }, async () => {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      return socket;
    }),
  );
  const ask = () => fetch(`${server!.url}/admin/dsps`, { headers: { authorization: `Bearer ${READER}` } });
  const refused = await ask();
  expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual([
    503,
    '1',
    'close',
  ]);
  expect(await refused.json()).toEqual({ error: 'too many connections: close some, or come again' });
  for (const socket of open) socket.destroy();
  await vi.waitFor(async () => expect((await ask()).status).toBe(200), { timeout: 10_000 });
});
