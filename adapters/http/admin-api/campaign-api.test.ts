import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PeriodError } from '../../../engine/budget/delivery-report.ts';
import { BudgetLedgerError } from '../../../engine/ports/budget-ledger.ts';
import type { CampaignStore } from '../../../engine/ports/campaign-store.ts';
import { openCampaignStore } from '../../ledger/campaign-store.ts';
import { pgliteTestDatabases, type TestDatabase } from '../../ledger/testing/databases.ts';
import { type AdminServer, startAdminServer } from '../admin-server.ts';

const ADVERTISER = { name: 'Acme', currency: 'EUR', timeZone: 'Europe/Berlin' };
const CAMPAIGN = { advertiser: 'acme', name: 'Spring', start: '2026-12-01T00:00:00Z', budget: '1000.50' };
const CREATIVE = { advertiser: 'acme', name: 'Box', media: 'banner', markup: '<b>x</b>', width: 300, height: 250 };
const LINE_ITEM = { campaign: 'spring', name: 'Phones', pricing: 'cpm', bid: '2.50', creatives: ['box'] };

const TOKENS = [
  { name: 'reader', token: 'token-of-the-reader', roles: ['read'] },
  { name: 'operator', token: 'token-of-the-operator', roles: ['ops'] },
  { name: 'cfo', token: 'token-of-the-cfo', roles: ['ops', 'money'] },
] as const;

const databases = pgliteTestDatabases();
afterAll(() => databases.stop());

let server: AdminServer;
let test: TestDatabase;
let store: CampaignStore;
let asked: unknown[];
let faults: unknown[];

beforeEach(async () => {
  test = await databases();
  store = openCampaignStore(test.database, { nowMs: null });
  asked = [];
  faults = [];
  server = await startAdminServer({
    host: '127.0.0.1',
    port: 0,
    tokens: TOKENS,
    dsps: () => [],
    estimates: () => ({}),
    reportOutcomes: () => ({ counted: 0, duplicate: 0, 'out-of-window': 0, unknown: 0 }),
    invalidateEstimates: null,
    refunds: null,
    onChange: () => {},
    onFault: (error) => faults.push(error),
    counters: null,
    campaigns: {
      store,
      delivery: async (id, period) => {
        asked.push(period);
        if (id === 'unreachable') throw new BudgetLedgerError('unavailable', 'connection refused');
        if (id === 'long') throw new PeriodError('from');
        if (id === 'broken') throw new TypeError('secret inside');
        return id === 'spring' ? { campaign: id } : null;
      },
      version: '1.2.3',
    },
    deletions: null,
  });
});

afterEach(async () => {
  await server.close();
  await test.dispose();
});

/** What campaigns and line items refer to. */
async function book(): Promise<void> {
  for (const id of ['acme', 'other']) await call('PUT', `advertisers/${id}`, ADVERTISER);
  await call('PUT', 'creatives/box', CREATIVE);
}

interface Answer {
  readonly status: number;
  readonly etag: string | null;
  readonly body: Record<string, unknown>;
}

