/** Several engine processes on one port, from outside: killed, drained, asked, and left alone by their supervisor. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from './support/free-port.ts';
import { COLD, IS_BUILT, type RunningGavel, runGavel, serveGavel } from './support/gavel-process.ts';
import { type KeepAliveClient, keepAliveClient } from './support/keep-alive-clients.ts';
import { metricOf } from './support/metric.ts';
import { bidding, startScriptedDsp } from './support/scripted-dsp.ts';
import { adRequest, postAdRequest, readAuctionEvents } from './support/test-gavel.ts';

/** A second process takes seconds to start on a busy machine. */
const PATIENCE = { timeout: 60_000, interval: 50 };
const WORKERS = ['--workers', '2'];
const SIMULATED = ['--with-simulated-dsps', '--dsps', '3'];

let folder: string;
const running: RunningGavel[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-workers-'));
});

afterEach(async () => {
  for (const gavel of running.splice(0)) {
    gavel.kill('SIGKILL');
    await gavel.ended;
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 20 });
});

async function serve(args: readonly string[] = WORKERS): Promise<RunningGavel> {
  const gavel = await serveGavel(['--data', folder, ...args], COLD);
  running.push(gavel);
  return gavel;
}

interface LogLine {
  readonly msg: string;
  readonly worker?: number;
  readonly pid?: number;
}

function logLines(gavel: RunningGavel): LogLine[] {
  const lines = gavel.stderr().split('\n').slice(0, -1);
  return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as LogLine);
}

/** Process ids by worker number, the latest of each. */
function pids(gavel: RunningGavel): Map<number, number> {
  const served = logLines(gavel).filter(({ msg }) => msg === 'worker serves');
  return new Map(served.map(({ worker, pid }) => [worker!, pid!]));
}

async function status(gavel: RunningGavel): Promise<{ workers: object; worker: number }> {
  return (await fetch(`${gavel.url}/status`)).json() as Promise<{ workers: object; worker: number }>;
}

async function auctionsCounted(gavel: RunningGavel): Promise<number> {
  return auctionsIn(await (await fetch(`${gavel.url}/metrics`)).text());
}

function auctionsIn(text: string): number {
  const values = [...text.matchAll(/^rtb_auction_requests_total\{[^}]*\} (\d+)/gm)].map(([, value]) => Number(value));
  return values.reduce((sum, value) => sum + value, 0);
}

/** So many that both workers have some, whoever else connects meanwhile. */
function clientsOf(gavel: RunningGavel): KeepAliveClient[] {
  return Array.from({ length: 8 }, (_, index) => keepAliveClient(gavel.url, `client-${index}`));
}

