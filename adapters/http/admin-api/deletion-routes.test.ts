/** `/admin/deletions` over a real socket, with a desk that the test is. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AdminServer, startAdminServer } from '../admin-server.ts';
import type { DeletionApiOptions } from './deletion-routes.ts';

const TOKENS = [
  { name: 'reader', token: 'token-of-the-reader', roles: ['read'] },
  { name: 'operator', token: 'token-of-the-operator', roles: ['ops'] },
] as const;
const ORDER = { kind: 'device', ids: ['6d92078a'] };

let server: AdminServer;
const asked: unknown[] = [];
let answer: Awaited<ReturnType<DeletionApiOptions['request']>>;

beforeEach(async () => {
  asked.length = 0;
  answer = { view: { id: 'd1' }, isNew: true };
  server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    tokens: TOKENS,
    dsps: () => [],
    estimates: () => ({}),
    reportOutcomes: () => ({ counted: 0, duplicate: 0, 'out-of-window': 0, unknown: 0 }),
    invalidateEstimates: null,
    onChange: () => {},
    onFault: () => {},
    campaigns: null,
    counters: null,
    refunds: null,
    deletions: {
      request: async (order, who) => {
        asked.push([order, who]);
        return answer;
      },
      view: async (id) => (id === 'd1' ? { id } : null),
      list: async (query) => [query],
      verify: () => ({ result: 'valid' }),
      keepers: async () => [{ id: 'k' }],
      version: '1.2.3',
      retireKeeper: async (id) => (id === 'k' ? 'retired' : id === 'here' ? 'present' : 'unknown'),
    },
  });
});
afterEach(() => server.close());

async function call(path: string, body?: unknown, { token = TOKENS[1].token as string, key = '' } = {}) {
  const response = await fetch(`${server.url}/admin/deletions${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === '' ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return [response.status, text === '' ? null : JSON.parse(text)];
}

describe('asking', () => {
  it('passes on whose ids they are, who asks, and under which key', async () => {
    expect(await call('', ORDER, { key: 'case-1' })).toEqual([202, { id: 'd1' }]);
    answer = { view: { id: 'd1' }, isNew: false };
    expect(await call('', { kind: 'user', publisher: '', ids: ['a', 'b'] })).toEqual([200, { id: 'd1' }]);
    expect(asked).toEqual([
      [
        { ...ORDER, publisher: '' },
        { idempotencyKey: 'case-1', by: 'operator' },
      ],
      [
        { kind: 'user', publisher: '', ids: ['a', 'b'] },
        { idempotencyKey: null, by: 'operator' },
      ],
    ]);
    answer = 'conflict';
    expect((await call('', ORDER))[0]).toBe(409);
    answer = 'full';
    expect((await call('', ORDER))[0]).toBe(503);
  });

  it.each([
    [null, ''],
    [[], ''],
    [{ ...ORDER, more: 1 }, 'more'],
    [{ ids: ['a'] }, 'kind'],
    [{ ...ORDER, kind: 'cookie' }, 'kind'],
    [{ ...ORDER, publisher: 'p' }, 'publisher'],
    [{ kind: 'user', ids: ['a'] }, 'publisher'],
    [{ kind: 'device' }, 'ids'],
    [{ kind: 'device', ids: [] }, 'ids'],
    [{ kind: 'device', ids: Array(21).fill('a') }, 'ids'],
    [{ kind: 'device', ids: ['a', ''] }, 'ids[1]'],
    [{ kind: 'device', ids: [5] }, 'ids[0]'],
    [{ kind: 'device', ids: ['x'.repeat(513)] }, 'ids[0]'],
  ])('%j is refused, and the place named', async (body, path) => {
    const [status, refusal] = await call('', body);
    expect([status, refusal.path ?? '']).toEqual([400, path]);
    expect(asked).toEqual([]);
  });

  it('is for the role ops alone', async () => {
    expect((await call('', ORDER, { token: TOKENS[0].token }))[0]).toBe(403);
    expect((await call('/keepers/k/retire', {}, { token: TOKENS[0].token }))[0]).toBe(403);
    expect((await call('', ORDER, { token: 'nobody' }))[0]).toBe(401);
    expect((await call('/d1', undefined, { token: TOKENS[0].token }))[0]).toBe(200);
  });
});

it('every operation of the description is there, and closed to strangers', async () => {
  const [status, document] = await call('/openapi.json', undefined, { token: TOKENS[0].token });
  expect([status, document.info.version]).toEqual([200, '1.2.3']);
  const operations = Object.entries(document.paths as Record<string, Record<string, object>>).flatMap(
    ([path, methods]) =>
      Object.keys(methods).flatMap((method) => (method === 'parameters' ? [] : [[path, method] as const])),
  );
  expect(operations).toHaveLength(6);
  for (const [path, method] of operations) {
    const relative = path.replace('/admin/deletions', '').replace('{id}', 'd1');
    const body = method === 'get' ? undefined : {};
    expect((await call(relative, body, { token: 'nobody' }))[0], path).toBe(401);
    // What is not there says which paths are.
    expect((await call(relative, body))[1]?.error ?? '', path).not.toContain('no such path');
  }
});

it('shows, lists, checks, retires', async () => {
  expect(await call('/d1')).toEqual([200, { id: 'd1' }]);
  expect((await call('/d2'))[0]).toBe(404);
  expect((await call('/%00'))[0]).toBe(404);
  expect(await call('?before=d1&limit=5')).toEqual([200, { items: [{ limit: 5, beforeId: 'd1' }] }]);
  expect(await call('')).toEqual([200, { items: [{ limit: 100 }] }]);
  expect((await call('?limit=0'))[0]).toBe(400);
  expect((await call('?before=%27'))[0]).toBe(400);
  expect(await call('/verify', {})).toEqual([200, { result: 'valid' }]);
  expect(await call('/keepers')).toEqual([200, { items: [{ id: 'k' }] }]);
  expect(await call('/keepers/k/retire', {})).toEqual([204, null]);
  expect((await call('/keepers/here/retire', {}))[0]).toBe(409);
  expect((await call('/keepers/unknown/retire', {}))[0]).toBe(404);
});
