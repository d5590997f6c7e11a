/** A user is deleted over HTTP: nothing of them is left anywhere, everything of others is, and money does not move. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPgliteDatabase } from '../adapters/ledger/database.pglite.ts';
import { ledgerHash } from '../adapters/ledger/testing/ledger-hash.ts';
import { campaign } from '../engine/campaign/testing/build-booking.ts';
import {
  ADMIN_TOKEN,
  ANN,
  askAdmin,
  BOB,
  beaconOf,
  certified,
  filesHolding,
  keyOf,
  PATIENCE_MS,
  USER_SECRET,
} from './support/deletion-rig.ts';
import { freePort } from './support/free-port.ts';
import { eventually, isWonBy, writesOf } from './support/house-campaigns.ts';
import { bidding } from './support/scripted-dsp.ts';
import {
  type AdAnswer,
  adRequest,
  bannerImp,
  readStoredEvents,
  startTestGavel,
  type TestGavel,
} from './support/test-gavel.ts';

let dataDirectory: string;
let engine: TestGavel | null = null;
let adminUrl: string;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-deletion-'));
});

afterEach(async () => {
  await stop();
  await rm(dataDirectory, { recursive: true });
});

async function stop(): Promise<void> {
  await engine?.close();
  engine = null;
}

async function start(config: Record<string, unknown> = {}): Promise<TestGavel> {
  const port = await freePort();
  adminUrl = `http://127.0.0.1:${port}`;
  engine = await startTestGavel({
    dsps: { rival: bidding({ price: 1, burl: 'http://127.0.0.1:1/bill' }) },
    config: {
      'campaigns.enabled': true,
      'campaigns.refreshIntervalMs': 50,
      'campaigns.pacingIntervalMs': 1000,
      'events.tracking.baseUrl': 'listening',
      'events.userSecret': USER_SECRET,
      'events.lossSampleRate': 1,
      'admin.port': port,
      'admin.token': ADMIN_TOKEN,
      ...config,
    },
    dataDirectory,
  });
  return engine;
}

const admin = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  askAdmin(adminUrl, path, body, headers);

let requests = 0;
const ask = (ifa: string): Promise<AdAnswer> =>
  engine!.post(adRequest(`request-${requests++}`, { device: { ifa }, imp: [bannerImp('1', { bidfloor: 0.5 })] }));

const CAPPED = campaign({
  delivery: 'asap',
  frequencyCaps: [{ scope: 'campaign', count: 1000, period: 'day' }],
} as never);

describe('a user who is deleted', { timeout: PATIENCE_MS }, () => {
  it('is nowhere in the data folder; others are; nobody owes more or less', async () => {
    await start();
    await engine!.gavel.campaigns!.books.store.write(writesOf({ campaign: CAPPED }), 'test');
    await eventually(async () => expect(isWonBy(await ask(ANN), 'line-1')).toBe(true));
    const answers = await Promise.all([ANN, BOB, ANN, BOB].map(ask));
    const [shown, , late] = answers;
    for (const answer of [shown!, answers[1]!]) expect((await fetch(beaconOf(answer))).status).toBe(200);
    await eventually(async () => expect(await filesHolding(dataDirectory, keyOf(BOB))).not.toEqual([]));
    expect(await filesHolding(dataDirectory, keyOf(ANN))).not.toEqual([]);
    const database = engine!.gavel.campaigns!.books.database!;
    await eventually(async () => {
      const [row] = await database.query<{ n: bigint }>(`SELECT count(*) AS n FROM charge WHERE state = 'billed'`);
      expect(row!.n).toBe(2n);
    });
    const before = (await readStoredEvents(dataDirectory)).map((event) =>
      JSON.stringify('userKey' in event && event.userKey === keyOf(ANN) ? { ...event, userKey: null } : event),
    );
    // What was won is told to the ledger behind the answer.
    const money = await eventually(async () => {
      const [row] = await database.query<{ n: bigint }>('SELECT count(*) AS n FROM charge');
      expect(Number(row!.n)).toBe(before.filter((event) => /"type":"win".*"kind":"house"/.test(event)).length);
      return ledgerHash(database, '');
    });

    const asked = await admin('/admin/deletions', { kind: 'device', ids: [ANN.toUpperCase()] });
    expect(asked).toMatchObject({ status: 202, body: { state: 'open', kind: 'device' } });
    const { certificate } = await certified(adminUrl, asked.body.id);
    expect(certificate).toMatchObject({
      type: 'gavel-user-deletion',
      version: 1,
      id: asked.body.id,
      stores: expect.arrayContaining([
        expect.objectContaining({ store: 'segments', left: 0 }),
        expect.objectContaining({ store: 'frequency-caps', removed: 1, left: 0 }),
        expect.objectContaining({ keeper: 'shared', store: 'tables', left: 0 }),
      ]),
    });
    expect(certificate.stores.find((one: { store: string }) => one.store === 'segments').removed).toBeGreaterThan(4);
    expect(JSON.stringify(asked.body) + JSON.stringify(certificate)).not.toMatch(
      new RegExp(`${ANN}|${keyOf(ANN)}`, 'i'),
    );

    expect(await ledgerHash(database, '')).toBe(money);
    const after = (await readStoredEvents(dataDirectory)).map((event) => JSON.stringify(event));
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.slice(before.length)).toContainEqual(expect.stringContaining('"type":"user_deletion"'));

    // Its signed URL is still out in the world.
    expect((await fetch(beaconOf(late!))).status).toBe(200);
    await eventually(async () => {
      const [row] = await database.query<{ n: bigint }>(`SELECT count(*) AS n FROM charge WHERE state = 'billed'`);
      expect(row!.n).toBe(3n);
    });
    // And so is the user.
    await ask(ANN);
    await ask(BOB);
    await stop();
    for (const text of [ANN, ANN.toUpperCase(), keyOf(ANN)])
      expect(await filesHolding(dataDirectory, text), text).toEqual([]);
    expect(await filesHolding(dataDirectory, keyOf(BOB))).not.toEqual([]);
  });

  it('asked for again is the same request; a certificate is checked, and a changed one found out', async () => {
    await start();
    const headers = { 'idempotency-key': 'case-1' };
    const order = { kind: 'user', publisher: 'pub-1', ids: ['u-1', 'u-2'] };
    const first = await admin('/admin/deletions', order, headers);
    const second = await admin('/admin/deletions', order, headers);
    expect([first.status, second.status, second.body.id]).toEqual([202, 200, first.body.id]);
    expect(await admin('/admin/deletions', { ...order, ids: ['u-3'] }, headers)).toMatchObject({ status: 409 });
    const { certificate } = await certified(adminUrl, first.body.id);
    expect((await admin('/admin/deletions/verify', certificate)).body).toEqual({ result: 'valid' });
    const forged = { ...certificate, requestedAt: '2020-01-01T00:00:00.000Z' };
    expect((await admin('/admin/deletions/verify', forged)).body).toEqual({ result: 'forged' });
    expect((await admin('/admin/deletions')).body.items).toMatchObject([{ id: first.body.id, state: 'certified' }]);
    // With a key of the caller it is over for good, without one it is asked anew.
    expect((await admin('/admin/deletions', order, headers)).body.state).toBe('certified');
    expect((await admin('/admin/deletions', order)).status).toBe(202);
  });

  it('is deleted by the engine that starts next when the first is stopped; its keeper is named until then', async () => {
    await start();
    await ask(ANN);
    await engine!.allEvents(1);
    await stop();
    const database = await openPgliteDatabase(`${dataDirectory}/campaigns`);
    await database.query(
      `INSERT INTO data_keeper (id, name, stores, seen_at_ms) VALUES ('gone', 'elsewhere', '{segments}', 5)`,
    );
    await database.close();
    await start();
    const { body } = await admin('/admin/deletions', { kind: 'device', ids: [ANN] });
    await eventually(async () => {
      const { body: now } = await admin(`/admin/deletions/${body.id}`);
      expect(now.waitsFor.filter(({ keeper }: { keeper: string }) => keeper === 'gone')).toEqual([
        {
          keeper: 'gone',
          name: 'elsewhere',
          store: 'segments',
          why: 'has not been searched',
          keeperSeenAt: '1970-01-01T00:00:00.005Z',
        },
      ]);
      expect(now.certificate).toBeNull();
    });
    expect((await admin('/admin/deletions/keepers/gone/retire', {})).status).toBe(204);
    const { certificate } = await certified(adminUrl, body.id);
    expect(certificate.retired).toMatchObject([{ keeper: 'gone', name: 'elsewhere', by: 'admin' }]);
    expect(certificate.stores.find((one: { store: string }) => one.store === 'segments').removed).toBeGreaterThan(0);
  });
});
