/** A made-up day of a simulated exchange, with a DSP that falls silent: for tests of the page. Any number of intervals. */
import type { ComparisonRecord, MetricComparison } from '../../../comparison/comparison-record.ts';
import { seededRandom } from '../../../random.ts';
import type { DspFigures, IntervalFigures, Percentiles, RunRecord } from '../../../world/run-record.ts';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export interface DayOptions {
  readonly seed?: number;
  /** Ten minutes each. */
  readonly intervals?: number;
  readonly dsps?: number;
  readonly campaigns?: number;
}

export function dayRecord({ seed = 1, intervals: count = 144, dsps = 8, campaigns = 3 }: DayOptions = {}): RunRecord {
  const random = seededRandom(seed);
  const intervalMs = 10 * MINUTE_MS;
  const durationMs = count * intervalMs;
  const outage = { fromMs: durationMs * 0.42, untilMs: durationMs * 0.48 };
  const intervals = Array.from({ length: count }, (_, at) => {
    const fromMs = at * intervalMs;
    const isSick = fromMs >= outage.fromMs && fromMs < outage.untilMs;
    return intervalAt(fromMs, isSick, random);
  });
  return {
    kind: 'run',
    version: 1,
    identity: {
      seed,
      scenario: 'quiet-day',
      scenarioHash: 'b0a7c3d2e1f4a596',
      commit: '3f2c1a9',
      command: `gavel simulate --world config/examples/worlds/quiet-day.yaml --seed ${seed}`,
    },
    durationMs,
    startedAtMs: Date.UTC(2026, 2, 2),
    traceHash: '9c1f'.repeat(16),
    ledgerHash: '07ab'.repeat(16),
    totals: totalsOf(intervals),
    intervalMs,
    intervals,
    dsps: Array.from({ length: dsps }, (_, at) => dspAt(at, random)),
    campaigns: Array.from({ length: campaigns }, (_, at) => campaignAt(at, intervals)),
    regions: ['eu', 'us'].map((name, at) => ({
      name,
      requests: intervals.map(({ requests }) => Math.round(requests * (at === 0 ? 0.6 : 0.4))),
      shed: intervals.map(({ shed }) => (at === 0 ? (shed.overload ?? 0) : 0)),
      utilisation: intervals.map(({ requests }) => Math.min(1, requests / 900)),
      machines: intervals.map(({ requests }) => 2 + Math.floor(requests / 250)),
    })),
    faults: [
      { kind: 'silent', target: 'dsp-03', ...outage },
      { kind: 'crash', target: 'engine-2', fromMs: durationMs * 0.75, untilMs: durationMs * 0.752 },
    ],
    states: [
      { kind: 'breaker', subject: 'dsp-03', state: 'open', fromMs: outage.fromMs + 2000, untilMs: outage.untilMs },
      {
        kind: 'breaker',
        subject: 'dsp-03',
        state: 'half-open',
        fromMs: outage.untilMs,
        untilMs: outage.untilMs + 15 * MINUTE_MS,
      },
      {
        kind: 'process',
        subject: 'engine-2',
        state: 'down',
        fromMs: durationMs * 0.75,
        untilMs: durationMs * 0.752,
      },
      { kind: 'shedding', subject: 'eu', state: 'watch', fromMs: durationMs * 0.74, untilMs: durationMs * 0.76 },
      { kind: 'shedding', subject: 'eu', state: 'shed', fromMs: durationMs * 0.75, untilMs: durationMs * 0.757 },
      { kind: 'fallback', subject: 'engine-1', state: 'fallback', fromMs: outage.fromMs, untilMs: outage.untilMs },
    ],
    checks: [
      { id: 'O1', name: 'no campaign spends more than its budget', judged: 3, violations: [] },
      { id: 'O2', name: 'every request has one answer by its deadline', judged: 52_000, violations: [] },
      { id: 'O3', name: 'every impression ends in one terminal event', judged: 41_200, violations: [] },
      { id: 'O4', name: 'the ledger is what the events say', judged: 41_200, violations: [] },
    ],
    calibration: {
      source: 'a season of a real exchange',
      rows: [
        ...['p10', 'p25', 'p50', 'p75', 'p90', 'p99'].map((name, at) => {
          const real = [12, 28, 66, 118, 200, 294][at]!;
          return {
            group: 'price',
            name,
            real,
            simulated: Math.round(real * (1 + (random.next() - 0.5) / 6)),
            unit: 'CPM',
          };
        }),
        ...['top', 'side', 'foot'].map((name, at) => {
          const real = [0.0011, 0.0007, 0.0004][at]!;
          return { group: 'ctr by slot', name, real, simulated: real * (1 + (random.next() - 0.5) / 4), unit: 'share' };
        }),
      ],
    },
  };
}

type Random = ReturnType<typeof seededRandom>;

function intervalAt(fromMs: number, isSick: boolean, random: Random): IntervalFigures {
  const tide = 1 - 0.7 * Math.cos((2 * Math.PI * fromMs) / DAY_MS);
  const requests = Math.round(360 * tide * (0.94 + 0.12 * random.next()));
  const overload = isSick ? Math.round(requests * 0.04) : 0;
  const unanswered = isSick ? Math.round(requests * 0.01) : 0;
  const answered = requests - overload - unanswered;
  const filled = Math.round(answered * (isSick ? 0.82 : 0.9) * (0.98 + 0.04 * random.next()));
  const p50 = (isSick ? 21 : 14) * (0.95 + 0.1 * random.next());
  return {
    fromMs,
    requests,
    answered,
    filled,
    shed: overload === 0 ? {} : { overload },
    unanswered,
    impressions: Math.round(filled * 0.9),
    clicks: Math.round(filled * 0.01),
    revenueNanos: Math.round(filled * 1_150_000 * (0.95 + 0.1 * random.next())),
    advertiserValueNanos: Math.round(filled * 1_600_000 * (0.95 + 0.1 * random.next())),
    dspCalls: answered * 7,
    cpuMs: answered * 1.9,
    latencyMs: { p50, p95: p50 * 2.1, p99: p50 * 3.2, max: p50 * 4.5 },
    fallbacks: isSick ? Math.round(answered * 0.3) : 0,
  };
}

