import { beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../world/run-record.ts';
import { runWorld } from '../world/run-world.ts';
import { type WorldScenario, type WorldScenarioDraft, worldScenario } from '../world/scenario.ts';

const BUDGET = 0.003;
/** On a busy machine. */
const TIMEOUT_MS = 120_000;

function scenario(demand: object, changes: Partial<WorldScenarioDraft> = {}): WorldScenario {
  return worldScenario({
    name: 'market',
    durationSec: 120,
    startAt: '2026-06-08T12:00:00Z',
    traffic: { requestsPerSec: 1, shape: 'week', users: 500 },
    engine: { 'dspDefaults.timeoutMs': 100 },
    market: { dsps: 0, demand } as unknown as WorldScenario['market'],
    ...changes,
  });
}

const DEMAND = {
  dsps: [
    { id: 'bidder', count: 4 },
    { id: 'bounded', count: 1, level: 2, bidRate: 1, dailyBudget: BUDGET },
  ],
};

describe('a market in a world', () => {
  let record: RunRecord;

  beforeAll(async () => {
    record = await runWorld(scenario(DEMAND), { seed: 5 });
  }, TIMEOUT_MS);

  it('sells to its users through the product, and what it sells is worth something', () => {
    const { requests, impressions, advertiserValueNanos, revenueNanos } = record.totals;
    expect(requests).toBeGreaterThan(60);
    expect(impressions).toBeGreaterThan(20);
    expect(revenueNanos).toBeGreaterThan(0);
    expect(advertiserValueNanos).toBeGreaterThan(0);
    expect(record.calibration).toBeNull();
  });

  it(
    'is the same for the same seed',
    async () => {
      expect((await runWorld(scenario(DEMAND), { seed: 5 })).traceHash).toBe(record.traceHash);
    },
    TIMEOUT_MS,
  );

  it('keeps a DSP within its budget by the notices that the product sends', () => {
    const [bounded, free] = ['bounded-01', 'bidder-01'].map((id) => record.dsps.find((dsp) => dsp.id === id)!);
    expect(bounded!.calls).toBe(free!.calls);
    expect(bounded!.results.answer ?? 0).toBeGreaterThan(0);
    expect(bounded!.spendNanos).toBeGreaterThan(BUDGET * 0.5e9);
    expect(bounded!.spendNanos).toBeLessThanOrEqual(BUDGET * 1e9);
  });

  it('refuses what contradicts itself, by its key', () => {
    expect(() => scenario({ dsps: [] })).toThrow(/market\.demand\.dsps/);
    expect(() => scenario({ dsps: [{ id: 'a', count: 1, budget: 3 }] })).toThrow(/market\.demand\.dsps\[0\]\.budget/);
    expect(() => scenario({ dsps: [DEMAND.dsps[0], DEMAND.dsps[0]] })).toThrow(
      /dsps\[1\]\.id: "bidder" names two groups/,
    );
    expect(() => scenario({ dsps: [{ id: 'a', count: 1, policy: { policy: 'const' } }] })).toThrow(/without a policy/);
    expect(() => scenario({}, { traffic: { requestsPerSec: 0 } })).toThrow(/traffic\.requestsPerSec: must be above 0/);
    expect(() => scenario({}, { traffic: { inventory: 'single' } })).toThrow(/traffic\.inventory: must be mixed/);
    const crowd = { requestsPerSec: 1, users: 100_000_000 };
    expect(() => scenario({}, { traffic: crowd })).toThrow(/traffic\.users: must be at most 10000000/);
  });
});
