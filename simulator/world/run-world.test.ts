/** Whole worlds: that they are repeatable, and that trouble in them looks as it would outside. */
import { expect, it } from 'vitest';
import type { Observation } from './history.ts';
import { runWorld } from './run-world.ts';
import { worldScenario } from './scenario.ts';
import type { World } from './world.ts';

const MINUTE = worldScenario({
  name: 'minute',
  durationSec: 60,
  intervalSec: 20,
  settleSec: 5,
  traffic: { requestsPerSec: 2, users: 50 },
});

async function observed(scenario: typeof MINUTE, prepare?: (world: World) => void) {
  const observations: Observation[] = [];
  const faults: unknown[] = [];
  const watch = {
    observe: (seen: Observation) => observations.push(seen),
    onFault: (_process: string, error: unknown) => faults.push(error),
  };
  const record = await runWorld(scenario, { seed: 5, watches: [watch], ...(prepare && { prepare }) });
  expect(faults).toEqual([]);
  return { record, observations };
}

it('the same seed gives the same run, to the byte, and another seed another one', async () => {
  const one = await runWorld(MINUTE, { seed: 1 });
  expect(await runWorld(MINUTE, { seed: 1 })).toEqual(one);
  const other = await runWorld(MINUTE, { seed: 2 });
  expect(other.traceHash).not.toBe(one.traceHash);
  expect(other.identity.scenarioHash).toBe(one.identity.scenarioHash);
});

it('answers every request in its time when nothing is wrong, and counts what it sees', async () => {
  const { record, observations } = await observed(MINUTE);
  const { totals, intervals, dsps } = record;
  const ofKind = (kind: Observation['kind']) => observations.filter((seen) => seen.kind === kind).length;
  expect(totals.requests).toBeGreaterThan(60);
  expect(totals).toMatchObject({ answered: totals.requests, unanswered: 0, shed: {}, cpuMs: 0 });
  expect(totals.requests).toBe(ofKind('request-sent'));
  expect(totals.dspCalls).toBe(ofKind('call-sent'));
  expect(totals.filled).toBeGreaterThan(totals.requests / 2);
  expect(totals.revenueNanos).toBe(dsps.reduce((sum, { spendNanos }) => sum + spendNanos, 0));
  expect(intervals.map(({ fromMs }) => fromMs)).toEqual([0, 20_000, 40_000]);
  expect(intervals.reduce((sum, { requests }) => sum + requests, 0)).toBe(totals.requests);
  expect(totals.latencyMs!.p99).toBeLessThan(150);
  expect(ofKind('report-answered')).toBeGreaterThan(20);
  expect(ofKind('notice-arrived')).toBeGreaterThan(20);
});

it('an engine with more work than processor sheds by its own rules, and is late', async () => {
  const traffic = { ...MINUTE.traffic, requestsPerSec: 30 };
  const { record } = await observed({ ...MINUTE, durationSec: 20, traffic, cpuMsPerAuction: 60 });
  const shed = Object.values(record.totals.shed).reduce((sum, count) => sum + count, 0);
  expect(shed).toBeGreaterThan(record.totals.requests / 10);
  expect(record.regions[0]!.utilisation[0]).toBeGreaterThan(0.8);
  expect(record.states.some(({ kind }) => kind === 'shedding')).toBe(true);
});

it('requests to an engine that is killed are lost, and its next life serves again', async () => {
  const fault = { kind: 'process-down', target: 'home-1', fromSec: 20, forSec: 20 } as const;
  const { record, observations } = await observed({ ...MINUTE, faults: [fault] });
  const [before, during, after] = record.intervals;
  expect(before!.unanswered).toBe(0);
  expect(during!.answered).toBeLessThan(5);
  expect(during!.unanswered).toBeGreaterThan(20);
  expect(after!.unanswered).toBeLessThan(5);
  expect(after!.answered).toBeGreaterThan(20);
  expect(record.states).toContainEqual(expect.objectContaining({ kind: 'process', subject: 'home-1', state: 'down' }));
  const starts = observations.filter((seen) => seen.kind === 'process-started');
  expect(starts).toHaveLength(2);
});

it('a DSP that fails is cut off by its breaker, and the record says when', async () => {
  const fault = { kind: 'dsp', target: 'broad-01', fromSec: 5, answers: { 'http-500': 1 } } as const;
  const { record } = await observed({
    ...MINUTE,
    intervalSec: 10,
    traffic: { ...MINUTE.traffic, requestsPerSec: 10 },
    faults: [fault],
  });
  expect(record.faults).toEqual([{ kind: 'dsp', target: 'broad-01', fromMs: 5000, untilMs: 60_000 }]);
  const breaker = record.states.find(({ kind }) => kind === 'breaker');
  expect(breaker).toMatchObject({ subject: 'broad-01', state: 'open' });
  expect(breaker!.fromMs).toBeGreaterThan(5000);
});

it('two regions take their shares, and their engines take turns', async () => {
  const regions = [
    { name: 'east', share: 3, engines: 2 },
    { name: 'west', share: 1, engines: 1 },
  ];
  const { record, observations } = await observed({ ...MINUTE, regions });
  const [east, west] = record.regions.map(({ requests }) => requests.reduce((sum, count) => sum + count, 0));
  expect(east! + west!).toBe(record.totals.requests);
  expect(east! / west!).toBeGreaterThan(1.5);
  const sentTo = (name: string) =>
    observations.filter((seen) => seen.kind === 'request-sent' && seen.process === name).length;
  expect(Math.abs(sentTo('east-1') - sentTo('east-2'))).toBeLessThanOrEqual(10);
});

it('refuses a product that asks for real time', async () => {
  const run = observed(MINUTE, (world) => {
    world.loop.schedule(world.engines[0]!.process, 1000, () => {
      Date.now();
    });
  });
  await expect(run).rejects.toThrow('Date.now was called in a world, by home-1');
});
