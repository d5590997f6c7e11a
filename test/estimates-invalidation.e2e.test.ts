/** What a model server has said of a user or a campaign is forgotten when an operator says so, in all processes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StubModelServer, startStubModelServer } from '../adapters/model/testing/stub-model-server.ts';
import { FEATURE_COUNT } from '../engine/estimation/features/schema.ts';
import { COLD, IS_BUILT, serveGavel } from './support/gavel-process.ts';
import { bidding, type ScriptedDsp, startScriptedDsp } from './support/scripted-dsp.ts';
import { freePort } from './support/services.ts';
import { adRequest, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const TOKEN = 'a-token-of-some-length';

let server: StubModelServer;
let adminPort: number;
beforeEach(async () => {
  server = await startStubModelServer(FEATURE_COUNT);
  server.respond = ({ answer, rowCount }) => answer(Array.from({ length: rowCount }, () => 0.01));
  adminPort = await freePort();
});
afterEach(() => server.close());

const rowsAsked = (): number => server.calls.reduce((sum, { rowCount }) => sum + rowCount, 0);

async function invalidate(what: object): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/admin/estimates/invalidate`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(what),
  });
  return answer.status;
}

const byClick = bidding({ price: 1, cid: 'campaign-1' });

describe('of one process', () => {
  let gavel: TestGavel;
  afterEach(() => gavel.close());

  it('a campaign, a user and all are forgotten at once, and nothing else', async () => {
    gavel = await startTestGavel({
      dsps: { clicks: { bid: byClick, config: { pricing: 'cpc' } } },
      config: {
        'admission.enabled': false,
        'admin.port': adminPort,
        'admin.token': TOKEN,
        'estimation.model.source': 'remote',
        'estimation.model.remote.url': server.url,
        'estimation.model.remote.budgetMs': 1000,
        // Exactly what was asked, or nothing.
        'estimation.model.cache.coarse': { localMs: 1, sharedMs: 1, staleMs: 1 },
        'estimation.model.cache.exact': { localMs: 300_000, sharedMs: 300_000, staleMs: 300_000 },
        'estimation.model.cache.refreshesPerSecondMax': 0,
      },
    });
    const ask = async (id: string, user: object): Promise<void> => {
      await gavel.post(adRequest(id, { user }));
    };
    const anna = { id: 'anna', yob: 1980 };
    const bert = { id: 'bert', yob: 1950 };
    await ask('warm', anna);
    // Until the server has been found there is nothing to ask.
    for (let count = 0; rowsAsked() === 0; count++) await ask(`warm-${count}`, anna);
    await ask('b1', bert);
    const known = rowsAsked();
    await ask('a2', anna);
    await ask('b2', bert);
    expect(rowsAsked()).toBe(known);

    expect(await invalidate({ user: 'anna' })).toBe(204);
    await ask('b3', bert);
    expect(rowsAsked()).toBe(known);
    await ask('a3', anna);
    expect(rowsAsked()).toBe(known + 1);
    expect(await invalidate({ campaign: 'another' })).toBe(204);
    await ask('a4', anna);
    expect(rowsAsked()).toBe(known + 1);
    expect(await invalidate({ campaign: 'campaign-1' })).toBe(204);
    await ask('a5', anna);
    await ask('b5', bert);
    expect(rowsAsked()).toBe(known + 3);
    expect(await invalidate({ all: true })).toBe(204);
    await ask('a6', anna);
    expect(rowsAsked()).toBe(known + 4);
    expect(await invalidate({ users: 'anna' })).toBe(400);
  });
});

describe.skipIf(!IS_BUILT)('of several workers (needs a build: npm run build)', () => {
  let folder: string;
  let dsp: ScriptedDsp;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gavel-invalidation-'));
    dsp = await startScriptedDsp({ bid: byClick });
  });
  afterEach(async () => {
    await dsp.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  });

  /** Over a connection of its own: they are dealt to the workers in turn. */
  const ask = (url: string, id: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const post = request(`${url}/openrtb2/auction`, { method: 'POST', agent: new Agent() }, (response) => {
        response.resume().on('end', resolve);
      });
      post.on('error', reject);
      post.end(JSON.stringify(adRequest(id, { tmax: 3000 })));
    });

  it('each forgets', async () => {
    const config = join(folder, 'gavel.yaml');
    const settings = {
      admin: { port: adminPort, token: TOKEN },
      auction: { tmaxMaxMs: 5000 },
      dspDefaults: { timeoutMs: 2000, callsPerSecond: 10 },
      dsps: [{ id: 'clicks', url: `${dsp.origin}/bid`, pricing: 'cpc' }],
      estimation: {
        model: {
          source: 'remote',
          remote: { url: server.url, budgetMs: 1000 },
          cache: {
            exact: { localMs: 300_000, sharedMs: 300_000, staleMs: 300_000 },
            refreshesPerSecondMax: 0,
          },
        },
      },
    };
    await writeFile(config, JSON.stringify(settings));
    const gavel = await serveGavel(['--data', folder, '--workers', '2', '--config', config], COLD);
    try {
      let count = 0;
      const askAll = async (): Promise<void> => {
        for (let times = 0; times < 8; times++) await ask(gavel.url, `r${count++}`);
      };
      // Each worker asks for itself, once it has found the server.
      while (rowsAsked() < 2) await askAll();
      await askAll();
      expect(rowsAsked()).toBe(2);
      expect(await invalidate({ all: true })).toBe(204);
      await askAll();
      expect(rowsAsked()).toBe(4);
    } finally {
      gavel.kill('SIGKILL');
      await gavel.ended;
    }
  }, 60_000);
});
