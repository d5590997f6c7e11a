/** Training figures of campaigns out of two tables: totals by campaign, and auctions at each price by campaign. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BiddingError } from '../bidding-error.ts';
import type { TrainFigures } from '../experiment.ts';

/** Of `ipinyou/campaigns.csv` in a folder of data sets. Throws a BiddingError that says what is missing. */
export function campaignTotals(datasets: string, campaign: string): Omit<TrainFigures, 'priceCounts'> {
  const path = join(datasets, 'ipinyou', 'campaigns.csv');
  const [header, ...rows] = table(path);
  const row = rows.find((cells) => cells[column(path, header!, 'advertiser')] === campaign);
  if (row === undefined) throw new BiddingError(`${path} has no campaign "${campaign}"`);
  const cell = (name: string): number => number(path, row[column(path, header!, name)]);
  return { auctions: cell('imp_train'), clicks: cell('clk_train'), cost: cell('cost_train_fen_cpm') };
}

/** Auctions at the prices 0, 1, 2 and so on, of `ipinyou/price_hist.csv`. As above. */
export function campaignPrices(datasets: string, campaign: string): number[] {
  const path = join(datasets, 'ipinyou', 'price_hist.csv');
  const [header, ...rows] = table(path);
  const at = column(path, header!, campaign);
  const counts: number[] = [];
  for (const row of rows) counts[number(path, row[0])] = number(path, row[at]);
  return Array.from(counts, (count) => count ?? 0);
}

function table(path: string): string[][] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.filter((line) => line.trim() !== '').map((line) => line.trim().split(','));
  } catch (error) {
    throw new BiddingError(`training figures are read from ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function column(path: string, header: readonly string[], name: string): number {
  const at = header.indexOf(name);
  if (at < 0) throw new BiddingError(`${path} has no column "${name}"; there are ${header.join(', ')}`);
  return at;
}

function number(path: string, text: string | undefined): number {
  const value = Number(text);
  if (text !== undefined && text !== '' && Number.isInteger(value) && value >= 0) return value;
  throw new BiddingError(`${path}: "${text ?? ''}" is no whole number of 0 or more`);
}
