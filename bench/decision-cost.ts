/** What the dsp actors decide and learn per call, over fifty DSPs of which a few are ill, in simulated time. */
import { createDspHealth, DSP_HEALTH_DEFAULTS, type DspHealth, decide, record } from '../engine/dsp/dsp-health.ts';
import type { ReplyResult } from '../engine/dsp/reply.ts';
import { type SeededRandom, seededRandom } from '../simulator/random.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';

const DSP_COUNT = 50;
const REQUESTS_PER_SEC = 200;
const TIMINGS = 11;
const OPTIONS = {
  ...DSP_HEALTH_DEFAULTS,
  timeoutMs: 30,
  timeoutMsMin: 5,
  inFlightMax: 100,
  callsPerSecondMax: null,
};

/** Share of calls that end so; the rest are no-bids. */
interface Habit {
  readonly timeout: number;
  readonly failure: number;
}

const WELL: Habit = { timeout: 0.01, failure: 0.002 };
const ILL: readonly Habit[] = [
  { timeout: 1, failure: 0 },
  { timeout: 0, failure: 1 },
  { timeout: 0.3, failure: 0 },
  { timeout: 0, failure: 0.3 },
];

export function measureDecision({ scale, seed, progress }: BenchContext): Measurement[] {
  const requests = Math.ceil(scale.functionMs * 20);
  const callCounts = new Set<number>();
  const timings = Array.from({ length: TIMINGS + 1 }, () => {
    const { usPerRequest, calls } = timeRequests(requests, seed);
    callCounts.add(calls);
    return usPerRequest;
  });
  if (callCounts.size !== 1) throw new Error('the same course gave different decisions');
  progress(`dsp.decision_us: ${[...callCounts][0]} calls of ${requests * DSP_COUNT} asked`);
  // The first one is for the optimising compiler.
  return [{ name: 'dsp.decision_us', value: median(timings.slice(1)), unit: 'us' }];
}

/** One decision per DSP and request, and the record of every call. */
function timeRequests(requests: number, seed: number): { readonly usPerRequest: number; readonly calls: number } {
  const random = seededRandom(seed).fork('decisions');
  const draw = () => random.next();
  const healths = Array.from({ length: DSP_COUNT }, () => createDspHealth(OPTIONS, 0));
  let calls = 0;
  let nowMs = 0;
  const startedAtMs = performance.now();
  for (let request = 0; request < requests; request++) {
    nowMs += 1000 / REQUESTS_PER_SEC;
    for (let dsp = 0; dsp < DSP_COUNT; dsp++) calls += askOne(healths[dsp]!, ILL[dsp] ?? WELL, nowMs, random, draw);
  }
  const elapsedMs = performance.now() - startedAtMs;
  return { usPerRequest: (elapsedMs * 1000) / (requests * DSP_COUNT), calls };
}

function askOne(health: DspHealth, habit: Habit, nowMs: number, random: SeededRandom, draw: () => number): 0 | 1 {
  const decision = decide(health, nowMs, 100, draw);
  if (decision.kind === 'skip') return 0;
  const { timeoutMs, isProbe } = decision;
  const result = resultOf(habit, random.next());
  const latencyMs = result === 'timeout' ? timeoutMs : 4 + 8 * random.next();
  record(health, { result, latencyMs, timeoutMs, isProbe, isLocalFault: false, blockedMs: 0 }, nowMs, draw);
  return 1;
}

function resultOf({ timeout, failure }: Habit, drawn: number): ReplyResult {
  if (drawn < timeout) return 'timeout';
  return drawn < timeout + failure ? 'http-error' : 'no-bid';
}
