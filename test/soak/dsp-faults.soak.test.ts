/**
 * Minutes of DSP faults under steady load, and what is left of them when all are healed. Engine and DSPs run in processes
 * of their own, as built. `GAVEL_SOAK_MINUTES` says how long (default 10).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FAULTS, type FaultShares } from '../../simulator/dsp/faults.ts';
import { parseScenario } from '../../simulator/dsp/scenario.ts';
import type { RunningDsps } from '../../simulator/dsp/server.ts';
import { seededRandom } from '../../simulator/random.ts';
import { type OpenLoopResult, runOpenLoop } from '../../simulator/traffic/open-loop.ts';
import { generateRequest } from '../../simulator/traffic/request-generator.ts';
import { built } from '../support/built.ts';
import { expectHarmlessWhenDamaged } from '../support/damaged-answers.ts';
import { type EngineAlone, serveAlone } from '../support/engine-alone.ts';
import { GuardChanges } from '../support/guard-changes.ts';
import { metricOf } from '../support/metric.ts';

const MINUTES = Number(process.env.GAVEL_SOAK_MINUTES ?? 10);
const SEED = 1;
const DSP_COUNT = 20;
const TMAX_MS = 100;
/** Of each measurement before and after. */
const BASELINE_SEC = 30;
/** FAULTS: R is 5 s; a DSP with a third incident within a minute takes up to 20 s to come back (docs/fan-out.md). */
const RECOVERY_SEC = 30;
const FAULTS_CHANGE_EVERY_MS = 5000;
const FLAP_MS = 3000;
const SAMPLE_MS = 200;

const SCENARIO = parseScenario(
  JSON.stringify({
    name: 'soak',
    seed: SEED,
    groups: [
      {
        id: 'dsp',
        count: DSP_COUNT,
        variation: 0.2,
        latency: { medianMs: 5, sigma: 0.3 },
        bidRate: { default: 0.7 },
        price: { medianCpm: 2 },
      },
    ],
  }),
  'soak',
);

let dsps: RunningDsps;
let engine: EngineAlone;
beforeEach(async () => {
  const { startDspProcess } = await built<typeof import('../../simulator/dsp/spawn.ts')>('simulator/dsp/spawn');
  dsps = await startDspProcess({ scenario: SCENARIO });
  engine = await serveAlone(dsps.endpoints, {});
});
afterEach(async () => {
  await engine.close();
  await dsps.close();
});

let loads = 0;

function load(ratePerSec: number, seconds: number): Promise<OpenLoopResult> {
  const random = seededRandom(SEED).fork(`load-${loads++}`);
  return runOpenLoop({
    url: `${engine.url}/openrtb2/auction`,
    ratePerSec,
    seconds,
    arrivals: 'poisson',
    random: random.fork('arrivals'),
    body: (index) => JSON.stringify({ ...generateRequest(random, index), tmax: TMAX_MS }),
  });
}

/** The highest of a few rates at which nearly everybody is answered in time; half of it is the load of the soak. */
async function halfOfCapacity(): Promise<number> {
  await load(100, 10);
  let capacity = 50;
  for (const rate of [100, 200, 300, 400, 600]) {
    const { latency } = await load(rate, 5);
    if (latency.p99Ms > TMAX_MS) break;
    capacity = rate;
  }
  return capacity / 2;
}

/**
 * O5: everybody is answered, readably, and in time: `p99MsMax`. On a machine that is too busy for the deadline when all is
 * well, that is what it took then.
 */
function expectAnswered(result: OpenLoopResult, p99MsMax = TMAX_MS): void {
  expect(result.errors).toEqual({});
  expect(Object.keys(result.answers.statuses).every((status) => status === '200' || status === '204')).toBe(true);
  expect(result.answers.unreadable).toBe(0);
  expect(result.latency.p99Ms).toBeLessThanOrEqual(p99MsMax);
}

const fillOf = ({ answers, answered }: OpenLoopResult): number => answers.filled / answered;

describe('mixed faults', () => {
  it('leave no trace when they are healed', async () => {
    const rate = await halfOfCapacity();
    const before = await load(rate, BASELINE_SEC);
    const heldBefore = await engine.held();
    const random = seededRandom(SEED).fork('faults');
    const drawFaults = (): Record<string, FaultShares> =>
      Object.fromEntries(
        dsps.endpoints.map(({ id }) => [
          id,
          random.chance(0.4) ? { [random.pick(FAULTS)]: random.uniform(0.2, 1) } : {},
        ]),
      );
    const underFaults = load(rate, MINUTES * 60);
    const endsAtMs = performance.now() + MINUTES * 60_000;
    while (performance.now() < endsAtMs) {
      await dsps.setFaults(drawFaults());
      await delay(FAULTS_CHANGE_EVERY_MS);
    }
    const during = await underFaults;
    await dsps.setFaults(Object.fromEntries(dsps.endpoints.map(({ id }) => [id, {}])));
    await load(rate, RECOVERY_SEC);
    const after = await load(rate, BASELINE_SEC);
    const heldAfter = await engine.held();
    console.log(JSON.stringify({ rate, before, during, after, heldBefore, heldAfter }));

    const usualMs = Math.max(TMAX_MS, before.latency.p99Ms * 1.1);
    for (const result of [before, during, after]) expectAnswered(result, usualMs);
    // O6; half a millisecond is what timers resolve.
    expect(after.latency.p99Ms).toBeLessThan(before.latency.p99Ms * 1.1 + 1);
    expect(fillOf(after)).toBeGreaterThan(fillOf(before) * 0.98);
    // O7
    expect(heldAfter.descriptors).toBeLessThanOrEqual(heldBefore.descriptors * 1.05);
    expect(heldAfter.auctions).toBe(0);
    expect(await metricOf(engine.url, 'rtb_actor_faults_total')).toBe(0);
  });
});

describe('F11 DSP flaps every 3 s', () => {
  it('at most 10 changes of breaker and rotation in any minute', async () => {
    const minutes = Math.max(1, MINUTES / 2);
    const sick = dsps.endpoints[0]!.id;
    const { latency } = await load(50, 10);
    const flapping = load(50, minutes * 60);
    const changes = new GuardChanges();
    const startedAtMs = performance.now();
    for (let elapsedMs = 0; elapsedMs < minutes * 60_000; elapsedMs = performance.now() - startedAtMs) {
      const isSick = Math.floor(elapsedMs / FLAP_MS) % 2 === 0;
      await dsps.setFaults({ [sick]: isSick ? { 'http-500': 1 } : {} });
      changes.see(await engine.dspState(sick), performance.now());
      await delay(SAMPLE_MS);
    }
    expectAnswered(await flapping, Math.max(TMAX_MS, latency.p99Ms * 1.1));
    changes.expectCalm();
  });
});

describe('F07 fuzz', () => {
  it('a million damaged answers do no harm', () => {
    expectHarmlessWhenDamaged(1_000_000);
  });
});
