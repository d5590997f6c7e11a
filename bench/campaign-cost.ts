/**
 * CPU per auction in engines with none, a hundred and ten thousand live campaigns of our own, everything else the same: five
 * DSPs, real sockets, embedded stores. They take turns, so that a machine that gets slower gets slower for all.
 */
import { seededRandom } from '../simulator/random.ts';
import { runOpenLoop } from '../simulator/traffic/open-loop.ts';
import { CampaignPath } from './campaign-path.ts';
import { runClosedLoop } from './closed-loop.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import { targetedRequest } from './payloads/campaign-population.ts';
import { CONCURRENCY, type Rig, settle, startRig } from './rig.ts';

const DSP_COUNT = 5;
const RATE_PER_SEC = 100;
const REQUESTS = 512;
const TIMINGS = 5;
const SIZES = { none: 0, '100': 100, '10k': 10_000 } as const;
type Size = keyof typeof SIZES;
const SIZE_NAMES = Object.keys(SIZES) as Size[];
export const PATH_NAMES = [...SIZE_NAMES.map((size) => `campaigns.path_us.${size}`), 'campaigns.between_us.10k'];

interface Contestant {
  readonly size: Size;
  readonly rig: Rig;
  readonly cpuUs: number[];
}

export async function measureCampaignCost(context: BenchContext): Promise<Measurement[]> {
  const contestants: Contestant[] = [];
  try {
    for (const size of SIZE_NAMES) {
      const rig = await startRig({
        dspCount: DSP_COUNT,
        seed: context.seed,
        delayMs: () => 5,
        campaigns: countOf(size, context.scale),
      });
      contestants.push({ size, rig, cpuUs: [] });
      const { seconds } = context.scale;
      await runClosedLoop({ url: rig.url, concurrency: CONCURRENCY, seconds, body: bodies(context.seed, size) });
    }
    for (let round = 0; round < context.scale.rounds; round++) {
      for (const contestant of contestants) await measurePhase(contestant, round, context);
      context.progress(contestants.map(({ size, cpuUs }) => `${size} ${cpuUs.at(-1)!.toFixed(0)} us`).join(', '));
    }
  } finally {
    for (const { rig } of contestants) await rig.close();
  }
  const us = new Map(contestants.map(({ size, cpuUs }) => [size, median(cpuUs)]));
  return [
    { name: 'campaigns.cpu_ratio.10k', value: us.get('10k')! / us.get('100')!, unit: 'ratio' },
    ...[...us].map(([size, value]) => ({ name: `campaigns.cpu_us.${size}`, value, unit: 'us' })),
  ];
}

/** The same without sockets and actors: what an auction's own path costs, and of it the desk's work between auctions. */
export function measureCampaignPath(context: BenchContext): Measurement[] {
  const costs = SIZE_NAMES.map((size) => pathCost(size, context));
  const betweenUs = costs.find(({ size }) => size === '10k')!.betweenUs;
  return [
    ...costs.map(({ size, us }) => ({ name: `campaigns.path_us.${size}`, value: us, unit: 'us' })),
    { name: 'campaigns.between_us.10k', value: betweenUs, unit: 'us' },
  ];
}

function pathCost(size: Size, { scale, seed, progress }: BenchContext) {
  const path = new CampaignPath(countOf(size, scale), seed);
  path.usPerAuction(scale.functionMs * 5);
  const [auctions, betweenMs] = [path.auctions, path.betweenMs];
  const us = median(Array.from({ length: TIMINGS }, () => path.usPerAuction(scale.functionMs)));
  const [entered, won] = [path.entered / path.auctions, path.won / path.auctions];
  progress(`campaigns.path_us.${size}: ${entered.toFixed(1)} bids of ours enter, ${won.toFixed(2)} win`);
  return { size, us, betweenUs: ((path.betweenMs - betweenMs) * 1000) / (path.auctions - auctions) };
}

/** A tiny run has tiny markets. */
function countOf(size: Size, { rounds }: BenchContext['scale']): number {
  return rounds === 1 ? SIZES[size] / 100 : SIZES[size];
}

async function measurePhase({ size, rig, cpuUs }: Contestant, round: number, context: BenchContext): Promise<void> {
  const before = await rig.engine.ask('usage', false);
  const { answered, errors } = await runOpenLoop({
    url: rig.url,
    ratePerSec: RATE_PER_SEC,
    seconds: context.scale.seconds,
    arrivals: 'poisson',
    random: seededRandom(context.seed).fork(`round-${round}`),
    body: bodies(context.seed, `${size}-${round}`),
  });
  await settle();
  const after = await rig.engine.ask('usage', false);
  if (answered === 0) throw new Error(`no request was answered: ${JSON.stringify(errors)}`);
  cpuUs.push((after.cpuUs - before.cpuUs) / answered);
}

/** The same requests to all, under ids of their own. */
function bodies(seed: number, label: string): (index: number) => string {
  const random = seededRandom(seed).fork('requests');
  const requests = Array.from({ length: REQUESTS }, () => targetedRequest('', random));
  return (index) => JSON.stringify({ ...requests[index % REQUESTS]!, id: `${label}-${index}` });
}
