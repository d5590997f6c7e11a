/** The process from outside: killed, stopped, started twice, and called with nonsense. */

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COLD, IS_BUILT, type RunningGavel, runGavel, serveGavel } from './support/gavel-process.ts';
import { startLoad } from './support/load.ts';
import { bidding, startScriptedDsp } from './support/scripted-dsp.ts';
import { adRequest, bidsOf, postAdRequest, readAuctionEvents } from './support/test-gavel.ts';

let folder: string;
const running: RunningGavel[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-process-'));
});

afterEach(async () => {
  for (const gavel of running.splice(0)) {
    gavel.kill('SIGKILL');
    await gavel.ended;
  }
  await rm(folder, { recursive: true, force: true });
});

async function serve(args: readonly string[]): Promise<RunningGavel> {
  const gavel = await serveGavel(['--data', folder, ...args], COLD);
  running.push(gavel);
  return gavel;
}

/** Lines that are no log lines. */
function words(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
}

const SIMULATED = ['--with-simulated-dsps', '--dsps', '5'];
/** How long a stop may take when nothing is left to do: clients that keep their connections must not hold it up. */
const STOP_MS_MAX = 5000;
/** How long an answered event may be on its way to the log. */
const ON_ITS_WAY_MS = 250;

describe.skipIf(!IS_BUILT)('gavel serve (needs a build: npm run build)', () => {
  it('killed under load, opens its log again and has every event that was acknowledged', async () => {
    const gavel = await serve(SIMULATED);
    const load = startLoad(gavel.url, { clients: 8, seed: Math.floor(Math.random() * 2 ** 31) });
    await load.answered(300 + Math.floor(Math.random() * 300));
    const killedAtMs = performance.now();
    gavel.kill('SIGKILL');
    expect(await gavel.ended).toMatchObject({ signal: 'SIGKILL' });
    await load.ended;
    const acknowledged = [...load.answeredAtMs]
      .filter(([, atMs]) => atMs < killedAtMs - ON_ITS_WAY_MS)
      .map(([id]) => id);
    expect(acknowledged.length).toBeGreaterThan(50);

    const again = await serve([]);
    const kept = await readAuctionEvents(folder);
    const ids = kept.map(({ requestId }) => requestId);
    expect(acknowledged.filter((id) => !ids.includes(id))).toEqual([]);
    expect(new Set(kept.map(({ auctionId }) => auctionId)).size).toBe(kept.length);
    expect(await runGavel(['events', '--data', folder, '--count'])).toMatchObject({
      code: 0,
      stdout: `${kept.length}\n`,
      stderr: '',
    });

    await postAdRequest(again.url, adRequest('after-the-kill'));
    await expect.poll(async () => (await readAuctionEvents(folder)).at(-1)!.requestId).toBe('after-the-kill');
  });

  it('refuses a data folder that is in use', async () => {
    const gavel = await serve([]);
    const second = await runGavel(['serve', '--port', '0', '--data', folder], COLD);
    expect(second).toMatchObject({ code: 2, stdout: '' });
    expect(words(second.stderr)).toEqual([expect.stringContaining(folder)]);
    expect(await postAdRequest(gavel.url, adRequest('still-there'))).toMatchObject({ status: 200 });
  });

  it('ends by SIGTERM under load with nothing lost: what it started it answers, what it answered it logs', async () => {
    const gavel = await serve(SIMULATED);
    const load = startLoad(gavel.url, { clients: 8, seed: 1 });
    await load.answered(200);
    const stoppedAtMs = performance.now();
    gavel.kill('SIGTERM');
    expect(await gavel.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - stoppedAtMs).toBeLessThan(STOP_MS_MAX);
    await load.ended;
    const logged = (await readAuctionEvents(folder)).map(({ requestId }) => requestId);
    expect(logged.toSorted()).toEqual([...load.answeredAtMs.keys()].toSorted());
  });

  it('finishes the auctions under way when SIGTERM comes, and takes no new ones', async () => {
    const waiting: (() => void)[] = [];
    const dsp = await startScriptedDsp({
      bid: (request, response) => waiting.push(() => bidding({ price: 1 })(request, response)),
    });
    const config = join(folder, 'gavel.yaml');
    await writeFile(
      config,
      `log: { level: warn }\nauction: { tmaxMaxMs: 10000, progressive: false }\ndspDefaults: { timeoutMs: 8000, callsPerSecond: 10 }\ndsps: [{ id: slow, url: "${dsp.origin}/bid" }]\n`,
    );
    const gavel = await serve(['--config', config]);
    const ids = Array.from({ length: 20 }, (_, index) => `under-way-${index}`);
    const answers = ids.map((id) => postAdRequest(gavel.url, adRequest(id, { tmax: 9000 })));
    await expect.poll(() => waiting.length).toBe(ids.length);
    gavel.kill('SIGTERM');
    await expect
      .poll(() =>
        fetch(`${gavel.url}/status`).then(
          ({ status }) => status,
          () => 'refused',
        ),
      )
      .toBe('refused');
    // Supervisors repeat themselves.
    gavel.kill('SIGTERM');
    gavel.kill('SIGTERM');
    for (const answer of waiting) answer();
    for (const answer of await Promise.all(answers)) expect(bidsOf(answer)).toHaveLength(1);
    const answeredAtMs = performance.now();
    expect(await gavel.ended).toEqual({ code: 0, signal: null });
    expect((await readAuctionEvents(folder)).map(({ requestId }) => requestId).toSorted()).toEqual(ids.toSorted());
    expect(performance.now() - answeredAtMs).toBeLessThan(STOP_MS_MAX);
    await dsp.close();
  });
});

