/**
 * Money under faults, by seed: processes that crash at any await, links that lose, delay and repeat, a store that is flushed,
 * down or an older copy of itself, clocks that jump, days that end, budgets that are cut and raised. `npm run test:leases`
 * runs thousands of seeds.
 */
import { describe, expect, it } from 'vitest';
import { runLeaseWorld, type WorldReport } from '../../engine/budget/testing/lease-world.ts';
import { type Break, WORLD } from '../../engine/budget/testing/world-options.ts';
import { openEmbedded } from './testing/stores-in-world.ts';

const SEEDS = Number(process.env.GAVEL_LEASE_SEEDS ?? 150);
/** A failed run prints its seed: run it alone from here. */
const FIRST_SEED = Number(process.env.GAVEL_LEASE_FIRST_SEED ?? 1);

describe('budgets by lease', () => {
  it(`keep every promise over ${SEEDS} seeds`, async () => {
    const reports: WorldReport[] = [];
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      const report = await runLeaseWorld(seed, openEmbedded, null);
      expect(report.restMax, `unspent at the end of seed ${seed}`).toBeLessThan(WORLD.priceMax);
      reports.push(report);
    }
    // It is no proof if nothing happened.
    const total = (name: keyof WorldReport): number => reports.reduce((sum, report) => sum + report[name], 0);
    for (const name of ['crashes', 'flushes', 'failovers', 'budgetChanges'] as const) {
      expect(total(name), name).toBeGreaterThan(SEEDS / 2);
    }
    expect(total('billed')).toBeGreaterThan(100 * SEEDS);
  }, 3_600_000);
});

describe('the checks see', () => {
  const breaks: Break[] = [
    'skip-confirmation',
    'ignore-expiry',
    'ignore-day',
    'count-from-answer',
    'spend-twice',
    'spend-after-return',
    'lose-returns',
  ];

  it.each(breaks)('%s', async (planted) => {
    expect(await isFound(planted)).toBe(true);
  });
});

async function isFound(planted: Break): Promise<boolean> {
  for (let seed = 1; seed <= 40; seed++) {
    try {
      const { restMax } = await runLeaseWorld(seed, openEmbedded, planted);
      if (restMax >= WORLD.priceMax) return true;
    } catch (error) {
      if ((error as Error).name !== 'MoneyError') throw error;
      return true;
    }
  }
  return false;
}
