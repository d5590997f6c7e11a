/**
 * What an auction over 50 DSPs leaves to the collector. Collecting runs on threads of its own too and is spread over all
 * functions, so a CPU profile shows little of it; the bytes are steadier than any time.
 */
import { seededRandom } from '../simulator/random.ts';
import { runOpenLoop } from '../simulator/traffic/open-loop.ts';
import { runClosedLoop } from './closed-loop.ts';
import type { BenchContext, Measurement } from './measurement.ts';
import { bodiesOf, CONCURRENCY, settle, startRig } from './rig.ts';

const DSP_COUNT = 50;
/** The same on every machine: how long auctions live decides how much of them survives a young collection. */
const RATE_PER_SEC = 100;

export async function measureGarbage(context: BenchContext): Promise<Measurement[]> {
  const { seconds } = context.scale;
  const rig = await startRig({ dspCount: DSP_COUNT, seed: context.seed, delayMs: (index) => 2 + index / 5 });
  try {
    const { url, engine } = rig;
    await runClosedLoop({ url, concurrency: CONCURRENCY, seconds, body: bodiesOf('warm-up') });
    await settle();
    await engine.ask('startGarbageCount');
    const { answered } = await runOpenLoop({
      url,
      ratePerSec: RATE_PER_SEC,
      seconds: 2 * seconds,
      arrivals: 'poisson',
      random: seededRandom(context.seed).fork('garbage'),
      body: bodiesOf('garbage'),
    });
    await settle();
    const { allocatedBytes, survivedBytes, pausedUs } = await engine.ask('endGarbageCount');
    if (answered === 0) throw new Error('no request was answered');
    return [
      { name: 'alloc.bytes_per_auction', value: allocatedBytes / answered, unit: 'B' },
      { name: 'alloc.survived_bytes_per_auction', value: survivedBytes / answered, unit: 'B' },
      { name: 'alloc.pause_us_per_auction', value: pausedUs / answered, unit: 'us' },
    ];
  } finally {
    await rig.close();
  }
}
