import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Verdict } from '../checks/check.ts';
import { conservation } from '../checks/conservation.ts';
import type { History, Observation } from '../history.ts';
import { runWorld } from '../run-world.ts';
import { loadWorldScenario } from '../scenario.ts';

const FILE = join(import.meta.dirname, '../../../config/examples/worlds/house-campaigns.yaml');

it('a run records what each campaign was to spend, has spent, and takes of its chances, by interval', async () => {
  const seen: Observation[] = [];
  const scenario = { ...loadWorldScenario(FILE), durationSec: 90, intervalSec: 30, settleSec: 20 };
  const { campaigns } = await runWorld(scenario, { seed: 11, watches: [{ observe: (one) => void seen.push(one) }] });
  const budgets = new Map(seen.flatMap((one) => (one.kind === 'budget-set' ? [[one.accountId, one.budget]] : [])));
  expect(campaigns.length).toBeGreaterThan(1);
  for (const { id, budgetNanos, spentNanos, plannedNanos, spentByNanos, pace } of campaigns) {
    expect(budgetNanos).toBe(budgets.get(id));
    expect([plannedNanos.length, pace.length]).toEqual([3, 3]);
    expect(pace.every((factor) => factor >= 0 && factor <= 1)).toBe(true);
    const billed = (untilMs: number): number =>
      seen.reduce((sum, one) => {
        const isOurs = one.kind === 'transfer' && one.accountId === id && one.atMs <= untilMs;
        return isOurs && one.to === 'spent' ? sum + one.amount : sum;
      }, 0);
    expect(spentByNanos).toEqual([billed(30_000), billed(60_000), billed(90_000)]);
    expect(spentNanos).toBe(spentByNanos[2]);
  }
  expect(Math.max(...campaigns.map(({ spentNanos }) => spentNanos))).toBeGreaterThan(0);
  expect(Math.max(...campaigns.flatMap(({ pace }) => pace))).toBeGreaterThan(0);
  expect(campaigns.some(({ plannedNanos }) => plannedNanos[2]! > 0)).toBe(true);
  const verdict = new Verdict();
  conservation.judge({ observations: seen, rest: null } as unknown as History, verdict);
  expect(verdict.figures(conservation).violations).toEqual([]);
}, 120_000);
