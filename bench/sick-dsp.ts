/** What one sick DSP of twenty costs the auctions, how soon it is left alone, and how soon it is back. */
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../simulator/random.ts';
import { type OpenLoopResult, runOpenLoop } from '../simulator/traffic/open-loop.ts';
import { runClosedLoop } from './closed-loop.ts';
import type { BenchContext, Measurement } from './measurement.ts';
import type { StubHealth } from './processes/stub-dsps.ts';
import { bodiesOf, CONCURRENCY, type Rig, startRig } from './rig.ts';

const DSP_COUNT = 20;
/** The product's default: what a DSP that hangs costs depends on it. */
const DSP_TIMEOUT_MS = 30;
const FIRST_ANSWER_MS = 4;
const LAST_ANSWER_MS = 12;
const RATE_PER_SEC = 100;
/** A DSP may still be called so long after it has fallen ill; its share counts from then on. */
const NOTICED_AFTER_SEC = 2;
/** Of the window in which a healed DSP's share is looked at, and how often it is. */
const SHARE_WINDOW_LOOKS = 4;
const LOOK_EVERY_MS = 250;
const HEALED_SHARE = 0.9;

/** In this order on one engine: two incidents within a minute are no reason to be slower the second time. */
export async function measureSickDsp(context: BenchContext): Promise<Measurement[]> {
  const stepMs = (LAST_ANSWER_MS - FIRST_ANSWER_MS) / DSP_COUNT;
  const rig = await startRig({
    dspCount: DSP_COUNT,
    seed: context.seed,
    delayMs: (index) => FIRST_ANSWER_MS + index * stepMs,
    dspTimeoutMs: DSP_TIMEOUT_MS,
  });
  try {
    const { seconds } = context.scale;
    await runClosedLoop({ url: rig.url, concurrency: CONCURRENCY, seconds, body: bodiesOf('warm-up') });
    // The engine is warm; its DSPs' timeouts are not learned before some seconds of ordinary traffic.
    await load(rig, 'settling', 2 * seconds, context);
    const hanging = await measureIllness(rig, 'hangs', context);
    const failing = await measureIllness(rig, 'fails', context);
    return [...named('hang', hanging), ...named('failing', failing), ...(await measureAllDown(rig, context))];
  } finally {
    await rig.close();
  }
}

interface Illness {
  readonly p99Ratio: number;
  readonly shareAfter2s: number;
  /** The whole time that was looked at when it did not come back. */
  readonly healSec: number;
}

function named(prefix: string, { p99Ratio, shareAfter2s, healSec }: Illness): Measurement[] {
  return [
    { name: `${prefix}.p99_ratio`, value: p99Ratio, unit: 'ratio' },
    { name: `${prefix}.share_after_2s`, value: shareAfter2s, unit: 'ratio' },
    { name: `${prefix}.heal_s`, value: healSec, unit: 's' },
  ];
}

async function measureIllness(rig: Rig, illness: StubHealth, context: BenchContext): Promise<Illness> {
  const phaseSec = 2 * context.scale.seconds;
  const healthy = await load(rig, `${illness}-before`, phaseSec, context);
  await rig.dsps.ask('setHealths', [illness]);
  const [sick, shareAfter2s] = await Promise.all([
    // From the first call that it spoils.
    load(rig, `${illness}-during`, phaseSec + NOTICED_AFTER_SEC, context),
    shareLater(rig, NOTICED_AFTER_SEC, phaseSec),
  ]);
  await rig.dsps.ask('setHealths', []);
  const healingSec = 1.5 * phaseSec;
  const [healSec] = await Promise.all([healTime(rig, healingSec), load(rig, `${illness}-after`, healingSec, context)]);
  context.progress(
    `one ${illness}: p99 ${healthy.latency.p99Ms.toFixed(1)} -> ${sick.latency.p99Ms.toFixed(1)} ms, back after ${healSec.toFixed(1)} s`,
  );
  return { p99Ratio: sick.latency.p99Ms / healthy.latency.p99Ms, shareAfter2s, healSec };
}

/** Everybody hangs. The first seconds, in which that is found out, are measured by themselves. */
async function measureAllDown(rig: Rig, context: BenchContext): Promise<Measurement[]> {
  await rig.dsps.ask('setHealths', new Array<StubHealth>(DSP_COUNT).fill('hangs'));
  const first = await load(rig, 'all-down-first', NOTICED_AFTER_SEC, context);
  const known = await load(rig, 'all-down', context.scale.seconds, context);
  return [
    { name: 'all_down.p99_ms', value: known.latency.p99Ms, unit: 'ms' },
    { name: 'all_down.first_2s_p99_ms', value: first.latency.p99Ms, unit: 'ms' },
  ];
}

function load({ url }: Rig, label: string, seconds: number, { seed }: BenchContext): Promise<OpenLoopResult> {
  return runOpenLoop({
    url,
    ratePerSec: RATE_PER_SEC,
    seconds,
    arrivals: 'poisson',
    random: seededRandom(seed).fork('sick-dsp'),
    body: bodiesOf(label),
  });
}

/** Calls that the sick DSP (the first) gets for one that a healthy one gets (the last), from `afterSec` on. */
async function shareLater({ dsps }: Rig, afterSec: number, seconds: number): Promise<number> {
  await delay(afterSec * 1000);
  const before = await dsps.ask('callCounts');
  await delay(seconds * 1000);
  return shareBetween(before, await dsps.ask('callCounts'));
}

/** Until the end of the first window of a second in which the DSP got its calls again. */
async function healTime({ dsps }: Rig, secondsMax: number): Promise<number> {
  const startedAtMs = performance.now();
  const seen = [await dsps.ask('callCounts')];
  for (;;) {
    await delay(LOOK_EVERY_MS);
    const elapsedSec = (performance.now() - startedAtMs) / 1000;
    if (elapsedSec >= secondsMax) return secondsMax;
    const latest = await dsps.ask('callCounts');
    seen.push(latest);
    const earlier = seen.at(-1 - SHARE_WINDOW_LOOKS);
    if (earlier !== undefined && shareBetween(earlier, latest) > HEALED_SHARE) return elapsedSec;
  }
}

function shareBetween(before: readonly number[], after: readonly number[]): number {
  const calls = (dsp: number): number => after.at(dsp)! - before.at(dsp)!;
  return calls(-1) === 0 ? 0 : calls(0) / calls(-1);
}
