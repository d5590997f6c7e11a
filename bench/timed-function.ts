import { createHash } from 'node:crypto';
import { type BenchContext, type Measurement, median } from './measurement.ts';

/** A pure function over a fixed list of inputs. */
export interface TimedFunction<I, R> {
  readonly name: string;
  readonly inputs: readonly I[];
  readonly run: (input: I) => R;
  /** A number that the result gives and a wrong one would not; keeps the compiler from leaving the work out. */
  readonly checksum: (result: R) => number;
}

const TIMINGS = 11;
/** Of the first timing, which is not counted: the optimising compiler needs it. */
const WARM_UP_FACTOR = 5;

/** Median time of one call. Reports a hash of all results, so that two runs can be seen to have done the same. */
export function timeFunction<I, R>(timed: TimedFunction<I, R>, context: BenchContext): Measurement {
  const expected = onePass(timed);
  const { functionMs } = context.scale;
  timePasses(timed, functionMs * WARM_UP_FACTOR, expected);
  const timings = Array.from({ length: TIMINGS }, () => timePasses(timed, functionMs, expected));
  context.progress(
    `${timed.name}: ${timed.inputs.length} inputs, results ${hashOf(timed)}, fastest ${Math.min(...timings).toFixed(2)} us`,
  );
  return { name: timed.name, value: median(timings), unit: 'us' };
}

function timePasses<I, R>(timed: TimedFunction<I, R>, atLeastMs: number, expected: number): number {
  const startedAtMs = performance.now();
  let passes = 0;
  let elapsedMs: number;
  do {
    if (onePass(timed) !== expected) throw new Error(`${timed.name} gave other results than at first`);
    passes += 1;
    elapsedMs = performance.now() - startedAtMs;
  } while (elapsedMs < atLeastMs);
  return (elapsedMs * 1000) / (passes * timed.inputs.length);
}

function onePass<I, R>({ inputs, run, checksum }: TimedFunction<I, R>): number {
  let sum = 0;
  for (const input of inputs) sum += checksum(run(input));
  return sum;
}

function hashOf<I, R>({ inputs, run }: TimedFunction<I, R>): string {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(JSON.stringify(run(input)));
  return hash.digest('hex').slice(0, 12);
}