function totalsOf(intervals: readonly IntervalFigures[]): IntervalFigures {
  const total = (key: 'requests' | 'answered' | 'filled' | 'unanswered' | 'impressions' | 'clicks') =>
    sumOf(intervals.map((one) => one[key]));
  return {
    fromMs: 0,
    requests: total('requests'),
    answered: total('answered'),
    filled: total('filled'),
    shed: { overload: sumOf(intervals.map(({ shed }) => shed.overload ?? 0)) },
    unanswered: total('unanswered'),
    impressions: total('impressions'),
    clicks: total('clicks'),
    revenueNanos: sumOf(intervals.map(({ revenueNanos }) => revenueNanos)),
    advertiserValueNanos: sumOf(intervals.map(({ advertiserValueNanos }) => advertiserValueNanos)),
    dspCalls: sumOf(intervals.map(({ dspCalls }) => dspCalls)),
    cpuMs: sumOf(intervals.map(({ cpuMs }) => cpuMs)),
    latencyMs: highest(intervals.map(({ latencyMs }) => latencyMs!)),
    fallbacks: sumOf(intervals.map(({ fallbacks }) => fallbacks)),
  };
}

function highest(all: readonly Percentiles[]): Percentiles {
  const top = (key: keyof Percentiles) => Math.max(...all.map((one) => one[key]));
  return { p50: top('p50'), p95: top('p95'), p99: top('p99'), max: top('max') };
}

function dspAt(at: number, random: Random): DspFigures {
  const calls = 48_000 - at * 3000;
  const bids = Math.round(calls * (0.2 + 0.3 * random.next()));
  const timeouts = at === 2 ? Math.round(calls * 0.07) : Math.round(calls * 0.01);
  const wins = Math.round(bids * (0.1 + 0.4 * random.next()));
  return {
    id: `dsp-${String(at + 1).padStart(2, '0')}`,
    calls,
    results: { bid: bids, 'no-bid': calls - bids - timeouts, timeout: timeouts, skipped: at === 2 ? 3100 : 0 },
    wins,
    spendNanos: wins * 1_150_000,
    valueNanos: wins * 1_600_000,
    latencyMs: { p50: 9 + at, p95: 22 + at, p99: 29, max: 30 },
  };
}

function campaignAt(at: number, intervals: readonly IntervalFigures[]) {
  const budgetNanos = (9 - at) * 1_000_000_000;
  const planned = intervals.map((_, index) => (budgetNanos * (index + 1)) / intervals.length);
  const spent = planned.map((nanos, index) => Math.round(nanos * (0.97 + 0.02 * Math.sin(index / 9 + at))));
  return {
    id: `campaign-${at + 1}`,
    budgetNanos,
    spentNanos: spent.at(-1)!,
    plannedNanos: planned.map(Math.round),
    spentByNanos: spent,
    pace: intervals.map((_, index) => 0.6 + 0.3 * Math.sin(index / 20 + at)),
    leasedNanos: intervals.map(() => Math.round(budgetNanos / 100)),
    strandedNanos: intervals.map(() => 0),
  };
}

/** The same day under another policy, on several seeds. */
export function dayComparison(seedCount = 20): ComparisonRecord {
  const random = seededRandom(7);
  const seeds = Array.from({ length: seedCount }, (_, at) => at + 1);
  const arms = ['hard timeouts', 'adaptive timeouts', 'progressive timeouts'];
  const metric = (name: string, unit: string, higherIsBetter: boolean, base: number, effects: readonly number[]) => {
    const common = seeds.map(() => base * (0.9 + 0.2 * random.next()));
    const values = [0, ...effects].map((effect) =>
      common.map((value) => value * (1 + effect + (random.next() - 0.5) / 60)),
    );
    return {
      metric: name,
      unit,
      higherIsBetter,
      values,
      differences: arms.slice(1).map((arm, at) => paired(arm, values[0]!, values[at + 1]!)),
    };
  };
  const metrics: MetricComparison[] = [
    metric('revenue', 'nanos', true, 54e9, [0.021, 0.028]),
    metric('fill', 'share', true, 0.88, [0.0001, 0.004]),
    metric('latency-p95', 'ms', false, 31, [-0.18, -0.05]),
    metric('calls', 'calls per request', false, 7, [0, 0.03]),
  ];
  return {
    kind: 'comparison',
    version: 1,
    name: 'timeouts',
    commit: '3f2c1a9',
    command: 'gavel simulate --compare hard.yaml adaptive.yaml progressive.yaml --seeds 20',
    seeds,
    arms: arms.map((name, at) => ({
      name,
      scenarioHash: `b0a7c3d2e1f4a59${at}`,
      example: dayRecord({ seed: at + 1 }),
    })),
    metrics,
  };
}

function paired(arm: string, base: readonly number[], other: readonly number[]) {
  const differences = other.map((value, at) => value - base[at]!);
  const mean = sumOf(differences) / differences.length;
  const deviation = Math.sqrt(sumOf(differences.map((value) => (value - mean) ** 2)) / (differences.length - 1));
  const half = (2.09 * deviation) / Math.sqrt(differences.length);
  return { arm, mean, lower: mean - half, upper: mean + half, relative: mean / (sumOf(base) / base.length) };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
