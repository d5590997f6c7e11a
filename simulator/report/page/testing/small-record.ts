/** An hour in three intervals, written by hand: a DSP falls silent in the middle one. */
import type { IntervalFigures, RunRecord } from '../../../world/run-record.ts';

const INTERVAL_MS = 1_200_000;
const HEALTHY = { p50: 12, p95: 25, p99: 40, max: 70 };

export function smallRecord(): RunRecord {
  const intervals = [interval(0), { ...interval(1), ...SICK }, interval(2)];
  return {
    kind: 'run',
    version: 1,
    identity: {
      seed: 7,
      scenario: 'silent-dsp',
      scenarioHash: 'b0a7c3d2e1f4a596',
      commit: '3f2c1a9',
      command: 'gavel simulate --world silent-dsp.yaml --seed 7',
    },
    durationMs: 3 * INTERVAL_MS,
    startedAtMs: Date.UTC(2026, 2, 2, 10),
    traceHash: '9c1f'.repeat(16),
    ledgerHash: '07ab'.repeat(16),
    totals: {
      ...interval(0),
      requests: 3000,
      answered: 2960,
      filled: 2600,
      shed: { overload: 30 },
      unanswered: 10,
      impressions: 2400,
      clicks: 24,
      revenueNanos: 2_800_000_000,
      advertiserValueNanos: 3_900_000_000,
      dspCalls: 5_900,
      cpuMs: 6_000,
      fallbacks: 296,
    },
    intervalMs: INTERVAL_MS,
    intervals,
    dsps: [
      {
        id: 'dsp-x',
        calls: 2900,
        results: { bid: 1500, 'no-bid': 1300, timeout: 100, skipped: 60 },
        wins: 900,
        spendNanos: 1_000_000_000,
        valueNanos: 1_400_000_000,
        latencyMs: HEALTHY,
      },
      {
        id: 'dsp-y',
        calls: 3000,
        results: { bid: 2100, 'no-bid': 900 },
        wins: 1500,
        spendNanos: 1_800_000_000,
        valueNanos: 2_500_000_000,
        latencyMs: null,
      },
    ],
    campaigns: [
      {
        id: 'spring',
        budgetNanos: 1_500_000_000,
        spentNanos: 1_400_000_000,
        plannedNanos: [500_000_000, 1_000_000_000, 1_500_000_000],
        spentByNanos: [480_000_000, 900_000_000, 1_400_000_000],
        pace: [0.8, 1, 0.9],
        leasedNanos: [40_000_000, 60_000_000, 20_000_000],
        strandedNanos: [0, 20_000_000, 0],
      },
    ],
    regions: [
      { name: 'eu', requests: [600, 600, 600], shed: [0, 30, 0], utilisation: [0.5, 0.9, 0.5], machines: [2, 2, 3] },
      { name: 'us', requests: [400, 400, 400], shed: [0, 0, 0], utilisation: [0.4, 0.4, 0.4], machines: [1, 1, 1] },
    ],
    faults: [{ kind: 'dsp-silent', target: 'dsp-x', fromMs: INTERVAL_MS, untilMs: 2 * INTERVAL_MS }],
    states: [
      { kind: 'breaker', subject: 'dsp-x', state: 'open', fromMs: INTERVAL_MS + 2000, untilMs: 2 * INTERVAL_MS },
      {
        kind: 'breaker',
        subject: 'dsp-x',
        state: 'half-open',
        fromMs: 2 * INTERVAL_MS,
        untilMs: 2 * INTERVAL_MS + 60_000,
      },
      { kind: 'shedding', subject: 'eu', state: 'shed', fromMs: 1_500_000, untilMs: 1_600_000 },
      { kind: 'fallback', subject: 'engine-1', state: 'fallback', fromMs: 1_300_000, untilMs: 1_400_000 },
    ],
    checks: [
      { id: 'O1', name: 'no campaign spends more than its budget', judged: 1, violations: [] },
      { id: 'O2', name: 'every request has one answer by its deadline', judged: 3000, violations: [] },
    ],
    calibration: {
      source: 'a season of a real exchange',
      rows: [
        { group: 'price', name: 'p50', real: 66, simulated: 64, unit: 'CPM' },
        { group: 'price', name: 'p95', real: 227, simulated: 230, unit: 'CPM' },
        { group: 'ctr by slot', name: 'top', real: 0.0011, simulated: 0.001, unit: 'share' },
      ],
    },
  };
}

function interval(index: number): IntervalFigures {
  return {
    fromMs: index * INTERVAL_MS,
    requests: 1000,
    answered: 1000,
    filled: 900,
    shed: {},
    unanswered: 0,
    impressions: 830,
    clicks: 8,
    revenueNanos: 1_000_000_000,
    advertiserValueNanos: 1_400_000_000,
    dspCalls: 2000,
    cpuMs: 2000,
    latencyMs: HEALTHY,
    fallbacks: 0,
  };
}

const SICK: Partial<IntervalFigures> = {
  answered: 960,
  filled: 800,
  shed: { overload: 30 },
  unanswered: 10,
  revenueNanos: 800_000_000,
  advertiserValueNanos: 1_100_000_000,
  latencyMs: { p50: 19, p95: 44, p99: 80, max: 99 },
  fallbacks: 296,
};
