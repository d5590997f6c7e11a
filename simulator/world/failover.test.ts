/** A region that is lost and comes back: who notices when, where clients go, and what becomes of money that died with it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { judge } from './checks/judge.ts';
import { drawCampaigns } from './faults/draw-campaigns.ts';
import type { Observation, WorldFacts } from './history.ts';
import { HistoryRecorder } from './history-recorder.ts';
import type { RunRecord } from './run-record.ts';
import { runWorld } from './run-world.ts';
import { worldScenario } from './scenario.ts';

const LOST_MS = 20_000;
const BACK_MS = 70_000;
const DETECT_MS = 5_000;
const TTL_MS = 10_000;
const PROVISION_MS = 15_000;

const LOST = worldScenario({
  name: 'lost',
  durationSec: 110,
  intervalSec: 5,
  settleSec: 5,
  traffic: { requestsPerSec: 12, shape: 'flat', users: 200, timeoutMs: 1000, repeatedReports: 0 },
  market: { dsps: 1 },
  regions: [
    { name: 'east', share: 6, engines: 2 },
    { name: 'west', share: 3, engines: 1, spareEngines: 1 },
    { name: 'south', share: 1, engines: 1 },
  ],
  failover: { detectSec: DETECT_MS / 1000, dnsTtlSec: TTL_MS / 1000, provisionSec: PROVISION_MS / 1000 },
  faults: [{ kind: 'process-down', target: 'east', fromSec: LOST_MS / 1000, forSec: (BACK_MS - LOST_MS) / 1000 }],
});

interface Run {
  readonly record: RunRecord;
  readonly observations: readonly Observation[];
}

async function run(scenario: typeof LOST, seed = 5): Promise<Run> {
  const observations: Observation[] = [];
  const faults: unknown[] = [];
  const record = await runWorld(scenario, {
    seed,
    watches: [{ observe: (seen) => observations.push(seen), onFault: (_process, error) => faults.push(error) }],
  });
  expect(faults).toEqual([]);
  return { record, observations };
}

/** Requests sent to an engine of this region, or of this name, in a time. */
function sentTo({ observations }: Run, target: string, fromMs: number, untilMs: number): number {
  return observations.filter(
    (seen) =>
      seen.kind === 'request-sent' && seen.process.startsWith(target) && seen.atMs >= fromMs && seen.atMs < untilMs,
  ).length;
}

function enteredMs({ observations }: Run, subject: string, state: string): number {
  return observations.find((seen) => seen.kind === 'failover' && seen.subject === subject && seen.state === state)!
    .atMs;
}

describe('a region that is lost', () => {
  let lost: Run;
  beforeAll(async () => {
    lost = await run(LOST);
  }, 120_000);

  it('is noticed when it has not answered for so long', () => {
    const noticedMs = enteredMs(lost, 'east', 'redirecting');
    const checkMs = DETECT_MS / 5;
    expect(noticedMs).toBeGreaterThan(LOST_MS + DETECT_MS - checkMs - 100);
    expect(noticedMs).toBeLessThanOrEqual(LOST_MS + DETECT_MS + checkMs);
    expect(enteredMs(lost, 'east', 'redirected')).toBe(noticedMs + TTL_MS);
  });

  it('gets the requests of those who have not asked for the way since, fewer and fewer, and then none', () => {
    const noticedMs = enteredMs(lost, 'east', 'redirecting');
    expect(sentTo(lost, 'east', LOST_MS, noticedMs)).toBeGreaterThan(20);
    const [early, late] = [
      sentTo(lost, 'east', noticedMs, noticedMs + TTL_MS / 2),
      sentTo(lost, 'east', noticedMs + TTL_MS / 2, noticedMs + TTL_MS),
    ];
    expect(early).toBeGreaterThan(late * 1.5);
    expect(late).toBeGreaterThan(0);
    expect(sentTo(lost, 'east', noticedMs + TTL_MS, BACK_MS)).toBe(0);
    const since = lost.record.intervals.filter(({ fromMs }) => fromMs >= noticedMs + TTL_MS && fromMs < BACK_MS);
    expect(since.map(({ unanswered }) => unanswered)).toEqual(since.map(() => 0));
  });

  it('is made up for by the others, by their shares', () => {
    const noticedMs = enteredMs(lost, 'east', 'redirecting');
    const share = (fromMs: number, untilMs: number): number =>
      sentTo(lost, 'west', fromMs, untilMs) / sentTo(lost, '', fromMs, untilMs);
    expect(Math.abs(share(0, LOST_MS) - 0.3)).toBeLessThan(0.1);
    expect(Math.abs(share(noticedMs + TTL_MS, BACK_MS) - 0.75)).toBeLessThan(0.1);
  });

  it('has spares started elsewhere, which go when it is back', () => {
    const noticedMs = enteredMs(lost, 'east', 'redirecting');
    const startedMs = lost.observations.find(
      (seen) => seen.kind === 'process-started' && seen.process === 'west-2',
    )!.atMs;
    expect(startedMs).toBeGreaterThanOrEqual(noticedMs + PROVISION_MS);
    expect(startedMs).toBeLessThan(noticedMs + PROVISION_MS + 1_000);
    expect(sentTo(lost, 'west-2', 0, startedMs)).toBe(0);
    expect(sentTo(lost, 'west-2', startedMs, BACK_MS)).toBeGreaterThan(50);
    const ended = lost.observations.find((seen) => seen.kind === 'process-ended' && seen.process === 'west-2')!;
    expect(ended).toMatchObject({ how: 'stopped' });
    expect(ended.atMs).toBeGreaterThan(BACK_MS + TTL_MS);
    expect(sentTo(lost, 'west-2', ended.atMs - 1_000, 110_000)).toBe(0);
  });

  it('gets its own traffic back as its clients hear of it', () => {
    const backMs = enteredMs(lost, 'east', 'returning');
    expect(backMs).toBeGreaterThanOrEqual(BACK_MS);
    expect(backMs).toBeLessThan(BACK_MS + 3_000);
    const share = sentTo(lost, 'east', backMs + TTL_MS, 110_000) / sentTo(lost, '', backMs + TTL_MS, 110_000);
    expect(Math.abs(share - 0.6)).toBeLessThan(0.1);
    const last = lost.record.intervals.at(-1)!;
    expect(last.unanswered).toBe(0);
  });

  it('is in the record, and is the same again', async () => {
    const spans = lost.record.states
      .filter(({ kind }) => kind === 'failover')
      .map(({ subject, state }) => [subject, state]);
    expect(spans).toEqual([
      ['east', 'redirecting'],
      ['spares of west', 'provisioning'],
      ['east', 'redirected'],
      ['spares of west', 'provisioned'],
      ['east', 'returning'],
    ]);
    const west = lost.record.regions.find(({ name }) => name === 'west')!;
    expect(Math.max(...west.machines)).toBe(2);
    expect(west.machines.at(-1)).toBe(1);
    expect((await run(LOST)).record.traceHash).toBe(lost.record.traceHash);
  }, 120_000);
});

