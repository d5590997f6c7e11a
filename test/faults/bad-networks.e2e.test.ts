/** Networks that are bad: between the engine and one of twenty DSPs, and between a client and the engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../../simulator/net/fault-proxy.ts';
import type { NetworkConditions } from '../../simulator/net/network-conditions.ts';
import { expectSoundAnswers } from '../oracles.ts';
import { type FaultRig, startFaultRig, TMAX_MS, winnersOf } from '../support/fault-rig.ts';
import { adRequest, postAdRequest } from '../support/test-gavel.ts';

const portOf = (url: string): number => Number(new URL(url).port);

async function proxyTo(url: string): Promise<FaultProxy> {
  return startFaultProxy({ target: { host: '127.0.0.1', port: portOf(url) }, seed: 1 });
}

describe('a bad network to one DSP', () => {
  let rig: FaultRig;
  let network: FaultProxy;
  beforeAll(async () => {
    rig = await startFaultRig({
      config: { 'protection.enabled': false },
      routeToSick: async (url) => {
        network = await proxyTo(url);
        return url.replace(`:${portOf(url)}/`, `:${network.port}/`);
      },
    });
    await rig.ask(40);
  });
  afterAll(async () => {
    await network.close();
    await rig.close();
  });

  it.each<readonly [name: string, conditions: Partial<NetworkConditions>, results: readonly string[]]>([
    ['a black hole', { mode: 'blackhole' }, ['timeout']],
    ['resets at once', { mode: 'reset' }, ['unreachable']],
    ['nobody listens', { mode: 'refuse' }, ['unreachable']],
    ['a reset within the answer', { resetAfterBytes: 300 }, ['unreachable']],
    ['100 bytes a second', { bytesPerSecMax: 100, pieceBytesMax: 20 }, ['timeout']],
    ['pieces of 50 bytes', { pieceBytesMax: 50 }, ['bid']],
    ['latency and jitter', { latencyMs: 5, jitterMs: 10 }, ['bid', 'timeout']],
    ['health again', {}, ['bid']],
  ])('%s', async (_name, conditions, results) => {
    await network.setConditions(conditions);
    // Connections from before may have been given up by the other side alone.
    await rig.ask(5);
    const answers = await rig.ask(10);
    expectSoundAnswers(answers, TMAX_MS);
    for (const record of await rig.sickRecords(answers)) expect(results).toContain(record!.result);
    for (const answer of answers) expect(winnersOf(answer)).toHaveLength(1);
  });
});

it('a client whose network passes on twenty bytes at a time is answered all the same', async () => {
  const rig = await startFaultRig();
  const network = await proxyTo(rig.gavel.url);
  await network.setConditions({ latencyMs: 2, jitterMs: 5, pieceBytesMax: 20 });
  const answer = await postAdRequest(`http://127.0.0.1:${network.port}`, adRequest('sliced', { tmax: TMAX_MS }), {
    headers: { connection: 'close' },
  });
  expect(answer).toMatchObject({ status: 200, body: { id: 'sliced' } });
  expect(answer.body.seatbid).toHaveLength(1);
  await network.close();
  await rig.close();
});
