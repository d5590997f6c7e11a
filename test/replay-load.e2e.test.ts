/** Recorded requests against an engine: those of events rebuilt, those of captures as they are. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { replay } from '../commands/replay.ts';
import type { AuctionEvent } from '../engine/exchange/auction-event.ts';
import { runCommand } from './support/run-command.ts';
import { bidding } from './support/scripted-dsp.ts';
import { adRequest, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const AUCTIONS = 20;

const start = (): Promise<TestGavel> =>
  startTestGavel({ dsps: { bidder: bidding({ price: 2 }) }, config: { 'admission.enabled': false } });

let folder: string;
let recorded: TestGavel;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gavel-load-'));
  recorded = await start();
  for (let i = 0; i < AUCTIONS; i++) await recorded.post(adRequest(`request-${i}`, { user: { id: 'somebody' } }));
  await recorded.allEvents(AUCTIONS);
});
afterAll(async () => {
  await recorded?.close();
  await rm(folder, { recursive: true, force: true });
});

it('sells again what was sold, as tests where that is wanted', async () => {
  const engine = await start();
  try {
    const args = ['load', '--data', recorded.dataDirectory, '--url', engine.url, '--rate', '200', '--test', '--json'];
    const { code, stdout } = await runCommand(replay, args);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      requests: { due: AUCTIONS, answered: AUCTIONS, filled: AUCTIONS, notSent: 0, unreadable: 0 },
      statuses: { 200: AUCTIONS },
      errors: {},
      read: { auctions: AUCTIONS, notRebuilt: 0 },
    });
    const again = byRequest(await engine.allEvents(AUCTIONS));
    const before = byRequest(await recorded.events());
    expect(again.every(({ isTest }) => isTest)).toBe(true);
    for (const part of ['requestId', 'features'] as const) {
      expect(again.map((event) => event[part])).toEqual(before.map((event) => event[part]));
    }
    expect(again.map(({ outcome }) => outcome!.wins)).toEqual(before.map(({ outcome }) => outcome!.wins));
  } finally {
    await engine.close();
  }
});

function byRequest(events: readonly AuctionEvent[]): AuctionEvent[] {
  return events.toSorted((one, other) => one.requestId.localeCompare(other.requestId));
}

it('sends captures to the letter, at the pace that they tell', async () => {
  const bodies: string[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(`${request.url} ${body}`);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const file = join(folder, 'capture.ndjson');
  await writeFile(
    file,
    '{"at":"2026-11-21T19:00:00Z","request":{"id":"a", "x":1.50}}\n{"atMs":1795287601000,"request":{"id":"b"}}\n',
  );
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const { code, stdout } = await runCommand(replay, ['load', '--payloads', file, '--url', url, '--speed', '5x']);
    expect(code).toBe(0);
    expect(bodies).toEqual(['/openrtb2/auction {"id":"a", "x":1.50}', '/openrtb2/auction {"id":"b"}']);
    expect(stdout).toMatch(/^Sent as they are: requests of .*capture\.ndjson\n\nrequests {4}2\nanswered {4}2\n/);
  } finally {
    server.close();
  }
});

it.each([
  [['load'], 'replay load: name the engine with --url'],
  [['load', '--url', 'engine'], '--url must be like http://127.0.0.1:8080, is "engine"'],
  [['load', '--url', 'http://x', '--speed', 'fast'], '--speed must be like 2x or 0.5x, is "fast"'],
  [['load', '--url', 'http://x', '--speed', '0x'], '--speed must be like 2x or 0.5x, is "0x"'],
  [['load', '--url', 'http://x', '--speed', '2x', '--rate', '1'], 'replay load: either --speed or --rate'],
  [['load', '--url', 'http://x', '--payloads', '/nowhere'], '/nowhere: does not exist'],
  [
    ['load', '--url', 'http://x', '--payloads', '/nowhere', '--test'],
    '--test marks rebuilt requests; those of --payloads are sent as they are',
  ],
  [['what-if', '--mechanism', 'third_price'], '--mechanism must be one of first_price, gsp, vcg, is "third_price"'],
  [['what-if', '--set', 'floors'], '--set must be like auction.incrementCpmMicros=50000, is "floors"'],
  [
    ['what-if', '--set', 'auction.dealOrder=never'],
    'command line: auction.dealOrder: must be one of deal_first, price_first, is "never"',
  ],
  [['what-if', '--set', 'auction.x=1'], /^command line: auction\.x: no such setting/],
  [['what-if', '--set', 'floors=[{'], /^--set floors: /],
  [['what-if', '--config', '/nowhere.yaml'], '/nowhere.yaml: cannot be read (ENOENT)'],
  [['verify', '--data', '/nowhere'], "replay: no event log in /nowhere; name the engine's folder with --data"],
  [['verify', '--data', 'README.md'], /^replay: ENOTDIR: .*README\.md/],
  [['verify', '--source', 'tape'], '--source must be one of log, archive, kafka, is "tape"'],
  [
    ['verify', '--until', '2026-11-20', '--from', '2026-11-21'],
    '--from must not be behind --until: 2026-11-21 is behind 2026-11-20',
  ],
  [['verify', '--kafka', '127.0.0.1:1'], /^replay: .*ECONNREFUSED 127\.0\.0\.1:1/],
  [['rewind'], 'replay: "rewind" is nothing that can be done; there are verify, what-if, load'],
] as const)('refuses gavel replay %j in one line', async (args, refusal) => {
  const { code, stderr, stdout } = await runCommand(replay, args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  if (typeof refusal === 'string') expect(stderr).toBe(refusal);
  else expect(stderr).toMatch(refusal);
});

it('says that nothing was found of a time', async () => {
  const window = ['--from', '2020-01-01', '--until', '2020-01-02'];
  const { code, stderr } = await runCommand(replay, ['verify', '--data', recorded.dataDirectory, ...window]);
  expect(code).toBe(2);
  expect(stderr).toContain('replay: no auction of that time in the event logs in');
});

it.each(['verify', 'what-if', 'load'])('lists the options of %s', async (action) => {
  const { code, stdout } = await runCommand(replay, [action, '--help']);
  expect(code).toBe(0);
  expect(stdout).toContain(`Usage: gavel replay ${action} [options]`);
});