/** Which worker is at the other end of a client's connection. */
async function workerAt(client: KeepAliveClient): Promise<number> {
  return (JSON.parse(await client.get('/status')) as { worker: number }).worker;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!IS_BUILT)('gavel serve --workers (needs a build: npm run build)', { timeout: 120_000 }, () => {
  it('survives the death of a worker: others do not notice, it is replaced, sums never go back', async () => {
    const gavel = await serve([...WORKERS, ...SIMULATED]);
    const before = pids(gavel);
    expect([...before.keys()].toSorted()).toEqual([1, 2]);
    const clients = clientsOf(gavel);
    const workerOf = await Promise.all(clients.map(workerAt));
    expect(new Set(workerOf)).toEqual(new Set([1, 2]));
    const runs = clients.map((client) => client.run());
    const count = () => clients.reduce((sum, { answered }) => sum + answered.length, 0);
    await expect.poll(count, PATIENCE).toBeGreaterThan(100);

    const counted = [await auctionsCounted(gavel)];
    process.kill(before.get(1)!, 'SIGKILL');
    const replaced = async () => {
      counted.push(await auctionsCounted(gavel));
      const isNew = pids(gavel).get(1) !== before.get(1);
      return isNew && JSON.stringify((await status(gavel)).workers);
    };
    await expect.poll(replaced, PATIENCE).toBe('{"configured":2,"serving":2}');
    const answeredThen = count();
    await expect.poll(count, PATIENCE).toBeGreaterThan(answeredThen + 50);
    counted.push(await auctionsCounted(gavel));
    for (const client of clients) client.stop();
    await Promise.all(runs);

    expect(counted).toEqual(counted.toSorted((a, b) => a - b));
    for (const [index, { failures, otherStatuses }] of clients.entries()) {
      expect(otherStatuses).toEqual([]);
      expect(failures.length, failures.join()).toBeLessThanOrEqual(workerOf[index] === 1 ? 1 : 0);
    }
    gavel.kill('SIGTERM');
    expect(await gavel.ended).toEqual({ code: 0, signal: null });
    const logged = new Set((await readAuctionEvents(folder)).map(({ requestId }) => requestId));
    const untouched = clients.filter((_client, index) => workerOf[index] === 2);
    expect(untouched.flatMap(({ answered }) => answered).filter((id) => !logged.has(id))).toEqual([]);
    expect((await runGavel(['events', '--data', folder, '--count'])).stdout).toBe(`${logged.size}\n`);
  });

  it.each([{ workers: '1' }, { workers: '2' }])(
    'drains $workers by SIGTERM under load without a failed request, and logs every answer',
    async ({ workers }) => {
      const gavel = await serve(['--workers', workers, ...SIMULATED]);
      const clients = clientsOf(gavel);
      const runs = clients.map((client) => client.run());
      await expect
        .poll(() => Math.min(...clients.map(({ answered }) => answered.length)), PATIENCE)
        .toBeGreaterThan(10);
      gavel.kill('SIGTERM');
      gavel.kill('SIGTERM');
      await Promise.all(runs);
      gavel.kill('SIGTERM');
      expect(await gavel.ended).toEqual({ code: 0, signal: null });
      for (const { failures, otherStatuses } of clients)
        expect({ failures, otherStatuses }).toEqual({ failures: [], otherStatuses: [] });
      const logged = (await readAuctionEvents(folder)).map(({ requestId }) => requestId);
      expect(logged.toSorted()).toEqual(clients.flatMap(({ answered }) => answered).toSorted());
    },
  );

  it.each(['SIGTERM', 'SIGHUP'] as const)(
    'replaces one worker that got %s, without a failed request',
    async (signal) => {
      const gavel = await serve([...WORKERS, ...SIMULATED]);
      const [, pid] = [...pids(gavel)][0]!;
      const clients = clientsOf(gavel);
      const runs = clients.map((client) => client.run());
      await expect.poll(() => Math.min(...clients.map(({ answered }) => answered.length)), PATIENCE).toBeGreaterThan(5);
      process.kill(pid, signal);
      const served = () => logLines(gavel).filter(({ msg }) => msg === 'worker serves').length;
      await expect.poll(() => !isAlive(pid) && served(), PATIENCE).toBe(3);
      await expect.poll(async () => (await status(gavel)).workers, PATIENCE).toEqual({ configured: 2, serving: 2 });
      for (const client of clients) client.stop();
      await Promise.all(runs);
      for (const { failures, otherStatuses } of clients)
        expect({ failures, otherStatuses }).toEqual({ failures: [], otherStatuses: [] });
    },
  );

  it('drains once when the whole process group gets SIGHUP, as from a terminal that closes', async () => {
    const gavel = await serve([...WORKERS, ...SIMULATED]);
    const workers = [...pids(gavel).values()];
    const clients = clientsOf(gavel);
    const runs = clients.map((client) => client.run());
    await expect.poll(() => Math.min(...clients.map(({ answered }) => answered.length)), PATIENCE).toBeGreaterThan(5);
    gavel.kill('SIGHUP');
    for (const pid of workers) process.kill(pid, 'SIGHUP');
    await Promise.all(runs);
    expect(await gavel.ended).toEqual({ code: 0, signal: null });
    for (const { failures, otherStatuses } of clients)
      expect({ failures, otherStatuses }).toEqual({ failures: [], otherStatuses: [] });
  });

  it('ends its workers when the supervisor is killed; what they leave is there for the next one, with fewer', async () => {
    const gavel = await serve();
    for (let index = 0; index < 6; index += 1) await postAdRequest(gavel.url, adRequest(`r-${index}`));
    const workers = [...pids(gavel).values()];
    gavel.kill('SIGKILL');
    expect(await gavel.ended).toMatchObject({ signal: 'SIGKILL' });
    await expect.poll(() => workers.filter(isAlive), PATIENCE).toEqual([]);
    const single = await serve([]);
    await postAdRequest(single.url, adRequest('r-6'));
    await expect
      .poll(async () => (await readAuctionEvents(folder)).map(({ requestId }) => requestId).toSorted(), PATIENCE)
      .toEqual(Array.from({ length: 7 }, (_, index) => `r-${index}`));
  });

  it('shows the metrics of a worker that hangs as they were, and does not hang with it', async () => {
    const gavel = await serve();
    for (let index = 0; index < 4; index += 1) await postAdRequest(gavel.url, adRequest(`r-${index}`));
    expect(await auctionsCounted(gavel)).toBe(4);
    const clients = clientsOf(gavel);
    const workerOf = await Promise.all(clients.map(workerAt));
    const client = clients[workerOf.indexOf(2)]!;
    process.kill(pids(gavel).get(1)!, 'SIGSTOP');
    expect(auctionsIn(await client.get('/metrics'))).toBe(4);
    process.kill(pids(gavel).get(1)!, 'SIGCONT');
    expect(auctionsIn(await client.get('/metrics'))).toBe(4);
  });

  it('shows every worker to an operator, on one listener', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const token = 'a-token-of-some-length';
    const config = join(folder, 'gavel.yaml');
    await writeFile(
      config,
      `admin: { port: ${port}, token: ${token} }\ndsps: [{ id: down, url: "http://127.0.0.1:1/" }]\n`,
    );
    const gavel = await serve([...WORKERS, '--config', config]);
    for (let index = 0; index < 4; index += 1) await postAdRequest(gavel.url, adRequest(`r-${index}`));
    const answer = await fetch(`http://127.0.0.1:${port}/admin/dsps`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await answer.json()).toEqual([
      expect.objectContaining({
        id: 'down',
        callCount: 4,
        workers: [expect.objectContaining({ worker: 1 }), expect.objectContaining({ worker: 2 })],
      }),
    ]);
  });

  it('tells outcomes to the worker that ran their auction, and counts each once', async () => {
    const dsp = await startScriptedDsp({ bid: bidding({ price: 1 }) });
    const port = await freePort();
    const token = 'a-token-of-some-length';
    const config = join(folder, 'gavel.yaml');
    await writeFile(
      config,
      `admin: { port: ${port}, token: ${token} }
auction: { tmaxDefaultMs: 5000, tmaxMaxMs: 5000 }
dspDefaults: { timeoutMs: 5000 }
protection: { enabled: false }
dsps: [{ id: by-click, url: "${dsp.origin}/bid", pricing: cpc }]
`,
    );
    const gavel = await serve([...WORKERS, '--config', config]);
    const admin = async (path: string, body?: string): Promise<{ status: number; body: unknown }> => {
      const method = body === undefined ? 'GET' : 'POST';
      const answer = await fetch(`http://127.0.0.1:${port}/admin/${path}`, {
        method,
        ...(body === undefined ? {} : { body }),
        headers: { authorization: `Bearer ${token}` },
      });
      return { status: answer.status, body: await answer.json() };
    };
    const clicks: object[] = [];
    for (let index = 0; index < 8; index += 1) {
      const answer = await postAdRequest(gavel.url, adRequest(`r-${index}`), { headers: { connection: 'close' } });
      clicks.push({ auction: answer.body.bidid, imp: '1', type: 'click' });
    }
    const report = JSON.stringify([...clicks, { auction: 'of-yesterday', imp: '1', type: 'click' }]);
    const counts = { counted: 0, duplicate: 0, 'out-of-window': 0, unknown: 1 };
    process.kill(pids(gavel).get(1)!, 'SIGSTOP');
    expect(await admin('outcomes', report)).toEqual({
      status: 503,
      body: { error: 'worker 1 does not answer; report again' },
    });
    process.kill(pids(gavel).get(1)!, 'SIGCONT');
    await expect
      .poll(() => admin('outcomes', report), PATIENCE)
      .toEqual({ status: 200, body: { ...counts, duplicate: 8 } });
    const { workers } = (await admin('estimates')).body as { workers: { worker: number; awaited: number }[] };
    expect(workers.map(({ worker }) => worker)).toEqual([1, 2]);
    for (const { awaited } of workers) expect(awaited).toBeGreaterThan(0);
    expect(workers[0]!.awaited + workers[1]!.awaited).toBe(8);
    expect(await metricOf(gavel.url, 'rtb_ctr_outcomes_total', { result: 'unknown' })).toBeGreaterThan(0);
    await dsp.close();
  });

  it('takes a tracking URL wherever it is called, and tells the estimates of who ran the auction', async () => {
    const dsp = await startScriptedDsp({ bid: bidding({ price: 1, adm: '<b>ad</b>' }) });
    const config = join(folder, 'gavel.yaml');
    await writeFile(
      config,
      `auction: { tmaxDefaultMs: 5000, tmaxMaxMs: 5000 }
dspDefaults: { timeoutMs: 5000 }
protection: { enabled: false }
events: { tracking: { baseUrl: listening } }
dsps: [{ id: by-click, url: "${dsp.origin}/bid", pricing: cpc }]
`,
    );
    const gavel = await serve([...WORKERS, '--config', config]);
    const headers = { connection: 'close' };
    for (let index = 0; index < 8; index += 1) {
      const { body } = await postAdRequest(gavel.url, adRequest(`r-${index}`), { headers });
      const [url] = /http[^"]+/.exec(body.seatbid![0]!.bid[0]!.adm!)!;
      // On one connection after the other: of each two, one is with the worker that did not run the auction.
      if (index % 2 === 0) await fetch(`${gavel.url}/status`, { headers });
      expect((await fetch(url, { headers })).status).toBe(200);
    }
    await expect.poll(() => metricOf(gavel.url, 'rtb_ctr_outcomes_total', { result: 'counted' }), PATIENCE).toBe(8);
    await dsp.close();
  });

  it('has one supervisor or engine per data folder', async () => {
    await serve();
    for (const workers of ['1', '2']) {
      const second = await runGavel(['serve', '--port', '0', '--data', folder, '--workers', workers], COLD);
      expect(second).toMatchObject({ code: 2, stdout: '' });
      expect(second.stderr).toMatch(/^gavel: .*in use by process \d+.*--data folder$/m);
    }
  });

  it('says in one line that its port is taken, or that no worker can start', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const taken = await runGavel(['serve', ...WORKERS, '--port', String(port), '--data', folder], COLD);
    server.close();
    expect(taken).toMatchObject({ code: 2, stdout: '' });
    expect(taken.stderr).toMatch(new RegExp(`^gavel: .*${port}.*--port`, 'm'));
    await writeFile(join(folder, 'worker-1'), 'no folder');
    await writeFile(join(folder, 'worker-2'), 'no folder');
    const unusable = await runGavel(['serve', ...WORKERS, '--port', '0', '--data', folder], COLD);
    expect(unusable).toMatchObject({ code: 2, stdout: '' });
    expect(unusable.stderr).toMatch(/^gavel: .*worker-\d.*--data folder$/m);
  });

  it.each(['0', 'abc', '65', '1.5', ''])('refuses --workers "%s" in one line', async (workers) => {
    const { code, stdout, stderr } = await runGavel(['serve', '--workers', workers], COLD);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^gavel: --workers must be a whole number from 1 to 64, is ".*"\n$/);
  });
});
