/** A bid that would win, were it not a moment too late. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { expectSoundAnswers } from '../oracles.ts';
import { type FaultRig, SICK, startFaultRig, winnersOf } from '../support/fault-rig.ts';

const LATE_BY_MS = 25;

describe('F12 reply arrives 1 ms after its deadline', () => {
  let rig: FaultRig | undefined;
  afterEach(() => rig?.close());

  // The one millisecond itself is the transport's test. Here engine and DSPs share a loop, and when that is late by more
  // than the moment nobody can tell; so the moment is longer, and a busy machine gets further chances.
  it.each([
    ['of the DSP', 100, 400],
    ['of the auction', 2000, 200],
  ])('%s: never wins, is counted, and no notice is sent for it', { retry: 3 }, async (_name, dspTimeoutMs, tmaxMs) => {
    const auctionMs = tmaxMs - 10;
    const lastMomentMs = Math.min(dspTimeoutMs, auctionMs);
    rig = await startFaultRig({
      config: {
        'protection.enabled': false,
        'dspDefaults.timeoutMs': 2000,
        'auction.tmaxDefaultMs': tmaxMs,
        'auction.tmaxMaxMs': tmaxMs,
        'auction.networkAllowanceMs': 5,
        'auction.decisionReserveMs': 5,
      },
      sickTraits: { latency: { medianMs: lastMomentMs + LATE_BY_MS, sigma: 0 }, price: { medianCpm: 100 } },
      sickConfig: { timeoutMs: dspTimeoutMs },
    });
    const answers = await rig.ask(20, 1);
    expectSoundAnswers(answers, 2000);
    for (const record of await rig.sickRecords(answers)) expect(record?.result ?? 'timeout').toBe('timeout');
    for (const answer of answers) expect(winnersOf(answer)).not.toMatchObject([{ dspId: SICK }]);
    expect(await rig!.metric('rtb_dsp_requests_total', { dsp: SICK, result: 'timeout' })).toBe(answers.length);
    // The notices of the others have gone out by then, so its own would have as well.
    await vi.waitFor(async () => expect(await rig!.metric('rtb_notice_queue_length')).toBe(0));
    expect(await rig.received(SICK)).toEqual({ calls: answers.length, wins: 0, losses: 0, bills: 0, strays: 0 });
  });
});