describe.skipIf(!IS_BUILT)('what the caller got wrong (needs a build: npm run build)', () => {
  async function expectOneLine(args: readonly string[], mention: string | RegExp, env = {}): Promise<void> {
    const { code, stdout, stderr } = await runGavel(args, { ...COLD, ...env });
    expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' });
    expect(words(stderr)).toEqual([expect.stringMatching(mention)]);
  }

  it.each([
    { args: ['frobnicate'], mention: /no command "frobnicate"/ },
    { args: ['serve', '--frobnicate'], mention: /--frobnicate/ },
    { args: ['serve', 'now'], mention: /now/ },
    { args: ['serve', '--port'], mention: /--port/ },
    { args: ['serve', '--port', '99999'], mention: /--port.*65535/ },
    { args: ['serve', '--port', 'http'], mention: /--port.*"http"/ },
    { args: ['serve', '--dsps', '3'], mention: /--with-simulated-dsps/ },
    { args: ['serve', '--with-simulated-dsps', '--dsps', '0'], mention: /--dsps/ },
    { args: ['serve', '--with-simulated-dsps', '--scenario', 'nowhere.yaml'], mention: /nowhere\.yaml/ },
    { args: ['serve', '--config', 'nowhere.yaml'], mention: /nowhere\.yaml/ },
    { args: ['simulate', '--rate', '0'], mention: /--rate/ },
    { args: ['simulate', '--scenario', 'nowhere.yaml'], mention: /nowhere\.yaml/ },
    { args: ['events', '--from', 'x'], mention: /--from/ },
    { args: ['events', '--data', 'nowhere'], mention: /nowhere/ },
    { args: ['bench', '--frobnicate'], mention: /--frobnicate/ },
  ])('gavel $args', ({ args, mention }) => expectOneLine(args, mention));

  it.each([
    { text: 'server:\n  idleTimeoutMs: 1\n', mention: /gavel\.yaml:2: server\.idleTimeoutMs/ },
    { text: 'server:\n  prot: 8080\n', mention: /gavel\.yaml:2: .*prot/ },
    { text: 'server: [\n', mention: /gavel\.yaml:\d/ },
    { text: '- 1\n', mention: /gavel\.yaml:1/ },
    {
      text: 'dsps:\n  - { id: a, url: "http://h/" }\n  - { id: a, url: "http://h/" }\n',
      mention: /gavel\.yaml:3: dsps\[1\]\.id/,
    },
  ])('a configuration of $text', async ({ text, mention }) => {
    const config = join(folder, 'gavel.yaml');
    await writeFile(config, text);
    await expectOneLine(['serve', '--port', '0', '--data', folder, '--config', config], mention);
  });

  it('a setting in the environment', () =>
    expectOneLine(['serve'], /GAVEL_SERVER_PORT/, { GAVEL_SERVER_PORT: 'http' }));

  it('a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expectOneLine(['serve', '--port', String(port), '--data', folder], new RegExp(`${port}.*--port`));
    server.close();
  });

  it('a data folder that is a file', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await expectOneLine(['serve', '--port', '0', '--data', file], /file.*--data/);
  });

  it.each([[[]], [['--help']], [['serve', '--help']], [['events', '--help']]])(
    'asking for help (%j) is nothing wrong',
    async (args) => {
      expect(await runGavel(args)).toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringContaining('Usage: gavel'),
      });
    },
  );
});
