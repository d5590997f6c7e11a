import { afterEach, expect, test } from 'vitest';
import { type AdminServer, startAdminServer } from './admin-server.ts';

let server: AdminServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const TOKEN = 'a-token-of-some-length';
const DSPS = [{ id: 'a', state: 'healthy' }];

async function get(path: string, authorization?: string, method = 'GET'): Promise<Response> {
  server ??= await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    tokens: [{ name: 'admin', token: TOKEN, roles: ['read'] }],
    dsps: () => DSPS,
    campaigns: null,
  });
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