async function call(
  method: string,
  path: string,
  body?: unknown,
  { as = 'cfo', headers = {} }: { as?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await fetch(`${server.url}/admin/v1/${path}`, {
    method,
    headers: {
      authorization: `Bearer token-of-the-${as}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, etag: answer.headers.get('etag'), body: (await answer.json()) as Answer['body'] };
}

describe('documents', () => {
  beforeEach(book);

  it('are created, read, replaced at a version, and listed', async () => {
    const created = await call('PUT', 'campaigns/spring', CAMPAIGN);
    expect(created).toMatchObject({ status: 201, etag: '"1"', body: { id: 'spring', budget: '1000.50' } });
    expect(await call('GET', 'campaigns/spring')).toMatchObject({ status: 200, etag: '"1"', body: created.body });
    const headers = { 'if-match': '"1"' };
    const replaced = await call('PUT', 'campaigns/spring', { ...CAMPAIGN, name: 'Summer' }, { headers });
    expect(replaced).toMatchObject({ status: 200, etag: '"2"', body: { name: 'Summer' } });
    await call('PUT', 'campaigns/autumn', CAMPAIGN);
    await call('PUT', 'campaigns/other', { ...CAMPAIGN, advertiser: 'other' });
    const page = await call('GET', 'campaigns?advertiser=acme&limit=1');
    expect(page.body).toMatchObject({ items: [{ id: 'autumn' }], next: 'autumn' });
    const last = await call('GET', 'campaigns?advertiser=acme&limit=2&after=autumn');
    expect(last.body).toMatchObject({ items: [{ id: 'spring' }], next: null });
    const { body } = await call('GET', 'audit?kind=campaign&id=spring&limit=2', undefined, { as: 'reader' });
    expect(body.items).toMatchObject([
      { by: 'cfo', before: { name: 'Spring' }, after: { name: 'Summer', budgetNanos: '1000500000000' } },
      { by: 'cfo', before: null },
    ]);
  });

  it('change by fields: null takes one out, targeting merges', async () => {
    await call('PUT', 'campaigns/spring', { ...CAMPAIGN, end: '2027-01-01T00:00:00Z' });
    expect(await call('PATCH', 'campaigns/spring', { end: null, status: 'paused' })).toMatchObject({
      status: 200,
      etag: '"2"',
      body: { end: null, status: 'paused', name: 'Spring' },
    });
    await call('PUT', 'line-items/phones', { ...LINE_ITEM, targeting: { countries: { include: ['DEU'] } } });
    const { body } = await call('PATCH', 'line-items/phones', { targeting: { sizes: { include: ['300x250'] } } });
    expect(body.targeting).toEqual({
      countries: { include: ['DEU'], exclude: [] },
      sizes: { include: ['300x250'], exclude: [] },
    });
  });

  it('concurrent edits: the one that has not seen the other is told', async () => {
    await call('PUT', 'campaigns/spring', CAMPAIGN);
    await call('PATCH', 'campaigns/spring', { name: 'Summer' });
    for (const method of ['PUT', 'PATCH']) {
      const late = await call(method, 'campaigns/spring', CAMPAIGN, { headers: { 'if-match': '"1"' } });
      expect(late).toMatchObject({ status: 412, body: { error: expect.stringContaining('"2"') } });
    }
    expect((await call('PUT', 'campaigns/spring', CAMPAIGN)).status).toBe(428);
    expect((await call('PUT', 'campaigns/spring', CAMPAIGN, { headers: { 'if-none-match': '*' } })).status).toBe(412);
    expect((await call('PUT', 'campaigns/new', CAMPAIGN, { headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await call('PUT', 'campaigns/new', CAMPAIGN, { headers: { 'if-match': '1' } })).status).toBe(400);
    const renames = await Promise.all(
      Array.from({ length: 4 }, (_, index) => call('PATCH', 'campaigns/spring', { name: `name ${index}` })),
    );
    expect(renames.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await call('GET', 'campaigns/spring')).etag).toBe('"6"');
  });

  it.each([
    ['a wrong field', 'campaigns/spring', { ...CAMPAIGN, bugdet: '5' }, 400, 'bugdet'],
    [
      'a wrong place deep inside',
      'line-items/a',
      { ...LINE_ITEM, targeting: { countries: { include: ['DE'] } } },
      400,
      'targeting.countries.include[0]',
    ],
    ['what is stored forbids', 'campaigns/spring', { ...CAMPAIGN, advertiser: 'nobody' }, 409, undefined],
    [
      'a click that no account can hold',
      'line-items/a',
      { ...LINE_ITEM, pricing: 'cpc', bid: '9000000.01' },
      400,
      'bid',
    ],
    ['an id that is none', 'campaigns/a%00b', CAMPAIGN, 400, 'id'],
    ['what no database keeps', 'campaigns/spring', { ...CAMPAIGN, name: 'a\0b' }, 400, 'name'],
    ['half of a character', 'campaigns/spring', { ...CAMPAIGN, name: 'a\ud800' }, 400, 'name'],
    ['a leap second', 'campaigns/spring', { ...CAMPAIGN, start: '2016-12-31T23:59:60Z' }, 400, 'start'],
    ['more than the books hold', 'campaigns/spring', { ...CAMPAIGN, budget: '4000000000.01' }, 409, undefined],
    ['more in a day', 'campaigns/spring', { ...CAMPAIGN, dailyBudget: '999999999999' }, 409, undefined],
    ['broken JSON', 'campaigns/spring', '{"name":', 400, undefined],
    ['poisoned JSON', 'campaigns/spring', '{"__proto__":{"polluted":1}}', 400, undefined],
    ['no document', 'campaigns/spring', 'null', 400, undefined],
  ])('refuses %s, and says where', async (_what, path, body, status, place) => {
    const answer = await call('PUT', path, body);
    expect([answer.status, answer.body.path]).toEqual([status, place]);
    expect(answer.body.error).toEqual(expect.any(String));
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('what was approved is pending again with other markup', async () => {
    await call('PUT', 'creatives/box', CREATIVE);
    expect((await call('PATCH', 'creatives/box', { approval: 'approved' })).body.approval).toBe('approved');
    expect((await call('PATCH', 'creatives/box', { name: 'Cube' })).body.approval).toBe('approved');
    expect((await call('PATCH', 'creatives/box', { markup: '<i>y</i>' })).body.approval).toBe('pending');
  });

  it.each([{ domains: ['other.example'] }, { categories: ['IAB7'] }, { width: 728 }, { attributes: [1] }])(
    'so it is with what publishers judge it by: %j',
    async (change) => {
      await call('PUT', 'creatives/box', { ...CREATIVE, approval: 'approved' });
      expect((await call('PATCH', 'creatives/box', change)).body.approval).toBe('pending');
      expect((await call('PATCH', 'creatives/box', { approval: 'approved' })).body.approval).toBe('approved');
    },
  );

  it('a line item keeps what it pays by', async () => {
    await call('PUT', 'campaigns/spring', CAMPAIGN);
    expect((await call('PUT', 'line-items/phones', LINE_ITEM)).status).toBe(201);
    expect((await call('PATCH', 'line-items/phones', { pricing: 'cpc' })).status).toBe(409);
  });

  it('a document as deep as it likes is refused', async () => {
    await call('PUT', 'campaigns/spring', CAMPAIGN);
    let deep: object = { a: 1 };
    for (let i = 0; i < 2000; i++) deep = { a: deep };
    expect((await call('PATCH', 'campaigns/spring', { name: deep })).status).toBe(400);
  });
});

describe('roles', () => {
  beforeEach(book);

  it('who only reads changes nothing; budgets need money', async () => {
    expect((await call('PUT', 'campaigns/spring', CAMPAIGN, { as: 'reader' })).status).toBe(403);
    expect(await call('PUT', 'campaigns/spring', CAMPAIGN, { as: 'operator' })).toMatchObject({
      status: 403,
      body: { path: 'budget' },
    });
    expect((await call('PUT', 'campaigns/spring', { ...CAMPAIGN, budget: '0' }, { as: 'operator' })).status).toBe(201);
    expect((await call('PATCH', 'campaigns/spring', { name: 'Summer' }, { as: 'operator' })).status).toBe(200);
    expect((await call('PATCH', 'campaigns/spring', { dailyBudget: '5' }, { as: 'operator' })).status).toBe(403);
    expect((await call('PATCH', 'campaigns/spring', { dailyBudget: '5' })).status).toBe(200);
    expect((await call('PATCH', 'campaigns/spring', { dailyBudget: null }, { as: 'operator' })).status).toBe(403);
    expect((await call('GET', 'campaigns/spring', undefined, { as: 'reader' })).status).toBe(200);
  });

  it('a token is known by its scheme in any case, and by all of it', async () => {
    const statusOf = async (authorization: string) =>
      (await fetch(`${server.url}/admin/v1/campaigns`, { headers: { authorization } })).status;
    expect(await statusOf('bearer token-of-the-reader')).toBe(200);
    for (const wrong of ['Bearer token-of-the-reade', 'Basic token-of-the-reader', 'token-of-the-reader', 'Bearer']) {
      expect(await statusOf(wrong), wrong).toBe(401);
    }
  });

  it('quotas are sold, and days moved, with money', async () => {
    await call('PUT', 'campaigns/spring', CAMPAIGN);
    const sold = { ...LINE_ITEM, goalImpressions: 1_000_000 };
    expect(await call('PUT', 'line-items/sold', sold, { as: 'operator' })).toMatchObject({
      status: 403,
      body: { path: 'goalImpressions' },
    });
    expect((await call('PUT', 'line-items/sold', sold)).status).toBe(201);
    expect((await call('PATCH', 'line-items/sold', { goalImpressions: 2_000_000 }, { as: 'operator' })).status).toBe(
      403,
    );
    expect((await call('PATCH', 'line-items/sold', { name: 'Other' }, { as: 'operator' })).status).toBe(200);
    const moved = { timeZone: 'America/New_York' };
    expect((await call('PATCH', 'advertisers/acme', moved, { as: 'operator' })).status).toBe(403);
    expect((await call('PUT', 'advertisers/third', ADVERTISER, { as: 'operator' })).status).toBe(201);
  });

  it('every operation of the description is closed to strangers, and those that change to readers', async () => {
    const { body } = await call('GET', 'openapi.json', undefined, { as: 'reader' });
    const paths = Object.entries(body.paths as Record<string, Record<string, object>>);
    expect(paths).toHaveLength(14);
    for (const [path, operations] of paths) {
      for (const method of Object.keys(operations).filter((key) => key !== 'parameters')) {
        const relative = path.replace('/admin/v1/', '').replace('/admin/', '../').replace('{id}', 'spring');
        const document = method === 'get' ? undefined : {};
        expect((await call(method.toUpperCase(), relative, document, { as: 'stranger' })).status, path).toBe(401);
        const { status } = await call(method.toUpperCase(), relative, document, { as: 'reader' });
        expect(status === 403, `${method} ${path}`).toBe(method !== 'get');
      }
    }
  });
});

describe('import', () => {
  const yaml = { headers: { 'content-type': 'application/yaml' } };
  const FILE = `
advertisers:
  - { id: acme, name: Acme, currency: EUR, timeZone: Europe/Berlin }
creatives:
  - { id: box, advertiser: acme, name: Box, media: banner, markup: <b>x</b>, width: 300, height: 250, approval: approved }
campaigns:
  - { id: spring, advertiser: acme, name: Spring, start: "2026-12-01T00:00:00Z", budget: "1000" }
line-items:
  - { id: phones, campaign: spring, name: Phones, pricing: cpm, bid: "2.50", creatives: [box] }
`;

  it('takes a file, again and again', async () => {
    const counts = { advertisers: 1, creatives: 1, campaigns: 1, 'line-items': 1 };
    for (const bid of ['2.50', '2.50', '3.00']) {
      const file = FILE.replace('2.50', bid);
      expect(await call('POST', 'import', file, yaml)).toMatchObject({ status: 200, body: counts });
    }
    expect((await call('GET', 'line-items/phones')).etag).toBe('"2"');
    expect((await call('GET', 'campaigns/spring')).etag).toBe('"1"');
    expect((await call('POST', 'import', { advertisers: [{ id: 'b', ...ADVERTISER }] })).body.advertisers).toBe(1);
  });

  it.each([
    ['a wrong document', FILE.replace('"1000"', '1000'), 'campaigns[0].budget'],
    ['a wrong list', `${FILE}line_items: []\n`, 'line_items'],
    ['no list', 'advertisers: 5', 'advertisers'],
    ['an item without id', 'advertisers: [{ name: a }]', 'advertisers[0].id'],
    ['the same id twice', 'advertisers: [{ id: a }, { id: a }]', 'advertisers[1].id'],
    ['broken YAML', 'advertisers: [', undefined],
    ['something else', '- 1', undefined],
  ])('refuses %s, and stores nothing', async (_what, text, place) => {
    const answer = await call('POST', 'import', text, yaml);
    expect([answer.status, answer.body.path]).toEqual([400, place]);
    expect(await store.changesSince(0, 10)).toEqual([]);
  });

  it('all or nothing, also for what is stored; the document is named', async () => {
    await book();
    const before = await store.changesSince(0, 100);
    const text = FILE.replace('[box]', '[none]');
    const answer = await call('POST', 'import', text, yaml);
    expect(answer).toMatchObject({
      status: 409,
      body: { path: 'line-items[0]', error: expect.stringContaining('no creative none') },
    });
    expect(await store.changesSince(0, 100)).toEqual(before);
  });

  it('has a bound', async () => {
    const advertisers = Array.from({ length: 5001 }, (_, index) => ({ id: `a${index}`, ...ADVERTISER }));
    expect((await call('POST', 'import', { advertisers })).status).toBe(400);
  });

  it('needs ops and money', async () => {
    expect((await call('POST', 'import', FILE, { ...yaml, as: 'operator' })).status).toBe(403);
  });
});

describe('delivery', () => {
  it('of a campaign, today or in a period', async () => {
    expect(await call('GET', 'campaigns/spring/delivery')).toMatchObject({ status: 200, body: { campaign: 'spring' } });
    await call('GET', 'campaigns/spring/delivery?from=2026-12-01T00:00:00Z&to=2026-12-02T00:00:00%2B01:00');
    expect(asked).toEqual([{}, { fromMs: Date.UTC(2026, 11, 1), toMs: Date.UTC(2026, 11, 1, 23) }]);
    expect((await call('GET', 'campaigns/none/delivery')).status).toBe(404);
  });

  it.each([
    ['from=yesterday', 'from'],
    ['to=2026-12-01', 'to'],
    ['from=2026-12-02T00:00:00Z&to=2026-12-01T00:00:00Z', 'to'],
  ])('refuses %s', async (query, path) => {
    expect(await call('GET', `campaigns/spring/delivery?${query}`)).toMatchObject({ status: 400, body: { path } });
  });

  it('refuses a period that is too long', async () => {
    expect(await call('GET', 'campaigns/long/delivery?from=2020-01-01T00:00:00Z')).toMatchObject({
      status: 400,
      body: { path: 'from', error: expect.stringContaining('31 days') },
    });
  });

  it('a database that is away is not the fault of who asks, and faults of ours tell nothing', async () => {
    expect((await call('GET', 'campaigns/unreachable/delivery')).status).toBe(503);
    const { status, body } = await call('GET', 'campaigns/broken/delivery');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(faults).toEqual([expect.any(BudgetLedgerError), expect.any(TypeError)]);
  });
});

it.each([
  ['campaigns/a%00b', 404],
  ['campaigns/a%00b/delivery', 404],
  ['campaigns?after=%00', 400],
  ['campaigns?advertiser=a%2Fb', 400],
  ['audit?kind=campaign&id=%00', 400],
])('%s is no id', async (path, status) => {
  expect((await call('GET', path)).status).toBe(status);
});

it.each([
  ['no kind', 'id=a'],
  ['an unknown kind', 'kind=__proto__&id=a'],
  ['no id', 'kind=campaign'],
  ['no number', 'kind=campaign&id=a&limit=all'],
])('the audit refuses %s', async (_what, query) => {
  expect((await call('GET', `audit?${query}`)).status).toBe(400);
});

it('takes the example', async () => {
  const text = readFileSync(join(import.meta.dirname, '../../../config/examples/campaigns.yaml'), 'utf8');
  const answer = await call('POST', 'import', text, { headers: { 'content-type': 'application/yaml' } });
  expect(answer).toMatchObject({ status: 200, body: { advertisers: 2, 'line-items': 2 } });
});
