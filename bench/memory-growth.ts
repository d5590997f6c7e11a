/** Whether auctions leave anything behind: the live heap at intervals over many of them. */
import { runClosedLoop } from './closed-loop.ts';
import type { BenchContext, Measurement } from './measurement.ts';
import { bodiesOf, CONCURRENCY, type Rig, settle, startRig } from './rig.ts';

/** Few, so that so many auctions take a minute; what is left behind would be left by each auction, not each DSP. */
const DSP_COUNT = 5;
const MEGABYTE = 1e6;

export async function measureMemoryGrowth(context: BenchContext): Promise<Measurement[]> {
  const rig = await startRig({ dspCount: DSP_COUNT, seed: context.seed, delayMs: () => 0 });
  const { auctions, heapSamples } = context.scale;
  const requests = Math.ceil(auctions / heapSamples);
  try {
    // Until code is compiled, pools are open and the learned reserve's window is full.
    await run(rig, 'warm-up', requests);
    const samples = [await sample(rig)];
    for (let index = 0; index < heapSamples; index++) {
      await run(rig, `part-${index}`, requests);
      samples.push(await sample(rig));
      context.progress(`${(index + 1) * requests} auctions: ${samples.at(-1)!.liveMb.toFixed(2)} MB live`);
    }
    const [first, last] = [samples[0]!, samples.at(-1)!];
    return [
      { name: 'memory.growth_mb', value: last.liveMb - first.liveMb, unit: 'MB' },
      { name: 'memory.live_mb', value: last.liveMb, unit: 'MB' },
      { name: 'memory.resident_growth_mb', value: last.residentMb - first.residentMb, unit: 'MB' },
    ];
  } finally {
    await rig.close();
  }
}

async function run({ url }: Rig, label: string, requests: number): Promise<void> {
  await runClosedLoop({ url, concurrency: CONCURRENCY, requests, body: bodiesOf(label) });
}

/** Live: what is left after a collection, heap and buffers. */
async function sample({ engine }: Rig): Promise<{ liveMb: number; residentMb: number }> {
  await settle();
  const { heapBytes, externalBytes, residentBytes } = await engine.ask('usage', true);
  return { liveMb: (heapBytes + externalBytes) / MEGABYTE, residentMb: residentBytes / MEGABYTE };
}
