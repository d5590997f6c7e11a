/**
 * How much faster than real time a world of modest traffic runs: one engine, five DSPs, a request every other second. Almost all of it
 * is the product's own work for its auctions, so twice the requests halve it; without any it is what the watches of an idle
 * engine cost.
 */
import { runWorld } from '../simulator/world/run-world.ts';
import { type WorldScenario, worldScenario } from '../simulator/world/scenario.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';

export const SPEEDUP_NAMES = ['sim.speedup', 'sim.speedup.idle', 'sim.auction_us'] as const;

const REQUESTS_PER_SEC = 0.5;
/** Of virtual time, for each second of a measured phase. */
const VIRTUAL_SEC_PER_SEC = 720;

interface TimedRun {
  readonly speedup: number;
  readonly realUs: number;
  readonly requests: number;
}

export async function measureSimSpeedup({ scale, seed, progress }: BenchContext): Promise<Measurement[]> {
  const durationSec = scale.seconds * VIRTUAL_SEC_PER_SEC;
  const modest = scenarioOf('modest', durationSec, REQUESTS_PER_SEC);
  const idle = scenarioOf('idle', durationSec, 0);
  // Compiled by then.
  await timedRun(modest, seed);
  const runs: { readonly modest: TimedRun; readonly idle: TimedRun }[] = [];
  for (let round = 0; round < scale.rounds; round++) {
    const pair = { modest: await timedRun(modest, seed + round), idle: await timedRun(idle, seed + round) };
    progress(`  ${pair.modest.speedup.toFixed(0)}x, idle ${pair.idle.speedup.toFixed(0)}x`);
    runs.push(pair);
  }
  const auctionUs = runs.map((run) => (run.modest.realUs - run.idle.realUs) / run.modest.requests);
  const values = [median(runs.map((run) => run.modest.speedup)), median(runs.map((run) => run.idle.speedup))];
  return [...values, median(auctionUs)].map((value, index) => ({
    name: SPEEDUP_NAMES[index]!,
    value,
    unit: index === 2 ? 'us' : 'x',
  }));
}

function scenarioOf(name: string, durationSec: number, requestsPerSec: number): WorldScenario {
  return worldScenario({ name, durationSec, intervalSec: durationSec / 10, settleSec: 0, traffic: { requestsPerSec } });
}

async function timedRun(scenario: WorldScenario, seed: number): Promise<TimedRun> {
  const startedAtMs = performance.now();
  const { totals } = await runWorld(scenario, { seed });
  const realMs = performance.now() - startedAtMs;
  return { speedup: (scenario.durationSec * 1000) / realMs, realUs: realMs * 1000, requests: totals.requests };
}
