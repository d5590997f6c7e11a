import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { measureCacheHits } from './cache-hits.ts';
import { measureCampaignPath, PATH_NAMES } from './campaign-path-cost.ts';
import { measureDecision } from './decision-cost.ts';
import { LEVER_NAMES } from './estimation-levers.ts';
import { measureHandling } from './handling-cost.ts';
import { clearingOfBids, fillingOfMacros, readingOfRequest } from './hot-functions.ts';
import { type BenchContext, type Measurement, median, percentile } from './measurement.ts';
import { measurePacing, PACING_NAMES } from './pacing.ts';
import { adRequest } from './payloads/ad-request.ts';
import { bidAnswers } from './payloads/bid-answers.ts';
import { creative } from './payloads/creative.ts';
import { measureReplayVerify, VERIFY_NAMES } from './replay-verify.ts';
import { formatMeasurements } from './report.ts';
import { measureReservation } from './reservation-cost.ts';
import { measureShaping } from './shaping-study.ts';
import { measureSimulatedCache } from './simulated-cache.ts';
import { BENCHMARK_NAMES, QUICK_SCALE } from './suite.ts';
import { measureTargeting } from './targeting.ts';
import { type TimedFunction, timeFunction } from './timed-function.ts';
import { measureTreeScoring } from './tree-scoring.ts';

const built = new URL('../dist/bench/suite.js', import.meta.url);

function quick(lines: string[] = []): BenchContext {
  return { scale: QUICK_SCALE, seed: 1, progress: (line) => lines.push(line) };
}

// Forks compiled files: not every supported runtime reads TypeScript.
describe.skipIf(!existsSync(built))('benchmarks over the network, tiny (after npm run build)', () => {
  async function run(pattern: string): Promise<Record<string, number>> {
    const suite: typeof import('./suite.ts') = await import(pathToFileURL(built.pathname).href);
    const measurements: Measurement[] = [];
    for await (const measurement of suite.runSuite(pattern, quick())) measurements.push(measurement);
    return Object.fromEntries(measurements.map(({ name, value }) => [name, value]));
  }

  it('fan-out cost', async () => {
    const values = await run('fanout.cpu_ratio.5');
    expect(values['fanout.cpu_us.bare.5']).toBeGreaterThan(0);
    const ratio = values['fanout.cpu_us.engine.5']! / values['fanout.cpu_us.bare.5']!;
    expect(values['fanout.cpu_ratio.5']).toBeCloseTo(ratio);
  });

  it('cost of many campaigns', async () => {
    const values = await run('campaigns.cpu_ratio');
    const ratio = values['campaigns.cpu_us.10k']! / values['campaigns.cpu_us.100']!;
    expect(values['campaigns.cpu_ratio']).toBeCloseTo(ratio);
    expect(values['campaigns.unanswered.10k']).toBeGreaterThanOrEqual(0);
    expect(values['campaigns.idle_cpu_ms.10k']).toBeGreaterThan(0);
    // Two engines with a database each in the process.
  }, 120_000);

  it('levers of estimation', async () => {
    const values = await run('estimate.p99_ms.none');
    for (const lever of LEVER_NAMES) {
      expect(values[`estimate.p99_ms.${lever}`], lever).toBeGreaterThan(0);
      expect(values[`estimate.within_2ms.${lever}`], lever).toBeLessThanOrEqual(1);
    }
    expect(values['estimate.calls_for_one_key']).toBe(1);
    // Without a fallback the slowest answer of the model is waited for, three times.
  }, 90_000);

  it('a model that is slow, and one that hangs', async () => {
    const values = await run('estimate.slow_p99_shift_ms');
    for (const illness of ['slow', 'hang']) {
      expect(values[`estimate.${illness}_p99_shift_ms`], illness).toSatisfy(Number.isFinite);
      // Auctions wait no longer for an estimate than its budget; generous for a busy machine.
      expect(values[`estimate.${illness}_first_2s_p99_shift_ms`], illness).toBeLessThan(1000);
    }
  });

  it('tracking', async () => {
    const values = await run('events.track');
    expect(values['tracking.markup_us']).toBeGreaterThan(0);
    expect(values['events.track_p99_ms']).toBeGreaterThanOrEqual(values['events.track_p50_ms']!);
  });

  it('throughput', async () => {
    const values = await run('auction.rate');
    // A cold engine on a busy machine may answer nothing in time: 0 is a rate too.
    expect(values['auction.rate']).toSatisfy(Number.isFinite);
    for (const name of ['own_p50_ms', 'own_p99_ms', 'not_waiting_p99_ms']) {
      expect(values[`auction.${name}`], name).toBeGreaterThan(0);
    }
  });

  it('one sick DSP, and all of them', async () => {
    const values = await run('hang.p99_ratio');
    for (const illness of ['hang', 'failing']) {
      expect(values[`${illness}.p99_ratio`], illness).toBeGreaterThan(0);
      expect(values[`${illness}.share_after_2s`], illness).toBeLessThanOrEqual(1.5);
      expect(values[`${illness}.heal_s`], illness).toBeGreaterThan(0);
    }
    expect(values['all_down.p99_ms']).toBeGreaterThan(0);
  });

  it('overload', async () => {
    const values = await run('overload.goodput');
    for (const name of ['goodput', 'p99_ratio', 'refusal_p50_ms', 'refusal_p99_ms', 'recovery_s']) {
      for (const factor of [2, 5, 10]) expect(values[`overload.${name}.${factor}x`], name).toBeTypeOf('number');
    }
  });

  it('garbage', async () => {
    const values = await run('alloc.bytes_per_auction');
    expect(values['alloc.bytes_per_auction']).toBeGreaterThan(10_000);
    expect(values['alloc.survived_bytes_per_auction']).toBeGreaterThanOrEqual(0);
    expect(values['alloc.pause_us_per_auction']).toBeGreaterThanOrEqual(0);
  });

  it('memory growth', async () => {
    const values = await run('memory.growth_mb');
    expect(values['memory.growth_mb']).toSatisfy(Number.isFinite);
    expect(values['memory.live_mb']).toBeGreaterThan(1);
  });
});

