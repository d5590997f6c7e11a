/** What the engine can take with 50 DSPs, and what it adds to their waiting time at half of that. */
import { join } from 'node:path';
import { readEvents } from '../adapters/event-log/reader.ts';
import { readEvent } from '../engine/events/read-event.ts';
import { seededRandom } from '../simulator/random.ts';
import { runOpenLoop } from '../simulator/traffic/open-loop.ts';
import { runClosedLoop } from './closed-loop.ts';
import { type BenchContext, type Measurement, percentile } from './measurement.ts';
import { bodiesOf, CONCURRENCY, startRig } from './rig.ts';

const DSP_COUNT = 50;
/** Every DSP answers after exactly this long, so what is above it is the engine's (and the network's, and the stubs'). */
const SERVICE_MS = 5;
/** Longest a publisher waits for an answer: tmax of the requests. */
const DEADLINE_MS = 200;
const OWN_TIME_LABEL = 'own-time';
/** So that even the shortest run has arrivals. */
const RATE_PER_SEC_MIN = 50;

export async function measureThroughput(context: BenchContext): Promise<Measurement[]> {
  const { seconds } = context.scale;
  const rig = await startRig({ dspCount: DSP_COUNT, seed: context.seed, delayMs: () => SERVICE_MS });
  try {
    const { url } = rig;
    await runClosedLoop({ url, concurrency: CONCURRENCY, seconds, body: bodiesOf('warm-up') });
    const busy = await runClosedLoop({ url, concurrency: CONCURRENCY, seconds: 2 * seconds, body: bodiesOf('busy') });
    const rate = busy.latenciesMs.filter((latencyMs) => latencyMs <= DEADLINE_MS).length / busy.elapsedSec;
    context.progress(`saturated at ${rate.toFixed(0)} auctions/s; now half of it`);
    const half = await runOpenLoop({
      url,
      ratePerSec: Math.max(RATE_PER_SEC_MIN, rate / 2),
      seconds: 2 * seconds,
      arrivals: 'poisson',
      random: seededRandom(context.seed).fork(OWN_TIME_LABEL),
      body: bodiesOf(OWN_TIME_LABEL),
    });
    await rig.stopEngine();
    const { totalsMs, notWaitingMs } = await ownTimes(join(rig.dataDirectory, 'events'));
    if (totalsMs.length < half.answered) throw new Error(`${half.answered} answers but ${totalsMs.length} events`);
    return [
      { name: 'auction.rate', value: rate, unit: '1/s' },
      { name: 'auction.own_p99_ms', value: percentile(totalsMs, 99) - SERVICE_MS, unit: 'ms' },
      { name: 'auction.own_p50_ms', value: percentile(totalsMs, 50) - SERVICE_MS, unit: 'ms' },
      { name: 'auction.not_waiting_p99_ms', value: percentile(notWaitingMs, 99), unit: 'ms' },
    ];
  } finally {
    await rig.close();
  }
}

/**
 * From the outcome events. `totalsMs`: headers read to answer handed over. `notWaitingMs`: the same without the time
 * between asking the DSPs and having the last reply, in which the engine works too.
 */
async function ownTimes(folder: string): Promise<{ totalsMs: number[]; notWaitingMs: number[] }> {
  const totalsMs: number[] = [];
  const notWaitingMs: number[] = [];
  for await (const { payload } of readEvents(folder)) {
    const event = readEvent(payload);
    if (event.type !== 'auction' || !event.requestId.startsWith(OWN_TIME_LABEL)) continue;
    const { timings } = event;
    totalsMs.push(timings.answeredAtMs);
    notWaitingMs.push(timings.solicitedAtMs + (timings.answeredAtMs - timings.closedAtMs));
  }
  return { totalsMs, notWaitingMs };
}
