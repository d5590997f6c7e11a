/** Bodies that are too large, cut, or in no encoding that was asked for: one of twenty DSPs sends them, always. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeBody } from '../../adapters/dsp/content-encoding.ts';
import type { ReplyResult } from '../../engine/dsp/reply.ts';
import type { Fault } from '../../simulator/dsp/faults.ts';
import { answerFaultOnWire } from '../../simulator/dsp/faulty-answer.ts';
import { expectSoundAnswers } from '../oracles.ts';
import { type EngineAlone, serveAlone } from '../support/engine-alone.ts';
import { type FaultRig, SICK, startFaultRig, TMAX_MS, winnersOf } from '../support/fault-rig.ts';
import { IS_BUILT } from '../support/gavel-process.ts';
import { adRequest, postAdRequest } from '../support/test-gavel.ts';

const MIB = 1024 * 1024;

async function askAtOnce(url: string, count: number): Promise<void> {
  const ask = (_: unknown, index: number) => postAdRequest(url, adRequest(`at-once-${index}`, { tmax: TMAX_MS }));
  for (const { status } of await Promise.all(Array.from({ length: count }, ask))) expect(status).toBe(200);
}

async function peakMibDuring(engine: EngineAlone, work: () => Promise<void>): Promise<number> {
  let isOver = false;
  const done = work().finally(() => {
    isOver = true;
  });
  let peakMib = 0;
  while (!isOver) peakMib = Math.max(peakMib, (await engine.held()).residentMib);
  await done;
  return peakMib;
}

let rig: FaultRig;
beforeAll(async () => {
  // Every answer must be met, whatever the last ones were.
  rig = await startFaultRig({
    config: { 'protection.enabled': false, 'dspDefaults.timeoutMs': TMAX_MS },
    sickTraits: { price: { medianCpm: 50 } },
  });
  await rig.ask(40);
});
afterAll(() => rig.close());

type Case = readonly [fault: Fault, result: ReplyResult, detail: RegExp];

function eachIs(cases: readonly Case[]): void {
  it.each(cases)('%s: %s, once, and a healthy DSP wins', async (fault, result, detail) => {
    await rig.setFaults({ [SICK]: { [fault]: 1 } });
    const { calls } = await rig.received(SICK);
    const answers = await rig.ask(10);
    expectSoundAnswers(answers, TMAX_MS);
    for (const record of await rig.sickRecords(answers)) {
      expect(record).toMatchObject({ result, detail: expect.stringMatching(detail) });
    }
    for (const answer of answers) expect(winnersOf(answer)).toMatchObject([{ dspId: expect.stringMatching(/^well-/) }]);
    expect((await rig.received(SICK)).calls - calls).toBe(answers.length);
    expect(await rig.metric('rtb_inflight_requests')).toBe(0);
    expect(await rig.metric('rtb_actor_faults_total')).toBe(0);
  });
}

describe('F04 DSP sends a 50 MB body', () => {
  eachIs([
    ['huge-body', 'unreadable', /^too-large$/],
    ['huge-chunked', 'unreadable', /^too-large$/],
    ['endless-chunked', 'unreadable', /^too-large$/],
  ]);

  it.skipIf(!IS_BUILT)('memory does not grow with a hundred of them at a time', { timeout: 60_000 }, async () => {
    const engine = await serveAlone(rig.endpoints, {
      // A hundred clients at once are slow ones where the machine is.
      server: { headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 },
      auction: { tmaxMaxMs: 8000 },
      // All of them are to be under way at a time.
      admission: { enabled: false },
      protection: { enabled: false },
      dspDefaults: { timeoutMs: TMAX_MS, callsPerSecond: 100 },
    });
    try {
      await rig.setFaults({ [SICK]: {} });
      for (let wave = 0; wave < 3; wave++) await askAtOnce(engine.url, 100);
      const growthsMib: number[] = [];
      for (let attempt = 0; attempt < 8 && !(Math.min(...growthsMib) < 10); attempt++) {
        await rig.setFaults({ [SICK]: {} });
        const usualMib = await peakMibDuring(engine, () => askAtOnce(engine.url, 100));
        await rig.setFaults({ [SICK]: { 'endless-chunked': 1 } });
        growthsMib.push((await peakMibDuring(engine, () => askAtOnce(engine.url, 100))) - usualMib);
      }
      // The least is the one into which no growth of the heap for other reasons fell.
      expect(Math.min(...growthsMib)).toBeLessThan(10);
    } finally {
      await engine.close();
    }
  });
});

describe('F05 DSP breaks off, or breaks HTTP', () => {
  eachIs([
    ['reset', 'unreachable', /./],
    ['reset-mid-body', 'unreachable', /./],
    ['long-length', 'unreachable', /./],
    ['bad-chunking', 'unreachable', /./],
    ['short-length', 'invalid', /^not-json$/],
  ]);
});

describe('F06 DSP sends a gzip bomb, a double or an unknown encoding', () => {
  eachIs([
    ['gzip-bomb', 'unreadable', /^too-large$/],
    ['double-gzip', 'unreadable', /^unknown-encoding$/],
    ['unknown-encoding', 'unreadable', /^unknown-encoding$/],
  ]);

  it('a bomb holds the event loop for less than 5 ms', () => {
    const bomb = answerFaultOnWire('gzip-bomb', 'http://127.0.0.1:1') as { readonly body: Buffer };
    const runsMs = Array.from({ length: 20 }, () => {
      const startedAtMs = performance.now();
      expect(decodeBody(bomb.body, 'gzip', MIB)).toEqual({ kind: 'unreadable', reason: 'too-large' });
      return performance.now() - startedAtMs;
    });
    // The best run is the one in which nothing else had the processor.
    expect(Math.min(...runsMs)).toBeLessThan(5);
  });
});
