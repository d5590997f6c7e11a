import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TAG_ALL, tagOfId } from '../../engine/estimation/cache/invalidations.ts';
import { type AdminServer, startAdminServer } from './admin-server.ts';

let server: AdminServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const TOKEN = 'a-token-of-some-length';
const DSPS = [{ id: 'a', state: 'healthy' }];

let tags: number[];
let changes: object[];
let failure: Error | null;
let keepsPredictions: boolean;
beforeEach(() => {
  tags = [];
  changes = [];
  failure = null;
  keepsPredictions = true;
});

async function start(): Promise<AdminServer> {
  return startAdminServer({
    host: '127.0.0.1',
    port: 0,
    token: TOKEN,
    dsps: () => DSPS,
    invalidateEstimates: keepsPredictions
      ? async (tag) => {
          tags.push(tag);
          if (failure !== null) throw failure;
        }
      : null,
    onChange: (change) => changes.push(change),
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

test.each([
  ['/', 'GET'],
  ['/admin/dsps/a', 'GET'],
  ['/admin/dsps', 'POST'],
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
    expect(changes).toEqual([{ invalidated: 'campaign' }, { invalidated: 'user' }, { invalidated: 'all' }]);
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
