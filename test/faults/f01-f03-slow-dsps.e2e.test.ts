/** DSPs that take their time: one of twenty never answers, stops after its headers, or answers byte by byte. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Fault } from '../../simulator/dsp/faults.ts';
import { expectSoundAnswers } from '../oracles.ts';
import { DSP_TIMEOUT_MS, type FaultRig, SICK, startFaultRig, TMAX_MS, winnersOf } from '../support/fault-rig.ts';

/** For a timer that is due up to a millisecond late, in a loop that other work holds up. */
const BUSY_MACHINE_MS = 150;

describe.each<readonly [name: string, fault: Fault, phase: string]>([
  ['F01 DSP accepts TCP, never answers', 'no-answer', 'headers'],
  ['F02 DSP hangs after its headers', 'hang-after-headers', 'body'],
  ['F03 DSP sends a byte every 10 ms', 'trickle', 'body'],
])('%s', (_name, fault, phase) => {
  let rig: FaultRig;
  beforeEach(async () => {
    rig = await startFaultRig();
    await rig.ask(60);
  });
  afterEach(() => rig.close());

  it('everybody is answered in time, it is hardly asked any more, and its connections are free again', async () => {
    await rig.setFaults({ [SICK]: { [fault]: 1 } });
    const answers = await rig.ask(200);
    await vi.waitFor(
      async () => expect(await rig.metric('rtb_dsp_connections', { dsp: SICK, state: 'busy' })).toBe(0),
      {
        // A second after the deadline of the last auction, until when a late answer would be measured.
        timeout: TMAX_MS + 1000,
        interval: 20,
      },
    );
    expectSoundAnswers(answers, TMAX_MS);
    // On a machine that is overrun healthy DSPs are late as well, so not every answer need have a winner.
    const winners = new Set(answers.flatMap(winnersOf).map(({ dspId }) => dspId));
    expect(winners.has(SICK)).toBe(false);
    expect(winners.size).toBeGreaterThan(0);

    const records = await rig.sickRecords(answers);
    const results = new Set(records.map((record) => record?.result ?? 'not awaited'));
    expect(['timeout', 'skipped', 'not awaited']).toEqual(expect.arrayContaining([...results]));
    const aborted = records.filter((record) => record?.result === 'timeout');
    expect(aborted.length).toBeGreaterThan(0);
    for (const record of aborted) {
      expect(record!.detail).toBe(phase);
      // One deadline for everything, whatever trickles in.
      expect(record!.latencyMs).toBeLessThan(DSP_TIMEOUT_MS + BUSY_MACHINE_MS);
    }
    expect(records.slice(-50).filter((record) => record?.result === 'skipped').length).toBeGreaterThan(40);
  });
});