it('one engine that is down is passed over by its own region, without anybody asking for the way', async () => {
  const fault = { kind: 'process-down', target: 'east-1', fromSec: 5 } as const;
  const one = await run({ ...LOST, durationSec: 30, faults: [fault] });
  expect(sentTo(one, 'east-1', 5_000, 10_000)).toBeGreaterThan(5);
  expect(sentTo(one, 'east-1', 11_000, 30_000)).toBe(0);
  expect(one.record.states.some(({ kind }) => kind === 'failover')).toBe(false);
});

it('spares want somebody who starts them', () => {
  const { failover: _, ...without } = LOST;
  expect(() => worldScenario(without)).toThrow('regions[1].spareEngines: nobody starts them without "failover"');
});

const HELD_MS = 30_000;
/** All leases of engines that died have run out by then, and all that was held for bills. */
const SETTLE_SEC = 260;

it('what was leased to engines that died comes back, and no budget is overspent at any moment', async () => {
  const seed = 5;
  const { documents, ads } = drawCampaigns(3, seededRandom(seed).fork('campaigns'));
  const facts: WorldFacts = {
    ...{ seed, mode: 'safety', isMoneyHome: true, isBilling: true, tmaxDefaultMs: 100, tmaxMaxMs: 1000 },
    ...{ houseAds: ads, billableMsMin: HELD_MS, overspendAllowance: 0, lateShareMax: 0 },
  };
  const recorder = new HistoryRecorder({ facts, healedAtMs: null });
  const scenario = worldScenario({
    ...LOST,
    durationSec: 40,
    settleSec: SETTLE_SEC,
    regions: [
      { name: 'east', share: 6, engines: 1 },
      { name: 'west', share: 4, engines: 1, spareEngines: 1 },
    ],
    faults: [{ kind: 'process-down', target: 'east', fromSec: LOST_MS / 1000, forSec: 15 }],
    campaigns: documents,
    engine: { 'campaigns.held.bannerMs': HELD_MS },
  });
  const { campaigns, traceHash } = await runWorld(scenario, {
    seed,
    watches: [recorder.watch],
    prepare: recorder.prepare,
  });
  const stranded = (atMs: number): number =>
    campaigns.reduce((sum, { strandedNanos }) => sum + strandedNanos[atMs / 5_000 - 1]!, 0);
  expect(stranded(LOST_MS - 5_000)).toBe(0);
  expect(stranded(LOST_MS + 5_000)).toBeGreaterThan(0);
  const history = await recorder.history(traceHash);
  const checks = judge(history, null);
  expect(checks.flatMap(({ id, violations }) => violations.map((violation) => `${id} ${violation}`))).toEqual([]);
  expect(checks.filter(({ judged }) => judged > 0).length).toBeGreaterThan(5);
  const { accounts } = history.rest!;
  expect(accounts.some(({ spent }) => spent > 0)).toBe(true);
  expect(accounts.map(({ reserved }) => reserved)).toEqual(accounts.map(() => 0));
}, 120_000);
