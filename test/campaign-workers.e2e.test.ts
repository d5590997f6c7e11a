/** Campaigns over `--workers` and a further engine beside them: booked, won, billed and bounded together. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresDatabase } from '../adapters/ledger/database.postgres.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { readFigures } from '../adapters/ledger/ledger.ts';
import { freePort } from './support/free-port.ts';
import { COLD, IS_BUILT, type RunningGavel, serveGavel } from './support/gavel-process.ts';
import { eventually, expectSoundLedger, isWonBy } from './support/house-campaigns.ts';
import { metricOf } from './support/metric.ts';
import { startPostgres, startRedis } from './support/services.ts';
import { adRequest, bannerImp, postAdRequest } from './support/test-gavel.ts';

const TOKEN = 'token-of-the-operator';
/** A floor at the bid: each impression costs what was bid. */
const DEAR = { imp: [bannerImp('1', { bidfloor: 2 })] };
const PRICE_NANOS = 2_000_000;
const BUDGET_NANOS = 400 * PRICE_NANOS;

const BOOKINGS = {
  advertisers: [{ id: 'crew', name: 'Crew', currency: 'USD', timeZone: 'UTC', domains: ['crew.example'] }],
  creatives: [
    {
      id: 'crew-box',
      advertiser: 'crew',
      name: 'Box',
      media: 'banner',
      width: 300,
      height: 250,
      markup: '<a href="https://crew.example">Crew</a>',
      approval: 'approved',
    },
  ],
  campaigns: [
    {
      id: 'crew-campaign',
      advertiser: 'crew',
      name: 'Together',
      start: '2026-01-01T00:00:00Z',
      budget: '0.80',
      delivery: 'asap',
      frequencyCaps: [{ count: 1000, per: 'day' }],
    },
  ],
  'line-items': [
    { id: 'crew-line', campaign: 'crew-campaign', name: 'Line', pricing: 'cpm', bid: '2.00', creatives: ['crew-box'] },
  ],
};

/** A process that starts takes seconds on a busy machine. */
const LONG_MS = 60_000;

interface Engine {
  readonly running: RunningGavel;
  readonly adminUrl: string;
}

const postgres = IS_BUILT ? await startPostgres() : null;
const redis = IS_BUILT ? await startRedis() : null;

describe.skipIf(postgres === null || redis === null)('workers, and an engine beside them, over one database', () => {
  let folder: string;
  let database: Database;
  const engines: Engine[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gavel-campaign-workers-'));
    const limits = { connectionsMax: 2, statementTimeoutMs: 10_000, connectTimeoutMs: 5000 };
    database = openPostgresDatabase({ url: postgres!.url, ...limits, onError: () => {} });
  });

  afterAll(async () => {
    for (const { running } of engines) {
      running.kill('SIGKILL');
      await running.ended;
    }
    await database.close();
    await postgres!.stop();
    await redis!.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  }, 60_000);

  async function start(name: string, args: readonly string[]): Promise<Engine> {
    const adminPort = await freePort();
    const config = join(folder, `${name}-${engines.length}.yaml`);
    const { url: databaseUrl } = postgres!;
    const { url: redisUrl } = redis!;
    await writeFile(
      config,
      JSON.stringify({
        admin: { port: adminPort, token: TOKEN },
        campaigns: {
          ...{ enabled: true, databaseUrl, redisUrl, refreshIntervalMs: 100, pacingIntervalMs: 1000 },
          frequency: { secret: 'secret-of-the-test', unknownUser: 'allow' },
        },
        dataDirectory: join(folder, `${name}-${engines.length}`),
        learnedReserve: { estimator: 'off' },
        estimation: { model: { source: 'none' } },
        admission: { enabled: false },
        dsps: [],
      }),
    );
    const running = await serveGavel(['--config', config, ...args], COLD);
    const engine = { running, adminUrl: `http://127.0.0.1:${adminPort}` };
    engines.push(engine);
    return engine;
  }

  const post = ({ adminUrl }: Engine, path: string, body: unknown): Promise<Response> =>
    fetch(`${adminUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  async function report(engine: Engine, auctions: readonly string[]): Promise<void> {
    const outcomes = auctions.map((auction) => ({ auction, imp: '1', type: 'impression' }));
    expect((await post(engine, '/admin/outcomes', outcomes)).status).toBe(200);
  }

  const statusOf = async ({ running }: Engine): Promise<unknown> => (await fetch(`${running.url}/status`)).json();

  /** The auction, if the line item won it; each on a connection of its own, so that workers take turns. */
  let asked = 0;
  async function ask({ running }: Engine): Promise<string | null> {
    try {
      const headers = { connection: 'close' };
      const answer = await postAdRequest(running.url, adRequest(`request-${asked++}`, DEAR), { headers });
      return isWonBy(answer, 'crew-line') ? answer.body.bidid! : null;
    } catch {
      return null;
    }
  }

  it('spend a budget together, bill each impression once and survive the death of a worker', async () => {
    const workers = await start('workers', ['--workers', '2']);
    const single = await start('single', []);
    expect((await post(workers, '/admin/v1/import', BOOKINGS)).status).toBe(200);
    const won: string[] = [];
    const burst = async (engine: Engine): Promise<string[]> => {
      const wins = (await Promise.all(Array.from({ length: 8 }, () => ask(engine)))).filter((id) => id !== null);
      won.push(...wins);
      return wins;
    };
    /** Auction ids are numbered behind a name of their process. */
    const processesOf = (auctions: readonly string[]) => new Set(auctions.map((id) => id.replace(/-[^-]*$/, '')));
    const ofWorkers: string[] = [];
    const untilProcesses = (count: number) =>
      eventually(async () => {
        ofWorkers.push(...(await burst(workers)));
        expect(processesOf(ofWorkers).size).toBeGreaterThanOrEqual(count);
      }, LONG_MS);
    await untilProcesses(2);
    await eventually(async () => expect((await burst(single)).length).toBeGreaterThan(0), LONG_MS);
    expect(await metricOf(workers.running.url, 'rtb_budget_reservations_total', { result: 'reserved' })).toBe(
      ofWorkers.length,
    );

    // Told to the ledger before the kill: what is lost with a process is only what it held.
    await report(workers, won);
    await report(single, won);
    const [, pid] = /"pid":(\d+),"msg":"worker serves"/.exec(workers.running.stderr())!;
    process.kill(Number(pid), 'SIGKILL');
    // Its budget is not spent while it is replaced.
    const serving = async () => ((await statusOf(workers)) as { workers: { serving: number } }).workers.serving;
    const served = () => workers.running.stderr().match(/worker serves/g)!.length;
    await eventually(async () => expect([served(), await serving()]).toEqual([3, 2]), LONG_MS);
    await untilProcesses(3);
    for (let lostSince = Date.now(); Date.now() - lostSince < 3000; ) {
      const wins = [...(await burst(workers)), ...(await burst(single))];
      if (wins.length > 0) lostSince = Date.now();
    }
    await report(single, won);
    await report(workers, won);

    const [figures] = await readFigures(database, ['crew-campaign']);
    expect(figures).toMatchObject({ spent: BigInt(won.length * PRICE_NANOS), absorbed: 0n });
    expect(won.length * PRICE_NANOS).toBeLessThanOrEqual(BUDGET_NANOS);
    // What the killed worker held comes back after its term; until then it is little.
    expect((won.length * PRICE_NANOS) / BUDGET_NANOS).toBeGreaterThan(0.8);
    await expectSoundLedger(database);
  }, 180_000);
});
