/**
 * CPU per auction in the engine process, beside a bare fan-out of the same bytes to the same DSPs in the same run.
 * Engine and baseline take turns, so that a machine that gets slower gets slower for both.
 */
import { seededRandom } from '../simulator/random.ts';
import { runOpenLoop } from '../simulator/traffic/open-loop.ts';
import { runClosedLoop } from './closed-loop.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import type { BareFanOutHandlers } from './processes/bare-fan-out.ts';
import { type Child, startChild } from './processes/child.ts';
import type { Usage } from './processes/usage.ts';
import {
  bodiesOf,
  CONCURRENCY,
  CONNECTIONS_PER_DSP,
  KEEP_ALIVE_MS,
  ordinaryRate,
  type Rig,
  settle,
  startRig,
} from './rig.ts';

export const FAN_OUT_WIDTHS = [5, 20, 50] as const;

/** DSPs answer one after the other over this time: answers that came all at once would share the cost of waking up. */
const FIRST_ANSWER_MS = 2;
const LAST_ANSWER_MS = 12;

interface Contestant {
  readonly url: string;
  readonly process: { readonly ask: (kind: 'usage', collectsGarbage: boolean) => Promise<Usage> };
  readonly cpuUsPerAuction: number[];
}

export async function measureFanOut(dspCount: number, context: BenchContext): Promise<Measurement[]> {
  const spreadMs = (LAST_ANSWER_MS - FIRST_ANSWER_MS) / dspCount;
  const rig = await startRig({ dspCount, seed: context.seed, delayMs: (index) => FIRST_ANSWER_MS + index * spreadMs });
  const bareProcess = startChild<BareFanOutHandlers>('bare-fan-out');
  try {
    const ratePerSec = await ordinaryRate(rig, context);
    const engine: Contestant = { url: rig.url, process: rig.engine, cpuUsPerAuction: [] };
    const bare: Contestant = { url: await startBare(bareProcess, rig), process: bareProcess, cpuUsPerAuction: [] };
    await runClosedLoop({
      url: bare.url,
      concurrency: CONCURRENCY,
      seconds: context.scale.seconds,
      body: bodiesOf('warm-up'),
    });
    for (let round = 0; round < context.scale.rounds; round++) {
      // The order changes too: whoever comes second finds the caches of the machine in another state.
      const order = round % 2 === 0 ? [engine, bare] : [bare, engine];
      for (const contestant of order) await measurePhase(contestant, ratePerSec, round, context);
      context.progress(
        `fan-out to ${dspCount}, round ${round + 1} at ${ratePerSec}/s: ${shown(engine)} against ${shown(bare)} us`,
      );
    }
    const failedCalls = await bareProcess.ask('failedCalls');
    if (failedCalls > 0) throw new Error(`${failedCalls} calls of the baseline failed: it did less than the engine`);
    const engineUs = median(engine.cpuUsPerAuction);
    const bareUs = median(bare.cpuUsPerAuction);
    return [
      { name: `fanout.cpu_ratio.${dspCount}`, value: engineUs / bareUs, unit: 'ratio' },
      { name: `fanout.cpu_us.engine.${dspCount}`, value: engineUs, unit: 'us' },
      { name: `fanout.cpu_us.bare.${dspCount}`, value: bareUs, unit: 'us' },
    ];
  } finally {
    await bareProcess.close();
    await rig.close();
  }
}

function shown({ cpuUsPerAuction }: Contestant): string {
  return cpuUsPerAuction.at(-1)!.toFixed(0);
}

async function startBare(bare: Child<BareFanOutHandlers>, { dsps, dspUrls, url }: Rig): Promise<string> {
  const { sample } = await runClosedLoop({ url, concurrency: 1, requests: 5, body: bodiesOf('sample') });
  return bare.ask('start', {
    dspUrls,
    connectionsPerDsp: CONNECTIONS_PER_DSP,
    keepAliveMs: KEEP_ALIVE_MS,
    callBody: await dsps.ask('lastBody'),
    answerBody: sample,
  });
}

async function measurePhase(
  contestant: Contestant,
  ratePerSec: number,
  round: number,
  context: BenchContext,
): Promise<void> {
  const before = await contestant.process.ask('usage', false);
  const { answered, errors } = await runOpenLoop({
    url: contestant.url,
    ratePerSec,
    seconds: context.scale.seconds,
    arrivals: 'poisson',
    // Both get the same arrivals.
    random: seededRandom(context.seed).fork(`round-${round}`),
    body: bodiesOf(`round-${round}`),
  });
  await settle();
  const after = await contestant.process.ask('usage', false);
  if (answered === 0) throw new Error(`no request was answered: ${JSON.stringify(errors)}`);
  contestant.cpuUsPerAuction.push((after.cpuUs - before.cpuUs) / answered);
}
