/** All benchmarks by the names of their results. */

import { ARCHIVE_NAMES, measureArchive } from './archive.ts';
import { measureCacheHits } from './cache-hits.ts';
import { measureCampaignCost } from './campaign-cost.ts';
import { measureCampaignPath, PATH_NAMES } from './campaign-path-cost.ts';
import { COUNTER_NAMES, measureCounterLag } from './counter-lag.ts';
import { measureDecision } from './decision-cost.ts';
import { measureEstimateWarmUp } from './estimate-warm-up.ts';
import { LEVER_NAMES, measureEstimationLevers } from './estimation-levers.ts';
import { APPEND_NAMES, measureEventAppend } from './event-append.ts';
import { DRAIN_NAMES, measureEventDrain } from './event-drain.ts';
import { FAN_OUT_WIDTHS, measureFanOut } from './fan-out-cost.ts';
import { measureGarbage } from './garbage.ts';
import { measureHandling } from './handling-cost.ts';
import { clearingOfBids, fillingOfMacros, readingOfRequest } from './hot-functions.ts';
import { LEDGER_RATE_NAMES, measureLedgerRate } from './ledger-rate.ts';
import type { BenchContext, BenchScale, Measurement } from './measurement.ts';
import { measureMemoryGrowth } from './memory-growth.ts';
import { measureModelOutage, OUTAGE_NAMES } from './model-outage.ts';
import { IPINYOU_NAMES, measureIpinyouQuality, measureSimulatorQuality, SIMULATOR_NAMES } from './model-quality.ts';
import { measureOverload, OVERLOAD_FACTORS } from './overload.ts';
import { measurePacing, PACING_NAMES } from './pacing.ts';
import { measureRedisCost, REDIS_NAMES } from './redis-cost.ts';
import { measureReplayVerify, VERIFY_NAMES } from './replay-verify.ts';
import { measureReservation } from './reservation-cost.ts';
import { measureShaping } from './shaping-study.ts';
import { measureSickDsp } from './sick-dsp.ts';
import { measureSimSeeds, SEED_NAMES } from './sim-seeds.ts';
import { measureSimSpeedup, SPEEDUP_NAMES } from './sim-speedup.ts';
import { measureSimulatedCache } from './simulated-cache.ts';
import { measureSlowModel, SLOW_MODEL_NAMES } from './slow-model.ts';
import { measureTargeting, TARGETING_SIZES, type TargetingSize } from './targeting.ts';
import { measureThroughput } from './throughput.ts';
import { timeFunction } from './timed-function.ts';
import { measureTracking, TRACKING_NAMES } from './tracking.ts';
import { measureTreeScoring } from './tree-scoring.ts';

interface Benchmark {
  /** Of the results it is run for; it may give more that explain them. */
  readonly names: readonly string[];
  readonly run: (context: BenchContext) => Promise<Measurement[]>;
}

export const FULL_SCALE: BenchScale = {
  seconds: 5,
  surgeSeconds: 60,
  rounds: 5,
  auctions: 100_000,
  heapSamples: 10,
  functionMs: 200,
};
/** Shows that everything runs; its numbers mean nothing. */
export const QUICK_SCALE: BenchScale = {
  seconds: 0.2,
  surgeSeconds: 0.5,
  rounds: 1,
  auctions: 20,
  heapSamples: 1,
  functionMs: 2,
};

/** Functions first: they need a machine that is not still warm from the rest. */
const BENCHMARKS: readonly Benchmark[] = [
  { names: ['validate.2kb_us'], run: async (context) => [timeFunction(readingOfRequest(), context)] },
  { names: ['gsp.50_us'], run: async (context) => [timeFunction(clearingOfBids(context.seed), context)] },
  { names: ['macros.us'], run: async (context) => [timeFunction(fillingOfMacros(), context)] },
  { names: ['dsp.decision_us'], run: async (context) => measureDecision(context) },
  { names: ['dsp.handling_us', 'dsp.handling_shaped_us'], run: measureHandling },
  { names: ['reserve.us'], run: async (context) => measureReservation(context) },
  { names: ['shaping.calls_saved', 'shaping.revenue_ratio'], run: measureShaping },
  ...(Object.keys(TARGETING_SIZES) as TargetingSize[]).map((size) => ({
    names: [`targeting.us.${size}`],
    run: async (context: BenchContext) => measureTargeting(size, context),
  })),
  { names: PATH_NAMES, run: async (context) => measureCampaignPath(context) },
  { names: PACING_NAMES, run: async (context) => measurePacing(context) },
  { names: ['gbdt.row_us', 'gbdt.batch50_us', 'gbdt.alloc_bytes_per_row'], run: measureTreeScoring },
  { names: SIMULATOR_NAMES, run: measureSimulatorQuality },
  { names: IPINYOU_NAMES, run: measureIpinyouQuality },
  { names: OUTAGE_NAMES, run: measureModelOutage },
  { names: ['cache.hit_rate'], run: measureCacheHits },
  { names: SPEEDUP_NAMES, run: measureSimSpeedup },
  { names: SEED_NAMES, run: measureSimSeeds },
  {
    names: ['cache.hit_rate.simulated', 'cache.calls_saved.simulated', 'cache.normalised_entropy.simulated'],
    run: measureSimulatedCache,
  },
  { names: APPEND_NAMES, run: measureEventAppend },
  { names: DRAIN_NAMES, run: measureEventDrain },
  { names: LEDGER_RATE_NAMES, run: measureLedgerRate },
  { names: COUNTER_NAMES, run: measureCounterLag },
  { names: REDIS_NAMES, run: measureRedisCost },
  { names: ARCHIVE_NAMES, run: measureArchive },
  { names: VERIFY_NAMES, run: measureReplayVerify },
  ...FAN_OUT_WIDTHS.map((dspCount) => ({
    names: [`fanout.cpu_ratio.${dspCount}`],
    run: (context: BenchContext) => measureFanOut(dspCount, context),
  })),
  { names: TRACKING_NAMES, run: measureTracking },
  { names: ['campaigns.cpu_ratio'], run: measureCampaignCost },
  { names: ['alloc.bytes_per_auction'], run: measureGarbage },
  { names: LEVER_NAMES.map((lever) => `estimate.p99_ms.${lever}`), run: measureEstimationLevers },
  { names: SLOW_MODEL_NAMES, run: measureSlowModel },
  { names: ['estimate.warm_up_to_90_ms'], run: measureEstimateWarmUp },
  { names: ['auction.rate', 'auction.own_p99_ms'], run: measureThroughput },
  {
    names: [
      'hang.p99_ratio',
      'hang.share_after_2s',
      'hang.heal_s',
      'failing.p99_ratio',
      'failing.share_after_2s',
      'failing.heal_s',
      'all_down.p99_ms',
    ],
    run: measureSickDsp,
  },
  { names: OVERLOAD_FACTORS.map((factor) => `overload.goodput.${factor}x`), run: measureOverload },
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
