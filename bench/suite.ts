/** All benchmarks by the names of their results. */
import { measureCacheHits } from './cache-hits.ts';
import { LEVER_NAMES, measureEstimationLevers } from './estimation-levers.ts';
import { FAN_OUT_WIDTHS, measureFanOut } from './fan-out-cost.ts';
import { clearingOfBids, fillingOfMacros, readingOfRequest } from './hot-functions.ts';
import type { BenchContext, BenchScale, Measurement } from './measurement.ts';
import { measureMemoryGrowth } from './memory-growth.ts';
import { measureThroughput } from './throughput.ts';
import { timeFunction } from './timed-function.ts';
import { measureTreeScoring } from './tree-scoring.ts';

interface Benchmark {
  /** Of the results it is run for; it may give more that explain them. */
  readonly names: readonly string[];
  readonly run: (context: BenchContext) => Promise<Measurement[]>;
}

export const FULL_SCALE: BenchScale = { seconds: 5, rounds: 5, auctions: 100_000, heapSamples: 10, functionMs: 200 };
/** Shows that everything runs; its numbers mean nothing. */
export const QUICK_SCALE: BenchScale = { seconds: 0.2, rounds: 1, auctions: 20, heapSamples: 1, functionMs: 2 };

/** Functions first: they need a machine that is not still warm from the rest. */
const BENCHMARKS: readonly Benchmark[] = [
  { names: ['validate.2kb_us'], run: async (context) => [timeFunction(readingOfRequest(), context)] },
  { names: ['gsp.50_us'], run: async (context) => [timeFunction(clearingOfBids(context.seed), context)] },
  { names: ['macros.us'], run: async (context) => [timeFunction(fillingOfMacros(), context)] },
  { names: ['gbdt.row_us', 'gbdt.batch50_us', 'gbdt.alloc_bytes_per_row'], run: measureTreeScoring },
  { names: ['cache.hit_rate'], run: measureCacheHits },
  ...FAN_OUT_WIDTHS.map((dspCount) => ({
    names: [`fanout.cpu_ratio.${dspCount}`],
    run: (context: BenchContext) => measureFanOut(dspCount, context),
  })),
  { names: LEVER_NAMES.map((lever) => `estimate.p99_ms.${lever}`), run: measureEstimationLevers },
  { names: ['auction.rate', 'auction.own_p99_ms'], run: measureThroughput },
  { names: ['memory.growth_mb'], run: measureMemoryGrowth },
];

export const BENCHMARK_NAMES: readonly string[] = BENCHMARKS.flatMap(({ names }) => names);

/** Runs the benchmarks of which a name contains `pattern`, one after the other. */
export async function* runSuite(pattern: string, context: BenchContext): AsyncGenerator<Measurement> {
  for (const { names, run } of BENCHMARKS) {
    if (!names.some((name) => name.includes(pattern))) continue;
    context.progress(names.join(', '));
    yield* await run(context);
  }
}
