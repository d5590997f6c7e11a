/**
 * CPU per auction over 50 DSPs of an engine with ten thousand live campaigns of our own, beside one with a hundred: the
 * same requests, real sockets, ledger and leases. They take turns, so that a machine that gets slower gets slower for both.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../simulator/random.ts';
import { runOpenLoop } from '../simulator/traffic/open-loop.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import { targetedRequest } from './payloads/campaign-population.ts';
import { ordinaryRate, type Rig, settle, startRig } from './rig.ts';

const DSP_COUNT = 50;
const FEW = 100;
const MANY = 10_000;
const REQUESTS = 512;

interface Contestant {
  readonly rig: Rig;
  readonly cpuUsPerAuction: number[];
  /** Requests that were reset or not answered in time. */
  unanswered: number;
}

export async function measureCampaignCost(context: BenchContext): Promise<Measurement[]> {
  const contestants: Contestant[] = [];
  try {
    const few = await startContestant(FEW, context);
    contestants.push(few);
    const many = await startContestant(MANY, context);
    contestants.push(many);
    const bodies = bodiesOf(context.seed);
    await ordinaryRate(few.rig, context, bodies);
    const ratePerSec = await ordinaryRate(many.rig, context, bodies);
    for (let round = 0; round < context.scale.rounds; round++) {
      const order = round % 2 === 0 ? [few, many] : [many, few];
      for (const contestant of order) await measurePhase(contestant, ratePerSec, round, context);
      context.progress(`campaigns, round ${round + 1} at ${ratePerSec}/s: ${shown(many)} against ${shown(few)} us`);
    }
    const fewUs = median(few.cpuUsPerAuction);
    const manyUs = median(many.cpuUsPerAuction);
    const [idleFewMs, idleManyMs] = await Promise.all(contestants.map(({ rig }) => idleCpuMs(rig, context)));
    return [
      { name: 'campaigns.cpu_ratio', value: manyUs / fewUs, unit: 'ratio' },
      { name: 'campaigns.cpu_us.100', value: fewUs, unit: 'us' },
      { name: 'campaigns.cpu_us.10k', value: manyUs, unit: 'us' },
      { name: 'campaigns.idle_cpu_ms.100', value: idleFewMs!, unit: 'ms/s' },
      { name: 'campaigns.idle_cpu_ms.10k', value: idleManyMs!, unit: 'ms/s' },
      { name: 'campaigns.unanswered.100', value: few.unanswered, unit: 'requests' },
      { name: 'campaigns.unanswered.10k', value: many.unanswered, unit: 'requests' },
    ];
  } finally {
    for (const { rig } of contestants) await rig.close();
  }
}

async function startContestant(campaigns: number, { scale, seed }: BenchContext): Promise<Contestant> {
  const rig = await startRig({
    dspCount: DSP_COUNT,
    seed,
    delayMs: (index) => 2 + index / 5,
    overrides: { 'campaigns.enabled': true },
  });
  try {
    // A tiny run has tiny markets.
    await rig.engine.ask('book', scale.rounds === 1 ? campaigns / 100 : campaigns, seed);
  } catch (error) {
    await rig.close();
    throw error;
  }
  return { rig, cpuUsPerAuction: [], unanswered: 0 };
}

function shown({ cpuUsPerAuction }: Contestant): string {
  return cpuUsPerAuction.at(-1)!.toFixed(0);
}

async function measurePhase(
  contestant: Contestant,
  ratePerSec: number,
  round: number,
  { scale, seed }: BenchContext,
): Promise<void> {
  const { rig, cpuUsPerAuction } = contestant;
  const before = await rig.engine.ask('usage', false);
  const { due, answered, errors } = await runOpenLoop({
    url: rig.url,
    ratePerSec,
    seconds: scale.seconds,
    arrivals: 'poisson',
    // Both get the same arrivals.
    random: seededRandom(seed).fork(`round-${round}`),
    body: bodiesOf(seed)(`round-${round}`),
  });
  await settle();
  const after = await rig.engine.ask('usage', false);
  if (answered === 0) throw new Error(`no request was answered: ${JSON.stringify(errors)}`);
  contestant.unanswered += due - answered;
  cpuUsPerAuction.push((after.cpuUs - before.cpuUs) / answered);
}

/** CPU of a second in which nobody asks for anything: pace, leases, the database. Long enough for all to be paced once. */
async function idleCpuMs({ engine }: Rig, { scale }: BenchContext): Promise<number> {
  const startedAtMs = performance.now();
  const before = await engine.ask('usage', false);
  await delay(scale.seconds * 2 * 1000);
  const after = await engine.ask('usage', false);
  return (after.cpuUs - before.cpuUs) / (performance.now() - startedAtMs);
}

/** The same requests to all, under ids of their own. */
function bodiesOf(seed: number): (label: string) => (index: number) => string {
  const random = seededRandom(seed).fork('requests');
  const requests = Array.from({ length: REQUESTS }, () => targetedRequest('', random));
  return (label) => (index) => JSON.stringify({ ...requests[index % REQUESTS]!, id: `${label}-${index}` });
}
