/** Campaigns of our own over HTTP: won, billed, bounded, paused, capped. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { campaign } from '../engine/campaign/testing/build-booking.ts';
import { eventually, expectSoundBooks, figuresOf, isWonBy, writesOf } from './support/house-campaigns.ts';
import { bidding } from './support/scripted-dsp.ts';
import { type AdAnswer, adRequest, bidsOf, startTestGavel, type TestGavel } from './support/test-gavel.ts';

const CONFIG = { 'campaigns.enabled': true, 'campaigns.refreshIntervalMs': 50, 'campaigns.pacingIntervalMs': 1000 };

let dataDirectory: string;
let gavel: TestGavel | null = null;

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'gavel-campaigns-'));
});

afterEach(async () => {
  await stop();
  await expectSoundBooks(dataDirectory);
  await rm(dataDirectory, { recursive: true });
});

async function start(config: Record<string, unknown> = {}): Promise<TestGavel> {
  gavel = await startTestGavel({
    dsps: { rival: bidding({ price: 1 }) },
    config: { ...CONFIG, ...config },
    dataDirectory,
  });
  return gavel;
}

async function stop(): Promise<void> {
  await gavel?.close();
  gavel = null;
}

const houseOf = (engine: TestGavel) => engine.gavel.campaigns!;

let requests = 0;
const ask = (engine: TestGavel, parts: object = {}): Promise<AdAnswer> =>
  engine.post(adRequest(`request-${requests++}`, parts));

/** Asks until the line item wins. */
async function untilWon(engine: TestGavel, lineItemId: string): Promise<AdAnswer> {
  let answer: AdAnswer | null = null;
  await eventually(async () => {
    answer = await ask(engine);
    expect(isWonBy(answer, lineItemId)).toBe(true);
  });
  return answer!;
}

const impressionOf = (answer: AdAnswer) =>
  ({ auctionId: answer.body.bidid!, impId: '1', type: 'impression', atMs: null }) as const;

it('win against DSPs at a price that the campaign has, and are billed once', async () => {
  const engine = await start();
  await houseOf(engine).books.store.write(writesOf({ campaign: campaign({ delivery: 'asap' }) }), 'test');
  const answer = await untilWon(engine, 'line-1');
  expect(bidsOf(answer)[0]!.price).toBe(1.01);
  expect(await engine.gavel.reportOutcomes([impressionOf(answer)])).toBeDefined();
  expect((await figuresOf(houseOf(engine).ledger, 'spring')).spent).toBe(1_010_000n);
  await engine.gavel.reportOutcomes([impressionOf(answer), impressionOf(answer)]);
  expect((await figuresOf(houseOf(engine).ledger, 'spring')).spent).toBe(1_010_000n);
});