test.each([
  ['reading a request', readingOfRequest()],
  ['clearing', clearingOfBids(1)],
  ['macros', fillingOfMacros()],
])('%s, tiny', (_name, timed) => {
  const lines: string[] = [];
  const { name, value, unit } = timeFunction(timed as TimedFunction<unknown, unknown>, quick(lines));
  expect(BENCHMARK_NAMES).toContain(name);
  expect(value).toBeGreaterThan(0);
  expect(unit).toBe('us');
  expect(lines[0]).toMatch(/results [0-9a-f]{12}/);
});

test('deciding about DSPs, tiny', () => {
  const lines: string[] = [];
  const [measured] = measureDecision(quick(lines));
  expect(measured).toMatchObject({ name: 'dsp.decision_us', unit: 'us' });
  expect(BENCHMARK_NAMES).toContain(measured!.name);
  expect(measured!.value).toBeGreaterThan(0);
  expect(lines[0]).toMatch(/[1-9]\d* calls of 2000 asked/);
});

test('the path of auctions with campaigns, tiny', () => {
  const lines: string[] = [];
  const measured = measureCampaignPath(quick(lines));
  expect(measured.map(({ name }) => name)).toEqual(PATH_NAMES);
  for (const { value } of measured) expect(value).toBeGreaterThan(0);
  expect(lines.at(-1)).toMatch(/ 0\.[1-9]\d* win| 1\.00 win/);
});

test('deciding recorded auctions again, tiny', async () => {
  const measured = await measureReplayVerify(quick());
  expect(measured.map(({ name }) => name)).toEqual(VERIFY_NAMES);
  for (const { value } of measured) expect(value).toBeGreaterThan(0);
});

test('reserving and billing, tiny', () => {
  const lines: string[] = [];
  const [measured] = measureReservation(quick(lines));
  expect(measured).toMatchObject({ name: 'reserve.us', unit: 'us' });
  expect(measured!.value).toBeGreaterThan(0);
  expect(lines[0]).toMatch(/[1-9]\d* wins of 1000 accounts/);
});

test('scoring by trees, tiny', async () => {
  const lines: string[] = [];
  const values = new Map((await measureTreeScoring(quick(lines))).map(({ name, value }) => [name, value]));
  expect([...values.keys()].sort()).toEqual(['gbdt.alloc_bytes_per_row', 'gbdt.batch50_us', 'gbdt.row_us']);
  expect(values.get('gbdt.row_us')! * 50).toBeCloseTo(values.get('gbdt.batch50_us')!);
  // A number put on the heap takes 12 bytes or more, an object or array 16.
  expect(values.get('gbdt.alloc_bytes_per_row')).toBeLessThan(4);
  expect(lines[0]).toMatch(/results [0-9a-f]{12}/);
});

test('targeting, tiny', async () => {
  const lines: string[] = [];
  const values = new Map((await measureTargeting('10k', quick(lines))).map(({ name, value }) => [name, value]));
  expect(values.get('targeting.us.10k')).toBeGreaterThan(0);
  // Next to nothing, however many line items match.
  expect(values.get('targeting.alloc_bytes.10k')).toBeLessThan(20_000);
  expect(lines.find((line) => line.includes('match in the median'))).toMatch(/: [1-9][\d.]* /);
});

test('handling calls in the dsp actors, tiny', async () => {
  const measured = await measureHandling(quick());
  expect(measured.map(({ name }) => name)).toEqual(['dsp.handling_us', 'dsp.handling_shaped_us']);
  for (const { name, value, unit } of measured) {
    expect(BENCHMARK_NAMES).toContain(name);
    expect(value).toBeGreaterThan(0);
    expect(unit).toBe('us');
  }
});

