import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { publishedPlaces } from './published-places.ts';
import { reproduce } from './published-results.ts';
import type { PublishedRow } from './published-row.ts';

const EXPECTED = fileURLToPath(new URL('../../../../shared/datasets/replay/expected.json', import.meta.url));

it.skipIf(!existsSync(EXPECTED))('reproduces every published row, to the unit', { timeout: 180_000 }, async () => {
  const rows = await rowsOf(JSON.parse(readFileSync(EXPECTED, 'utf8')), EXPECTED);
  expect(rows.filter(({ isEqual }) => !isEqual)).toEqual([]);
  expect(rows.length).toBeGreaterThanOrEqual(125);
});

/** Two auctions to learn from, CTR 0.5 on average and a price of 2; then three to bid in, of campaign `own`. */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gavel-published-'));
  mkdirSync(join(folder, 'replay'));
  mkdirSync(join(folder, 'ipinyou'));
  writeFileSync(join(folder, 'replay', 'train.txt'), '0 1 0.25\n1 3 0.75\n');
  writeFileSync(join(folder, 'replay', 'own.test.txt'), '4 2\n1\n0 1 0.5\n1 3 0.25\n2\n1 2 1.0\n');
  writeFileSync(
    join(folder, 'ipinyou', 'campaigns.csv'),
    'advertiser,imp_train,clk_train,cost_train_fen_cpm\nother,9,9,9\nown,2,1,4\n',
  );
  writeFileSync(join(folder, 'ipinyou', 'price_hist.csv'), 'price_fen_cpm,other,own\n0,9,0\n1,9,1\n2,9,0\n3,9,1\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

async function rowsOf(results: unknown, path = join(folder, 'replay', 'expected.json')): Promise<PublishedRow[]> {
  const rows: PublishedRow[] = [];
  for await (const row of reproduce(results, publishedPlaces(path))) rows.push(row);
  return rows;
}

it('runs one campaign, or several by its table, with what the section names', async () => {
  const rows = await rowsOf({
    note: 'of no matter',
    // mcpc bids 0.5 * 4 = 2, 1 and 4; b0 = 3: 3, 1 and 6. A purse of 2 / 1 * 2 = 4 by episode of two.
    one: {
      data: 'own.test.txt',
      params: { cost_train: 4, imp_train: 2, clk_train: 1, c0: 1, B: 4, max_bid: 300 },
      rules: ['lin_bid has b0 = 3'],
      published: { mcpc: { imp: 2, clk: 1, cost: 3 }, lin_bid: { imp: 2, clk: 1, cost: 3 } },
    },
    // With a highest bid of 1, only the first is won, and only if the policy bids that much.
    set: {
      data: '<adv>.test.txt',
      params: { max_bid: 1, N: 2 },
      columns: ['auctions', 'imp', 'clk', 'cost'],
      results: { own: { B: 4, mcpc: [3, 1, 0, 1], rlb: [3, 1, 0, 2] } },
    },
  });
  expect(rows.map(({ section, row, isEqual }) => [section, row, isEqual])).toEqual([
    ['one', 'own budget', true],
    ['one', 'own mcpc', true],
    ['one', 'own lin_bid', true],
    ['set', 'own budget', true],
    ['set', 'own mcpc', true],
    ['set', 'own rlb', false],
  ]);
  expect(rows.at(-1)!.reproduced).toEqual({ auctions: 3, imp: 1, clk: 0, cost: 1 });
});

it('runs one budget: half of 6, with what a click is worth and para', async () => {
  const section = {
    data: ['train.txt', 'own.test.txt'],
    params: { budget_share: 0.25, R: 8 },
    published: {
      // Budget 1.5: wins 1, then 3 is above it: 2 clicks would need another auction.
      const: { para: 4, bids: 2, imp: 2, clk: 1, cost: 4 },
      // 0.5 * 8 = 4, 2 (not above 3), 8: the last brings it above the budget.
      truth: { bids: 3, imp: 2, clk: 1, cost: 3 },
    },
  };
  const rows = await rowsOf({ section });
  expect(rows.map(({ row, isEqual }) => [row, isEqual])).toEqual([
    ['const', true],
    ['truth', true],
  ]);
});

it('finds logs in the folder of data sets when they do not lie beside the file', async () => {
  const section = { data: 'own.test.txt', params: { c0: 1 }, published: { mcpc: { imp: 2, clk: 1, cost: 3 } } };
  const elsewhere = publishedPlaces('/nowhere/results.json', folder);
  for await (const { isEqual } of reproduce({ section }, elsewhere)) expect(isEqual).toBe(true);
});

it('compares traces of control to four decimals', async () => {
  const section = (ratio: number) => ({
    data: ['train.txt', 'own.test.txt'],
    trace_columns: ['round', 'win_ratio', 'total_cost'],
    published: {
      test: [
        [0, ratio, 1],
        [1, 0.6667, 4],
        [2, 1, 6],
      ],
    },
  });
  expect((await rowsOf({ near: section(0.3333) })).map(({ isEqual }) => isEqual)).toEqual([true, true, true]);
  expect((await rowsOf({ off: section(0.3334) })).map(({ isEqual }) => isEqual)).toEqual([false, true, true]);
});

it.each([
  [{ one: { data: 'own.test.txt', published: { guess: { imp: 1 } } } }, /none of the known shapes/],
  [{ one: { data: 'own.test.txt', published: { mcpc: { profit: 1 } } } }, /publishes "profit", known are auctions/],
  [{ one: { published: { mcpc: { imp: 1 } } } }, /has no path "data"/],
  [
    { one: { data: 'gone.txt', params: { campaign: 'own' }, published: { mcpc: { imp: 1 } } } },
    /gone.txt: there is no/,
  ],
  [{ one: { data: 'gone.txt', published: { mcpc: { imp: 1 } } } }, /campaigns.csv has no campaign "gone"/],
  [{ one: { data: 'own.test.txt', published: { lin_bid: { imp: 1 } } } }, /lin_bid needs its bid at the average CTR/],
  [{ one: { data: 'own.test.txt', published: { const: { imp: 1 } } } }, /one to learn from, one to bid in/],
  [{ one: { data: 'own.test.txt', published: { mcpc: null } } }, /no figures of mcpc/],
  [{}, /no section/],
  [[], /JSON object/],
])('refuses what it cannot run: %#', async (results, problem) => {
  await expect(rowsOf(results)).rejects.toThrow(problem);
});
