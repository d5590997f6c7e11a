import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSpend, noCounts, WINDOW_MS } from '../../../engine/counters/counts.ts';
import type { CounterReader } from '../../../engine/ports/counter-store.ts';
import { CounterStoreError } from '../../../engine/ports/counter-store.ts';
import { type AdminServer, startAdminServer } from '../admin-server.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:05Z');
const KEPT_MS = 3_600_000;
const TOKEN = 'a-token-of-who-reads';

let server: AdminServer;
let asked: unknown[];
let failure: CounterStoreError | null;

const reader: CounterReader = {
  read: async (...args) => {
    asked.push(args);
    if (failure !== null) throw failure;
    const counts = noCounts();
    counts.impression = 3;
    counts.click = 1;
    addSpend(counts, 'USD', 1_500_000n);
    return new Map([
      [Date.parse('2026-11-21T11:59:10Z'), counts],
      [Date.parse('2026-11-21T11:59:40Z'), counts],
    ]);
  },
  readAll: async (...args) => {
    asked.push(args);
    const few = { ...noCounts(), impression: 1, click: 9 };
    const many = { ...noCounts(), impression: 5 };
    return new Map([
      ['few', few],
      ['b-many', many],
      ['a-many', many],
      ['none', noCounts()],
    ]);
  },
  startedAtMs: async () => NOW_MS - 86_400_000,
};

beforeEach(async () => {
  asked = [];
  failure = null;
  server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    tokens: [{ name: 'reader', token: TOKEN, roles: ['read'] }],
    dsps: () => [],
    campaigns: null,
    deletions: null,
    refunds: null,
    counters: { reader, keptMs: KEPT_MS, nowMs: () => NOW_MS },
    estimates: () => ({}),
    reportOutcomes: () => ({ counted: 0, duplicate: 0, 'out-of-window': 0, unknown: 0 }),
    invalidateEstimates: null,
    onChange: () => {},
    onFault: () => {},
  });
});
afterEach(() => server.close());

async function ask(path: string, token = TOKEN) {
  const answer = await fetch(`${server.url}/admin/counters${path}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe('GET /admin/counters', () => {
  it('gives steps of whole windows, and their sum', async () => {
    const path = '?by=campaign&id=spring&from=2026-11-21T11:59:12Z&to=2026-11-21T11:59:55Z&step=30';
    const { status, body } = await ask(path);
    expect(status).toBe(200);
    const counts = { wins: 0, impressions: 3, viewables: 0, clicks: 1, conversions: 0, ctr: 1 / 3 };
    expect(body).toEqual({
      by: 'campaign',
      id: 'spring',
      from: '2026-11-21T11:59:10.000Z',
      to: '2026-11-21T12:00:00.000Z',
      startedAt: '2026-11-20T12:00:05.000Z',
      step: 30,
      total: { ...counts, impressions: 6, clicks: 2, spend: { USD: '0.003' } },
      items: [
        { at: '2026-11-21T11:59:10.000Z', ...counts, spend: { USD: '0.0015' } },
        { at: '2026-11-21T11:59:40.000Z', ...counts, spend: { USD: '0.0015' } },
      ],
    });
  });

  it('is about the last five minutes when it is not told otherwise', async () => {
    await ask('?by=dsp&id=buyer');
    const toMs = Date.parse('2026-11-21T12:00:10Z');
    expect(asked).toEqual([
      [
        { dimension: 'dsp', id: 'buyer' },
        { fromMs: toMs - 300_000, toMs },
      ],
    ]);
  });

  it.each([
    ['', 'by'],
    ['?by=user&id=1', 'by'],
    ['?by=campaign', 'id'],
    [`?by=campaign&id=${'x'.repeat(257)}`, 'id'],
    ['?by=campaign&id=a&from=yesterday', 'from'],
    ['?by=campaign&id=a&from=2026-11-21T10:00:00Z', 'from'],
    ['?by=campaign&id=a&from=2026-11-21T12:00:00Z&to=2026-11-21T11:59:00Z', 'to'],
    ['?by=campaign&id=a&step=15', 'step'],
    ['?by=campaign&id=a&step=0', 'step'],
    ['?by=campaign&id=a&id=b', 'id'],
    ['/top?by=campaign&of=money', 'of'],
    ['/top?by=campaign&of=spend', 'currency'],
    ['/top?by=campaign&limit=1000', 'limit'],
    ['/top?by=campaign&from=2026-11-21T11:30:00Z', 'to'],
  ])('refuses %s', async (path, place) => {
    const { status, body } = await ask(path);
    expect([status, body.path]).toEqual([400, place]);
    expect(asked).toEqual([]);
  });

  it('says that counters cannot be read', async () => {
    failure = new CounterStoreError('unavailable', 'Connection is closed.');
    expect(await ask('?by=dsp&id=buyer')).toMatchObject({ status: 503 });
  });

  it("is nobody's who has no token", async () => {
    expect(await ask('?by=dsp&id=buyer', 'x')).toMatchObject({ status: 401 });
  });
});

it('names those that have most, in the same order each time', async () => {
  const { body } = await ask('/top?by=creative&limit=2');
  expect((body.items as { id: string }[]).map(({ id }) => id)).toEqual(['a-many', 'b-many']);
  const clicks = await ask('/top?by=creative&of=click');
  expect((clicks.body.items as { id: string }[]).map(({ id }) => id)).toEqual(['few']);
  expect(asked[0]).toMatchObject(['creative', { toMs: NOW_MS + WINDOW_MS / 2 }]);
});