test('hits of the cache, tiny', async () => {
  const values = new Map((await measureCacheHits(quick())).map(({ name, value }) => [name, value]));
  // Twelve and a half by fourteen: the sums of 1 / rank up to a fifth of the keys and up to all.
  expect(values.get('cache.hit_rate.exact_optimum')).toBeCloseTo(0.888, 3);
  expect(values.get('cache.hit_rate')).toBeGreaterThanOrEqual(values.get('cache.hit_rate.exact')!);
});

test('the cache over simulated traffic, tiny', async () => {
  const scale = { ...quick().scale, auctions: 1000 };
  const values = new Map((await measureSimulatedCache({ ...quick(), scale })).map(({ name, value }) => [name, value]));
  // Most of what the first thousand fill is found by the second.
  expect(values.get('cache.hit_rate.simulated')).toBeGreaterThan(0.3);
  const model = values.get('cache.normalised_entropy.simulated.model')!;
  expect(Math.abs(values.get('cache.normalised_entropy.simulated.cached')! - model)).toBeLessThan(0.05);
});

test('a function whose results change is not timed', () => {
  let count = 0;
  const fickle = { name: 'fickle', inputs: [0], run: () => count++, checksum: (result: number) => result };
  expect(() => timeFunction(fickle, quick())).toThrow('other results');
});

test('what the issue asks for has its name', () => {
  expect(BENCHMARK_NAMES).toEqual(
    expect.arrayContaining([
      'fanout.cpu_ratio.5',
      'fanout.cpu_ratio.20',
      'fanout.cpu_ratio.50',
      'alloc.bytes_per_auction',
      'auction.rate',
      'auction.own_p99_ms',
      'validate.2kb_us',
      'gsp.50_us',
      'macros.us',
      'overload.goodput.2x',
      'overload.goodput.5x',
      'overload.goodput.10x',
      'shaping.calls_saved',
      'shaping.revenue_ratio',
      'budget.over_delivery_nanos',
      'budget.delivered_ratio',
      'pacing.rmse',
      'gbdt.row_us',
      'gbdt.batch50_us',
      'gbdt.alloc_bytes_per_row',
      'memory.growth_mb',
      'hang.p99_ratio',
      'dsp.decision_us',
      'reserve.us',
      'targeting.us.10k',
      'targeting.us.100k',
      'cache.hit_rate',
      'cache.hit_rate.simulated',
      'cache.calls_saved.simulated',
      'estimate.slow_p99_shift_ms',
      ...['none', 'cache', 'refresh', 'singleflight', 'fallback', 'batch'].map((lever) => `estimate.p99_ms.${lever}`),
    ]),
  );
});

test('shaping, tiny', async () => {
  const measurements = await measureShaping(quick());
  const values = Object.fromEntries(measurements.map(({ name, value }) => [name, value]));
  expect(values['shaping.calls_saved']).toBeGreaterThan(0);
  expect(values['shaping.revenue_ratio']).toBeGreaterThan(0.9);
  expect(await measureShaping(quick())).toEqual(measurements);
});

test('pacing, tiny', { timeout: 120_000 }, async () => {
  const measurements = await measurePacing(quick());
  const values = Object.fromEntries(measurements.map(({ name, value }) => [name, value]));
  expect(Object.keys(values)).toEqual(expect.arrayContaining([...PACING_NAMES]));
  expect(values['budget.over_delivery_nanos']).toBe(0);
  expect(values['budget.delivered_ratio']).toBeGreaterThan(0.99);
  expect(values['pacing.rmse']).toBeLessThan(0.03);
  expect(values['pacing.slot_max']).toBeLessThan(1.5);
});

test('payloads have the sizes that the names say', () => {
  for (const bytes of [1536, 2048]) {
    expect(adRequest('request-1', bytes).length).toBeLessThanOrEqual(bytes);
    expect(adRequest('request-1', bytes).length).toBeGreaterThan(bytes - 100);
  }
  expect(creative(1024)).toHaveLength(1024);
  for (const [head, tail] of bidAnswers(3, 1)) {
    expect(JSON.parse(`${head}request-1${tail}`)).toMatchObject({ id: 'request-1', cur: 'USD' });
    expect(head.length + tail.length).toBeGreaterThan(900);
    expect(head.length + tail.length).toBeLessThan(1200);
  }
});

test('the same seed makes the same auctions, another one others', () => {
  const priceOf = (seed: number) => clearingOfBids(seed).inputs.map(({ bids }) => bids[0]!.priceMicros);
  expect(priceOf(1)).toEqual(priceOf(1));
  expect(priceOf(2)).not.toEqual(priceOf(1));
});

test('median and percentile', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(hundred, 99)).toBe(99);
  expect(percentile([7], 99)).toBe(7);
  expect(percentile([], 99)).toBeNaN();
});

test('the table lines up', () => {
  const table = formatMeasurements([
    { name: 'a', value: 1.234, unit: 'us' },
    { name: 'long.name', value: 1234.5, unit: '1/s' },
  ]);
  expect(table).toBe('a          1.23  us\nlong.name  1235  1/s');
});
