import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { marketOf, SHARED_DATASETS, sellUntil } from '../../test/support/market-day.ts';
import type { CalibrationFigures } from '../world/run-record.ts';
import type { Market } from './market.ts';
import { ksDistance } from './price-table.ts';
import { DatasetError, realMarket } from './real-market.ts';

const isThere = existsSync(join(SHARED_DATASETS, 'ipinyou', 'price_hist.csv'));
const DAY_MS = 86_400_000;
/** On a busy machine. */
const TIMEOUT_MS = 120_000;

describe.skipIf(!isThere)('a market like that of ../shared/datasets', () => {
  let market: Market;
  let figures: CalibrationFigures;

  beforeAll(() => {
    market = marketOf({ datasets: SHARED_DATASETS, dsps: [{ id: 'bidder', count: 8 }] });
    sellUntil(market, DAY_MS);
    figures = market.calibration()!;
  }, TIMEOUT_MS);

  function row(group: string, name: string) {
    const found = figures.rows.find((each) => each.group === group && each.name === name);
    if (found === undefined) throw new Error(`no row ${group}, ${name}`);
    return found;
  }

  it('sells at prices distributed as the histogram', () => {
    expect(ksDistance(market.figures.pricesFen!, market.facts.real!.pricesFen)).toBeLessThan(0.025);
    expect(row('price', 'KS distance').simulated).toBeLessThan(0.025);
    for (const share of [10, 25, 50, 75, 90, 95]) {
      const { real, simulated } = row('price', `p${share}`);
      expect(Math.abs(simulated - real)).toBeLessThanOrEqual(Math.max(3, 0.08 * real));
    }
  });

  it('sells as much at the floor on each exchange, and as much on each', () => {
    for (const exchange of ['1', '2', '3']) {
      for (const name of ['sold at the floor', 'of all impressions']) {
        const { real, simulated } = row('floor', `exchange ${exchange}: ${name}`);
        expect(Math.abs(simulated - real)).toBeLessThan(0.03);
      }
    }
  });

  it('is clicked as much by slot', () => {
    const rows = figures.rows.filter(({ group }) => group === 'ctr by slot');
    expect(rows.length).toBeGreaterThanOrEqual(8);
    for (const size of ['300x250', '1000x90', '728x90', '336x280']) {
      const { real, simulated } = row('ctr by slot', size);
      expect(simulated / real).toBeGreaterThan(0.7);
      expect(simulated / real).toBeLessThan(1.4);
    }
  });

  it('has the traffic of each hour', () => {
    const hours = figures.rows.filter(({ group }) => group === 'hour');
    expect(hours).toHaveLength(24);
    for (const { real, simulated } of hours) expect(Math.abs(simulated - real)).toBeLessThan(0.02);
  });

  it('has DSPs as far away as the nearest hosts', () => {
    for (const share of [25, 50, 75]) {
      const { real, simulated } = row('network', `round trip p${share}`);
      expect(simulated / real).toBeGreaterThan(0.8);
      expect(simulated / real).toBeLessThan(1.25);
    }
  });
});

describe('data of a real market', () => {
  it('names the file that is missing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gavel-market-'));
    try {
      expect(() => realMarket(folder)).toThrow(DatasetError);
      expect(() => realMarket(folder)).toThrow(/price_hist\.csv cannot be read \(ENOENT\)/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
