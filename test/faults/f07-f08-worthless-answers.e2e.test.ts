/** Answers that arrive whole and say nothing, or nothing honest: one of twenty DSPs sends them, always. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReplyResult } from '../../engine/dsp/reply.ts';
import type { Fault } from '../../simulator/dsp/faults.ts';
import { expectSoundAnswers } from '../oracles.ts';
import { expectHarmlessWhenDamaged } from '../support/damaged-answers.ts';
import { DSP_COUNT, type FaultRig, SICK, startFaultRig, TMAX_MS, winnersOf } from '../support/fault-rig.ts';
import { verdictsOf } from '../support/test-gavel.ts';

/** What the sick DSP bids: far above the others, so that it wins whenever its bid counts. */
const SICK_CPM = 50;
const HEALTHY_CPM_MAX = 5;

let rig: FaultRig;
beforeAll(async () => {
  rig = await startFaultRig({
    config: { 'protection.enabled': false, 'dspDefaults.timeoutMs': TMAX_MS },
    sickTraits: { price: { medianCpm: SICK_CPM, sigma: 0 } },
  });
  await rig.ask(40);
});
afterAll(() => rig.close());

async function askWith(fault: Fault) {
  await rig.setFaults({ [SICK]: { [fault]: 1 } });
  const answers = await rig.ask(8);
  expectSoundAnswers(answers, TMAX_MS);
  expect(await rig.metric('rtb_actor_faults_total')).toBe(0);
  return { answers, events: await rig.eventsOf(answers) };
}

/** Every healthy DSP's bid took part, and one of them won at an honest price. */
async function expectOthersIntact({ answers, events }: Awaited<ReturnType<typeof askWith>>): Promise<void> {
  for (const { input } of events) {
    const healthy = input!.bids.filter(({ dspId }) => dspId !== SICK);
    expect(healthy).toHaveLength(DSP_COUNT - 1);
  }
  for (const answer of answers) {
    const [winner, ...others] = winnersOf(answer);
    expect(others).toEqual([]);
    expect(winner!.dspId).toMatch(/^well-/);
    expect(winner!.price).toBeLessThan(HEALTHY_CPM_MAX);
  }
}

describe('F07 DSP sends what is no bid response', () => {
  it.each<readonly [fault: Fault, result: ReplyResult, detail: string]>([
    ['html-200', 'invalid', 'not-json'],
    ['truncated-json', 'invalid', 'not-json'],
    ['deep-json', 'invalid', 'too-deep'],
    ['http-500', 'http-error', '500'],
  ])('%s: %s, with its reason, and the others are untouched', async (fault, result, detail) => {
    const run = await askWith(fault);
    for (const record of await rig.sickRecords(run.answers)) expect(record).toMatchObject({ result, detail });
    await expectOthersIntact(run);
  });

  it.each<Fault>(['byte-order-mark', 'lone-surrogates'])('%s does no harm: its bids count', async (fault) => {
    const { answers } = await askWith(fault);
    for (const record of await rig.sickRecords(answers)) expect(record!.result).toBe('bid');
    for (const answer of answers) expect(winnersOf(answer)).toMatchObject([{ dspId: SICK }]);
  });

  it('no answer, however damaged, makes the reader throw or bid what was not said', () => {
    expectHarmlessWhenDamaged(20_000);
  });
});

describe('F08 DSP bids what cannot be', () => {
  it.each<readonly [fault: Fault, result: ReplyResult, detail: string]>([
    ['wrong-id', 'invalid', 'response-id-differs'],
    ['negative-price', 'no-bid', ''],
    ['infinite-price', 'no-bid', ''],
  ])('%s: %s before the auction, and the others are untouched', async (fault, result, detail) => {
    const run = await askWith(fault);
    for (const record of await rig.sickRecords(run.answers)) {
      expect(record).toMatchObject({ result, detail });
      expect(record!.dropped.length).toBe(result === 'no-bid' ? 1 : 0);
    }
    await expectOthersIntact(run);
  });

  it.each<readonly [fault: Fault, reason: string]>([
    ['unknown-imp', 'unknown-imp'],
    ['wrong-currency', 'currency-not-allowed'],
  ])('%s: refused in the auction (%s), and the others are untouched', async (fault, reason) => {
    const run = await askWith(fault);
    for (const event of run.events) {
      expect(verdictsOf(event, SICK)).toMatchObject([{ status: 'refused', reason }]);
    }
    await expectOthersIntact(run);
  });

  it.each<Fault>(['string-price', 'duplicate-bids'])('%s is mended, and charged as second price', async (fault) => {
    const { answers } = await askWith(fault);
    for (const answer of answers) {
      const [winner, ...others] = winnersOf(answer);
      expect(others).toEqual([]);
      expect(winner!.dspId).toBe(SICK);
      // Its own copy is no competitor.
      expect(winner!.price).toBeLessThan(HEALTHY_CPM_MAX);
    }
  });
});
