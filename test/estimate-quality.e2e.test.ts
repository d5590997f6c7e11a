/** Estimates that sold clicks are compared with what the publisher's side reports, and somebody is told when they are wrong. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TRAINER_KEY, writeBundle } from '../adapters/model/testing/build-bundle.ts';
import { SHIPPED_MODEL_KEY, shippedModelFolder } from '../config/shipped-model.ts';
import { SCHEMA_HASH } from '../engine/estimation/features/schema.ts';
import { CalibratedModel } from '../engine/estimation/models/calibrated-model.ts';
import { readCalibration } from '../engine/estimation/models/calibration.ts';
import { goldenLogLoss, readGoldenSet } from '../engine/estimation/models/golden-set.ts';
import { readModel } from '../engine/estimation/models/model.ts';
import type { QualityReport } from '../engine/estimation/quality/estimate-quality.ts';
import type { BidRequest } from '../openrtb/types.ts';
import { ClickWorld, localHour, WORLD_SEED } from '../simulator/clicks/click-world.ts';
import { defaultScenarioPath, loadScenario } from '../simulator/dsp/scenario.ts';
import { type RunningDsps, startDspServers } from '../simulator/dsp/server.ts';
import { seededRandom } from '../simulator/random.ts';
import { generateRequest } from '../simulator/traffic/request-generator.ts';
import { freePort } from './support/free-port.ts';
import { metricOf } from './support/metric.ts';
import { startTestGavel, type TestGavel } from './support/test-gavel.ts';

const PATIENCE = { timeout: 20_000, interval: 20 };
const TOKEN = 'a-token-of-some-length';
const WINDOW_MS = 600_000;
/** The day after those that the shipped model was trained on. */
const START_MS = Date.UTC(2026, 0, 11, 12);
const CLIENTS = 16;
const TRIPLED_VERSION = 7;

let folder: string;
let dsps: RunningDsps;
let gavel: TestGavel;
let adminUrl: string;
/** Time that has passed besides the real one. */
let skippedMs: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'estimate-quality-'));
  dsps = await startDspServers({ scenario: loadScenario(defaultScenarioPath()), count: 5 });
  skippedMs = 0;
});
afterEach(async () => {
  await gavel.close();
  await dsps.close();
  await rm(folder, { recursive: true, force: true });
});

/** The shipped model, but for a calibration that triples the odds. */
async function publishTripled(): Promise<void> {
  const names = ['model.txt', 'rates.json', 'golden.json'];
  const files = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(shippedModelFolder('ctr'), name), 'utf8')])),
  );
  const shipped = JSON.parse(await readFile(join(shippedModelFolder('ctr'), 'calibration.json'), 'utf8'));
  const calibration = { ...shipped, intercept: shipped.intercept + Math.log(3) };
  const model = new CalibratedModel(readModel('gbdt', files['model.txt']!), readCalibration(calibration));
  const golden = readGoldenSet(files['golden.json']!);
  await writeBundle(folder, {
    version: TRIPLED_VERSION,
    files: { ...files, 'calibration.json': JSON.stringify(calibration) },
    manifest: {
      schemaHash: SCHEMA_HASH,
      kind: 'gbdt',
      expiresAt: '2999-01-01T00:00:00Z',
      golden: { rows: golden.count, logLoss: goldenLogLoss(model, golden) },
    },
  });
}

async function start(config: Record<string, unknown>): Promise<void> {
  const port = await freePort();
  adminUrl = `http://127.0.0.1:${port}`;
  gavel = await startTestGavel({
    otherDsps: dsps.endpoints.map(({ id, url }) => ({ id, url, pricing: 'cpc' as const })),
    config: {
      'admin.port': port,
      'admin.token': TOKEN,
      'admission.enabled': false,
      'protection.enabled': false,
      'estimation.model.source': 'bundle',
      'estimation.model.publicKeys': [SHIPPED_MODEL_KEY, TRAINER_KEY],
      'estimation.quality.attributionWindowMs': WINDOW_MS,
      'estimation.quality.clicksMin': 10,
      'estimation.quality.calibrationMin': 0.6,
      'estimation.quality.calibrationMax': 1.7,
      ...config,
    },
    outside: {
      clock: {
        wallMs: () => Math.floor(START_MS + performance.now() + skippedMs),
        monotonicMs: () => performance.now() + skippedMs,
      },
    },
  });
}

async function admin<Body>(path: string, init: RequestInit = {}): Promise<Body> {
  const answer = await fetch(`${adminUrl}${path}`, { ...init, headers: { authorization: `Bearer ${TOKEN}` } });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Body;
}

interface Sold {
  readonly auction: string;
  readonly imp: string;
  readonly version: string;
  readonly estimate: number;
  /** As the simulated world has it. */
  readonly probability: number;
  readonly isClicked: boolean;
}

