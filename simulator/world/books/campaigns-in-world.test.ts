/** Campaigns of our own in a world: sold by its engines, billed by its consumer, in the books of its PostgreSQL. */
import { expect, it } from 'vitest';
import { Verdict } from '../checks/check.ts';
import { conservation } from '../checks/conservation.ts';
import type { History, Observation } from '../history.ts';
import type { RunRecord } from '../run-record.ts';
import { runWorld } from '../run-world.ts';
import { worldScenario } from '../scenario.ts';

const SCENARIO = worldScenario({
  name: 'campaigns',
  durationSec: 90,
  intervalSec: 30,
  settleSec: 20,
  startAt: '2026-03-02T00:00:00Z',
  traffic: { requestsPerSec: 4, shape: 'flat', users: 100, timeoutMs: 1000, repeatedReports: 0.2 },
  regions: [{ name: 'home', share: 1, engines: 2 }],
  market: { dsps: 1 },
  campaigns: {
    advertisers: [{ id: 'acme', name: 'Acme', currency: 'USD', timeZone: 'UTC', domains: ['acme.example'] }],
    creatives: [
      {
        ...{ id: 'box', advertiser: 'acme', name: 'Box', media: 'banner', width: 300, height: 250 },
        ...{ markup: '<img src="https://cdn.acme.example/1.png">', approval: 'approved' },
      },
    ],
    campaigns: [
      { id: 'fast', advertiser: 'acme', name: 'Fast', start: '2026-03-01T00:00:00Z', budget: '0.2', delivery: 'asap' },
      { id: 'even', advertiser: 'acme', name: 'Even', start: '2026-03-01T00:00:00Z', budget: '50', dailyBudget: '10' },
    ],
    'line-items': ['fast', 'even'].map((campaign) => ({
      ...{ id: `${campaign}-line`, campaign, name: campaign, pricing: 'cpm', bid: '40', creatives: ['box'] },
    })),
  },
});

async function run(): Promise<{ readonly record: RunRecord; readonly seen: readonly Observation[] }> {
  const seen: Observation[] = [];
  const watches = [{ observe: (observation: Observation) => void seen.push(observation) }];
  return { record: await runWorld(SCENARIO, { seed: 11, watches }), seen };
}

it('spend what they were to, from books that are what was seen, and again the same', async () => {
  const { record, seen } = await run();
  const [even, fast] = record.campaigns;
  expect([even!.id, fast!.id]).toEqual(['even', 'fast']);
  for (const { plannedNanos, spentByNanos, pace } of record.campaigns) {
    expect([plannedNanos.length, spentByNanos.length, pace.length]).toEqual([3, 3, 3]);
  }
  expect(fast).toMatchObject({ budgetNanos: 200_000_000, pace: expect.arrayContaining([1]) });
  expect(fast!.spentNanos).toBeGreaterThan(0);
  expect(even!.spentByNanos).toEqual([...even!.spentByNanos].sort((one, other) => one - other));
  const bills = seen.filter((each) => each.kind === 'transfer' && each.to === 'spent');
  expect(bills.length).toBeGreaterThan(20);
  const verdict = new Verdict();
  conservation.judge({ observations: seen, rest: null } as unknown as History, verdict);
  expect(verdict.figures(conservation).violations).toEqual([]);

  const again = await run();
  expect(again.record.ledgerHash).toBe(record.ledgerHash);
  expect(again.record.traceHash).toBe(record.traceHash);
}, 120_000);
