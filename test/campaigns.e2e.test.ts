/** What an advertiser's people do, from booking to report, with an engine that keeps it in its data folder. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPgliteDatabase } from '../adapters/ledger/database.pglite.ts';
import { openBudgetLedger } from '../adapters/ledger/ledger.ts';
import { freePort } from './support/free-port.ts';
import { COLD, IS_BUILT, type RunningGavel, runGavel, serveGavel } from './support/gavel-process.ts';

const TOKENS = [
  { name: 'dashboard', token: 'token-of-the-dashboard', roles: ['read'] },
  { name: 'anna', token: 'token-of-anna-herself', roles: ['ops'] },
  { name: 'billing', token: 'token-of-the-billing', roles: ['ops', 'money'] },
];

describe.skipIf(!IS_BUILT)('campaigns over HTTP, in a data folder', () => {
  let folder: string;
  let config: string;
  let port: number;
  let engine: RunningGavel;

  const start = async (): Promise<void> => {
    engine = await serveGavel(['--config', config], COLD);
  };
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    engine.kill(signal);
    await engine.ended;
  };

  async function call(
    as: string,
    method: string,
    path: string,
    body?: string | object,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; etag: string | null; body: Record<string, unknown> }> {
    const { token } = TOKENS.find(({ name }) => name === as)!;
    const answer = await fetch(`http://127.0.0.1:${port}/admin/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.status, etag: answer.headers.get('etag'), body: (await answer.json()) as object as never };
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gavel-test-'));
    config = join(folder, 'gavel.yaml');
    port = await freePort();
    const settings = {
      admin: { port, tokens: TOKENS },
      campaigns: { enabled: true },
      dataDirectory: join(folder, 'data'),
      log: { level: 'error' },
    };
    await writeFile(config, JSON.stringify(settings));
    await start();
  }, 60_000);

  afterAll(async () => {
    await stop('SIGKILL');
    await rm(folder, { recursive: true });
  });

  it('are booked, each by those who may', async () => {
    const advertiser = { name: 'Acme', currency: 'EUR', timeZone: 'UTC' };
    const campaign = { advertiser: 'zeta', name: 'Winter', start: '2026-01-01T00:00:00Z', budget: '100.00' };
    expect((await call('dashboard', 'PUT', 'advertisers/zeta', advertiser)).status).toBe(403);
    expect((await call('anna', 'PUT', 'advertisers/zeta', advertiser)).status).toBe(201);
    expect((await call('anna', 'PUT', 'campaigns/winter', campaign)).status).toBe(403);
    expect(await call('billing', 'PUT', 'campaigns/winter', campaign)).toMatchObject({ status: 201, etag: '"1"' });
    const creative = { advertiser: 'zeta', name: 'Box', media: 'banner', markup: '<b>x</b>', width: 300, height: 250 };
    expect((await call('anna', 'PUT', 'creatives/zeta-box', creative)).status).toBe(201);
    const item = { campaign: 'winter', name: 'All', pricing: 'cpm', bid: '2.50', creatives: ['zeta-box'] };
    expect((await call('anna', 'PUT', 'line-items/winter-all', item)).status).toBe(201);
  });

  it('are imported', async () => {
    const file = await readFile(new URL('../config/examples/campaigns.yaml', import.meta.url), 'utf8');
    const answer = await call('billing', 'POST', 'import', file, { 'content-type': 'application/yaml' });
    expect(answer).toMatchObject({ status: 200, body: { campaigns: 2, 'line-items': 2 } });
  });

  it('change at the version that was seen, or as they are by then', async () => {
    const stale = { 'if-match': '"7"' };
    expect((await call('anna', 'PATCH', 'campaigns/winter', { name: 'Snow' }, stale)).status).toBe(412);
    const seen = { 'if-match': '"1"' };
    expect((await call('anna', 'PATCH', 'campaigns/winter', { name: 'Snow' }, seen)).etag).toBe('"2"');
    expect((await call('anna', 'PATCH', 'campaigns/winter', { delivery: 'asap' })).etag).toBe('"3"');
    expect((await call('billing', 'PATCH', 'campaigns/winter', { budget: '200.00' })).etag).toBe('"4"');
  });

  it('say who changed what', async () => {
    const { body } = await call('dashboard', 'GET', 'audit?kind=campaign&id=winter');
    expect(body.items).toMatchObject([
      { by: 'billing', before: { budgetNanos: '100000000000' }, after: { budgetNanos: '200000000000' } },
      { by: 'anna' },
      { by: 'anna', before: { name: 'Winter' }, after: { name: 'Snow' } },
      { by: 'billing', before: null },
    ]);
  });

  it('are all there when the engine was killed, and so is what was billed', async () => {
    await stop('SIGKILL');
    await bill(join(folder, 'data', 'campaigns'));
    await start();
    expect(await call('dashboard', 'GET', 'campaigns/winter')).toMatchObject({
      etag: '"4"',
      body: { name: 'Snow', budget: '200.00' },
    });
    const { body } = await call('dashboard', 'GET', 'campaigns/winter/delivery');
    expect(body).toMatchObject({ budget: '200.00', billed: '1.50', reserved: '0.25' });
    const slots = body.slots as { billed: string; reserved: string; bills: number }[];
    expect(slots.filter(({ bills }) => bills > 0)).toMatchObject([{ billed: '1.50', bills: 1, reserved: '0.25' }]);
    const sold = await call('dashboard', 'GET', 'campaigns/nordwind-launch/delivery');
    expect(sold.body.lineItems).toMatchObject([
      { lineItem: 'nordwind-sold', budget: 100_000, billed: 0, shortfall: expect.any(Number) },
    ]);
    expect((await call('dashboard', 'GET', 'campaigns/none/delivery')).status).toBe(404);
  }, 60_000);

  it('are reported on the command line, once the folder is free', async () => {
    const reported = (...args: string[]) => runGavel(['report', 'campaigns', '--config', config, ...args]);
    const held = await reported();
    expect([held.code, held.stderr]).toEqual([2, expect.stringMatching(/^gavel: .*admin listener.*\n$/)]);
    await stop('SIGTERM');
    const { code, stdout } = await reported('--format', 'csv');
    const lines = stdout.split('\r\n');
    expect([code, lines.length]).toEqual([0, 6]);
    expect(lines.at(-2)).toMatch(/^winter,,active,EUR,200\.00,200\.00,.*,1\.50,0\.00,0\.25,1\.50,0\.00,/);
    const json = JSON.parse((await reported('--format', 'json', '--campaign', 'winter')).stdout) as object[];
    expect(json).toMatchObject([{ campaign: 'winter', billed: '1.50' }]);
    expect((await reported()).stdout).toMatch(/^campaign +lineItem +status/);
    await start();
  }, 60_000);
});

describe.skipIf(!IS_BUILT)('gavel report', () => {
  it.each([
    [['report'], /report campaigns/],
    [['report', 'bids'], /"bids"/],
    [['report', 'campaigns', '--format', 'xml'], /--format must be one of table, csv, json/],
    [['report', 'campaigns', '--data', '/nowhere/at/all'], /no campaigns/],
    [['report', 'campaigns', '--nonsense'], /nonsense/],
  ])('%j is refused in one line', async (args, message) => {
    const { code, stdout, stderr } = await runGavel(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('explains itself', async () => {
    const { code, stdout } = await runGavel(['report', 'campaigns', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('--format FORMAT');
  });
});

/** As an engine would: a tranche, a lease, two wins, one of them billed. */
async function bill(folder: string): Promise<void> {
  const database = await openPgliteDatabase(folder);
  const ledger = openBudgetLedger(database, {
    processId: 'test',
    billingHorizonMs: 3_600_000,
    feePpm: 0,
    nowMs: null,
  });
  // Behind those of the engine.
  const afterEpoch = 1000;
  const wanted = { accountId: 'winter', amount: 10_000_000_000, amountMin: 1, afterEpoch };
  const tranche = await ledger.openTranche(wanted);
  if (typeof tranche === 'string') throw new Error(tranche);
  const lease = { accountId: 'winter', epoch: tranche.epoch, sequence: 1 };
  const confirmed = await ledger.confirmLeases([
    { ...lease, requestId: 'b', processId: 'test', amount: 10_000_000_000, termMs: 60_000 },
  ]);
  expect(confirmed).toEqual([{ kind: 'live', termMs: 60_000 }]);
  await ledger.reserve([{ ...lease, key: 'open', amount: 250_000_000, publisherId: 'p', heldMs: 3_600_000 }]);
  const atMs = Date.now();
  expect(await ledger.bill([{ ...lease, key: 'k', amount: 1_500_000_000, publisherId: 'p', atMs }])).toEqual([
    'billed',
  ]);
  await ledger.close();
}