/** Impressions, each the only one of its imp, and whether people click on them. */
async function sell(count: number): Promise<Sold[]> {
  const requests = new Map<string, BidRequest>();
  const traffic = seededRandom(1).fork('traffic');
  for (let index = 0; index < count; index++) {
    // Patient: a busy machine must not decide what is sold.
    const request = { ...generateRequest(traffic, index), tmax: 5000 };
    requests.set(request.id, request);
  }
  const waiting = [...requests.values()];
  const client = async (): Promise<void> => {
    for (let request = waiting.pop(); request !== undefined; request = waiting.pop()) await gavel.post(request);
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const world = new ClickWorld(WORLD_SEED);
  return (await gavel.allEvents(count)).flatMap(({ auctionId, requestId, atMs, input, outcome }) => {
    const request = requests.get(requestId)!;
    return outcome!.wins.map(({ bidIndex, impId }): Sold => {
      const bid = input!.bids[bidIndex]!;
      const imp = request.imp.find(({ id }) => id === impId)!;
      const probability = world.clickProbability(request, imp, bid, localHour(request, atMs));
      return {
        auction: auctionId,
        imp: impId,
        version: String(bid.ctrModel ?? bid.ctrSource),
        estimate: bid.ctr,
        probability,
        isClicked: seededRandom(2).fork(`${requestId} ${impId}`).chance(probability),
      };
    });
  });
}

const outcomesOf = (sold: readonly Sold[]) =>
  sold.flatMap(({ auction, imp, isClicked }) => [
    { auction, imp, type: 'impression' },
    ...(isClicked ? [{ auction, imp, type: 'click' }] : []),
  ]);

/** Posted as logs are, and then the window passes. */
async function report(sold: readonly Sold[]): Promise<QualityReport> {
  const outcomes = outcomesOf(sold);
  const body = outcomes.map((outcome) => JSON.stringify(outcome)).join('\n');
  expect(await admin('/admin/outcomes', { method: 'POST', body })).toMatchObject({ counted: outcomes.length });
  skippedMs += WINDOW_MS;
  return vi.waitFor(async () => {
    const quality = await admin<QualityReport>('/admin/estimates');
    expect(quality.awaited).toBe(0);
    return quality;
  }, PATIENCE);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
const estimatesOf = (sold: readonly Sold[]): number => sum(sold.map(({ estimate }) => estimate));
const clicksOf = (sold: readonly Sold[]): number => sold.filter(({ isClicked }) => isClicked).length;
const metric = (name: string, labels: Record<string, string>): Promise<number> => metricOf(gavel.url, name, labels);

describe('estimates of the model that ships', () => {
  it('are as good as the simulated world says, and a candidate that triples them is seen to', async () => {
    await publishTripled();
    await start({ 'estimation.model.shadow.directory': folder, 'estimation.model.shadow.share': 1 });
    const sold = await sell(800);
    const served = { version: sold[0]!.version, arm: 'served' };
    const shadow = { version: String(TRIPLED_VERSION), arm: 'shadow' };
    const quality = await report(sold);

    const clicks = clicksOf(sold);
    expect(clicks).toBeGreaterThan(10);
    const ratio = await metric('rtb_ctr_calibration_ratio', served);
    expect(ratio).toBeCloseTo(estimatesOf(sold) / clicks, 9);
    // Estimated against true probabilities of what was sold: free of the chance of single clicks.
    const truth = estimatesOf(sold) / sum(sold.map(({ probability }) => probability));
    expect(truth).toBeGreaterThan(0.85);
    expect(truth).toBeLessThan(1.15);
    expect(await metric('rtb_ctr_auc', served)).toBeGreaterThan(0.6);
    const tripled = (await metric('rtb_ctr_calibration_ratio', shadow)) / ratio;
    expect(tripled).toBeGreaterThan(2.5);
    expect(tripled).toBeLessThan(3);
    expect(await metric('rtb_ctr_log_loss', shadow)).toBeGreaterThan(await metric('rtb_ctr_log_loss', served));
    expect(await metric('rtb_ctr_quality_alert', {})).toBe(0);
    expect(quality.lines.map(({ version, arm, count }) => ({ version, arm, count }))).toEqual([
      { ...served, count: sold.length },
      { ...shadow, count: sold.length },
    ]);
    expect(quality).toMatchObject({ shadowVersion: TRIPLED_VERSION, fallback: { fallbackShare: 0 } });
  });
});

describe('an alert is raised', () => {
  it('by a model that triples what is true', async () => {
    await publishTripled();
    await start({ 'estimation.model.directory': folder });
    await report(await sell(500));
    expect(await metric('rtb_ctr_quality_alert', { kind: 'calibration' })).toBe(1);
    expect(await metric('rtb_ctr_quality_alert', {})).toBe(1);
  });

  it('while there is no model', async () => {
    await start({ 'estimation.model.directory': folder });
    const quality = await report(await sell(50));
    expect(await metric('rtb_ctr_quality_alert', { kind: 'fallback-share' })).toBe(1);
    expect(quality.lines).toMatchObject([{ version: 'fallback', arm: 'served' }]);
  });
});

it('counts an outcome once, however often it is reported', async () => {
  await start({});
  const sold = await sell(20);
  await gavel.post({ ...generateRequest(seededRandom(3), 0), test: 1 });
  expect(await admin('/admin/estimates')).toMatchObject({ awaited: sold.length, lines: [] });
  const body = JSON.stringify([...outcomesOf(sold), { auction: 'nobody-knows', imp: '1', type: 'click' }]);
  const again = { counted: 0, duplicate: outcomesOf(sold).length, unknown: 1 };
  await admin('/admin/outcomes', { method: 'POST', body });
  expect(await admin('/admin/outcomes', { method: 'POST', body })).toMatchObject(again);
  expect(await metric('rtb_ctr_outcomes_total', { result: 'duplicate' })).toBe(again.duplicate);
  expect(await metric('rtb_ctr_outcomes_total', { result: 'unknown' })).toBe(2);
});
