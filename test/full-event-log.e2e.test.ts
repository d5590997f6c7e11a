/** What is sold while no event can be stored: what could never be billed or proved is not. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventLogFolder } from '../adapters/event-log/log-folders.ts';
import { campaign } from '../engine/campaign/testing/build-booking.ts';
import { eventually, isWonBy, writesOf } from './support/house-campaigns.ts';
import { metricOf } from './support/metric.ts';
import { bidding } from './support/scripted-dsp.ts';
import { adRequest, bidsOf, startTestGavel, type TestGavel } from './support/test-gavel.ts';

let dataDirectory: string;
let gavel: TestGavel;
let requests = 0;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-full-log-'));
});

afterEach(async () => {
  await gavel.close();
  await rm(dataDirectory, { recursive: true });
});

const SMALL_LOG = { 'events.segmentBytesMax': 16_384, 'events.totalBytesMax': 65_536, 'events.retention': 'refuse' };

async function start(config: Record<string, unknown>): Promise<void> {
  gavel = await startTestGavel({
    dsps: { rival: bidding({ price: 1 }) },
    config: { ...SMALL_LOG, ...config },
    dataDirectory,
  });
}

const ask = () => gavel.post(adRequest(`request-${requests++}`));
const unstorable = () => metricOf(gavel.url, 'rtb_events_unstorable');

async function untilFull(): Promise<void> {
  await eventually(async () => {
    await ask();
    expect(await unstorable()).toBe(1);
  });
}

async function makeRoom(): Promise<void> {
  const folder = eventLogFolder(dataDirectory);
  const segments = (await readdir(folder)).filter((name) => name.endsWith('.seg')).sort();
  await rm(join(folder, segments[0]!));
}

it('F34 bids of DSPs are, campaigns of our own are not, and are again once there is room', async () => {
  await start({ 'campaigns.enabled': true, 'campaigns.refreshIntervalMs': 50, 'campaigns.pacingIntervalMs': 1000 });
  const { store } = gavel.gavel.campaigns!.books;
  await store.write(writesOf({ campaign: campaign({ delivery: 'asap' }) }), 'test');
  const untilSold = () => eventually(async () => expect(isWonBy(await ask(), 'line-1')).toBe(true));
  await untilSold();
  await untilFull();
  for (let count = 0; count < 5; count += 1) {
    const answer = await ask();
    expect(bidsOf(answer)).toHaveLength(1);
    expect(isWonBy(answer, 'line-1')).toBe(false);
  }
  expect(await (await fetch(`${gavel.url}/status`)).json()).toMatchObject({ status: 'degraded' });
  await makeRoom();
  await untilSold();
  expect(await unstorable()).toBe(0);
});

it('F34 with sellUnstored nothing, nothing is, until there is room', async () => {
  await start({ 'events.sellUnstored': 'nothing' });
  expect(bidsOf(await ask())).toHaveLength(1);
  await untilFull();
  for (let count = 0; count < 5; count += 1) expect(bidsOf(await ask())).toEqual([]);
  await makeRoom();
  await eventually(async () => expect(bidsOf(await ask())).toHaveLength(1));
});
