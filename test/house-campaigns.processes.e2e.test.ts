/** Several engines over one PostgreSQL and one Redis: killed, their Redis flushed, and not a nano above the budget. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCampaignStore } from '../adapters/ledger/campaign-store.ts';
import { openPostgresDatabase } from '../adapters/ledger/database.postgres.ts';
import type { Database } from '../adapters/ledger/database.ts';
import { openBudgetLedger } from '../adapters/ledger/ledger.ts';
import { migrate } from '../adapters/ledger/migrate.ts';
import { advertiser, campaign, creative, lineItem } from '../engine/campaign/testing/build-booking.ts';
import type { AccountFigures } from '../engine/ports/budget-ledger.ts';
import { freePort } from './support/free-port.ts';
import { COLD, IS_BUILT, type RunningGavel, serveGavel } from './support/gavel-process.ts';
import { eventually, expectSoundLedger, isWonBy, writesOf } from './support/house-campaigns.ts';
import { type Service, startPostgres, startRedis } from './support/services.ts';
import { adRequest, bannerImp, postAdRequest } from './support/test-gavel.ts';

const TOKEN = 'token-of-the-operator';
/** A floor at the bid: each impression costs what was bid. */
const DEAR = { imp: [bannerImp('1', { bidfloor: 2 })] };
const PRICE_NANOS = 2_000_000;

interface Engine {
  readonly running: RunningGavel;
  readonly adminUrl: string;
}

const postgres = IS_BUILT ? await startPostgres() : null;
const redis = IS_BUILT ? await startRedis() : null;

describe.skipIf(postgres === null || redis === null)('engines over one PostgreSQL and one Redis', () => {
  let folder: string;
  let database: Database;
  let client: Redis;
  const engines: Engine[] = [];
  let started = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gavel-engines-'));
    client = new Redis(redis!.url);
    database = openPostgresDatabase({
      url: postgres!.url,
      connectionsMax: 4,
      statementTimeoutMs: 10_000,
      connectTimeoutMs: 5000,
      onError: () => {},
    });
    await migrate(database);
  }, 60_000);

  afterAll(async () => {
    for (const { running } of engines) {
      running.kill('SIGKILL');
      await running.ended;
    }
    client.disconnect();
    await database.close();
    await stopServices(postgres!, redis!);
    await rm(folder, { recursive: true });
  }, 60_000);

  async function startEngine(): Promise<Engine> {
    const adminPort = await freePort();
    const config = join(folder, `engine-${started}.yaml`);
    await writeFile(
      config,
      JSON.stringify({
        admin: { port: adminPort, token: TOKEN },
        campaigns: {
          enabled: true,
          databaseUrl: postgres!.url,
          redisUrl: redis!.url,
          refreshIntervalMs: 100,
          pacingIntervalMs: 1000,
          frequency: { secret: 'secret-of-the-test' },
        },
        dataDirectory: join(folder, `data-${started++}`),
        learnedReserve: { estimator: 'off' },
        admission: { enabled: false },
        dsps: [],
        log: { level: 'error' },
      }),
    );
    const running = await serveGavel(['--config', config], COLD);
    const engine = { running, adminUrl: `http://127.0.0.1:${adminPort}` };
    engines.push(engine);
    return engine;
  }

  const figures = async (accountId: string): Promise<AccountFigures> => {
    const ledger = openBudgetLedger(database, { processId: 'test', billingHorizonMs: 1, feePpm: 0, nowMs: null });
    return (await ledger.figures([accountId]))[0]!;
  };

  /** Auction ids that a line item has won; null where the engine was killed or somebody else won. */
  async function ask({ running }: Engine, lineItemId: string, id: string): Promise<string | null> {
    try {
      const answer = await postAdRequest(running.url, adRequest(id, DEAR));
      return isWonBy(answer, lineItemId) ? answer.body.bidid! : null;
    } catch {
      return null;
    }
  }

  async function report({ adminUrl }: Engine, auctions: readonly string[]): Promise<void> {
    const outcomes = auctions.map((auction) => ({ auction, imp: '1', type: 'impression' }));
    const answer = await fetch(`${adminUrl}/admin/outcomes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: JSON.stringify(outcomes),
    });
    expect(answer.status).toBe(200);
  }

  it('deliver a budget to its end and not a nano more, whatever is killed or flushed', async () => {
    const count = 400;
    const budgetNanos = BigInt(count * PRICE_NANOS);
    const mine = campaign({ id: 'shared', delivery: 'asap', budgetNanos });
    const writes = writesOf({
      advertiser: advertiser(),
      campaign: mine,
      lineItem: lineItem({ id: 'shared-line', campaignId: 'shared' }),
      creatives: [creative()],
    });
    await openCampaignStore(database, { nowMs: null }).write(writes, 'test');
    await Promise.all([startEngine(), startEngine()]);
    const won: string[] = [];
    let asked = 0;
    const burst = async (alive: readonly Engine[]): Promise<number> => {
      const asks = Array.from({ length: 12 }, () => ask(alive[asked % alive.length]!, 'shared-line', `r${asked++}`));
      const auctions = (await Promise.all(asks)).filter((auction) => auction !== null);
      won.push(...auctions);
      return auctions.length;
    };
    const until = (wins: number, alive: readonly Engine[]) =>
      eventually(async () => {
        await burst(alive);
        expect(won.length).toBeGreaterThanOrEqual(wins);
      });
    const [first, second] = engines as [Engine, Engine];
    await until(60, [first, second]);
    await client.flushall();
    await until(120, [first, second]);
    // Told to the ledger, all of it, before the kill: what is lost with a process is only what it held.
    await report(second, won);
    await report(first, won);
    first.running.kill('SIGKILL');
    await first.running.ended;
    const third = await startEngine();
    await until(180, [second, third]);
    await client.flushall();
    await until(240, [second, third]);
    await report(third, won);
    // Everybody again, to whom it was not told: billed once.
    await report(second, won);
    let { spent } = await figures('shared');
    expect(spent).toBe(BigInt(won.length * PRICE_NANOS));
    for (let lostSince = Date.now(); Date.now() - lostSince < 3000; ) {
      if ((await burst([second, third])) > 0) lostSince = Date.now();
    }
    await report(third, won);
    ({ spent } = await figures('shared'));
    expect(spent).toBe(BigInt(won.length * PRICE_NANOS));
    expect(spent).toBeLessThanOrEqual(budgetNanos);
    // What the killed engine held comes back after its term; until then it is little.
    expect(Number(spent) / Number(budgetNanos)).toBeGreaterThan(0.8);
    await expectSoundLedger(database);
  }, 120_000);
});

async function stopServices(...services: readonly Service[]): Promise<void> {
  for (const service of services) await service.stop();
}
