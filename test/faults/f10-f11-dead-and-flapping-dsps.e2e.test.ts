/** DSPs that are gone, all of them, and one that comes and goes. Virtual time: engine/dsp/dsp-health.property.test.ts. */
import { afterEach, describe, expect, it } from 'vitest';
import { expectSoundAnswers } from '../oracles.ts';
import {
  DSP_TIMEOUT_MS,
  type FaultRig,
  quantileMs,
  SICK,
  startFaultRig,
  TMAX_MS,
  winnersOf,
} from '../support/fault-rig.ts';
import { GuardChanges } from '../support/guard-changes.ts';

/** Of the minutes that it takes in the soak test. */
const FLAPPING_MS = 12_000;

let rig: FaultRig | undefined;
afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

describe('F10 all DSPs down', () => {
  it('nobody listens: no-bids at once, from the very first request', async () => {
    rig = await startFaultRig({ urlOf: () => 'http://127.0.0.1:1/bid' });
    const first = await rig.ask(20, 1);
    const later = await rig.ask(200);
    expectSoundAnswers([...first, ...later], DSP_TIMEOUT_MS);
    expect([...first, ...later].flatMap(winnersOf)).toEqual([]);
  });

  it('all hang: no-bids at once when that is known', async () => {
    rig = await startFaultRig();
    await rig.ask(40);
    const faults = (shares: object) => Object.fromEntries(rig!.endpoints.map(({ id }) => [id, shares]));
    await rig.setFaults(faults({ 'no-answer': 1 }));
    const first = await rig.ask(40);
    const later = await rig.ask(200);
    expectSoundAnswers([...first, ...later], TMAX_MS);
    expect([...first, ...later].flatMap(winnersOf)).toEqual([]);
    expect(quantileMs(later, 0.9)).toBeLessThan(DSP_TIMEOUT_MS);
  });
});

describe('F11 DSP flaps', () => {
  it('the throttle takes its calls without swinging: breaker and rotation change little, and the others win', async () => {
    rig = await startFaultRig({
      sickTraits: { faults: { 'http-500': 1 }, faultTimes: { flapping: { sickSec: 1, healthySec: 1 } } },
    });
    await rig.ask(40);
    const changes = new GuardChanges();
    const startedAtMs = performance.now();
    for (let atMs = startedAtMs; atMs < startedAtMs + FLAPPING_MS; atMs = performance.now()) {
      expectSoundAnswers(await rig.ask(20), TMAX_MS);
      changes.see(rig.gavel.dspState(SICK), atMs);
    }
    changes.expectCalm(FLAPPING_MS);
    expect(await rig.metric('rtb_actor_faults_total')).toBe(0);
  });
});
