/**
 * The market as real logs show it: a week of a bidder's wins (prices, floors, slots, exchanges, hours) and measured round
 * trips. What the folder holds is described in docs/market.md; none of it is part of this project.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { MarketFacts, PlacementFacts, RealFigures, Visibility } from './market-facts.ts';
import { PriceTable } from './price-table.ts';
import { Quantiles } from './quantiles.ts';

/** A folder of data that cannot be read. The message names the file. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
}

let latest: { readonly folder: string; readonly facts: MarketFacts } | null = null;

/** Reads the folder, once for many markets in turn. Throws a DatasetError. */
export function realMarket(folder: string): MarketFacts {
  if (latest?.folder !== folder) latest = { folder, facts: readRealMarket(folder) };
  return latest.facts;
}

function readRealMarket(folder: string): MarketFacts {
  const histogram = readHistogram(join(folder, 'ipinyou', 'price_hist.csv'));
  const wins = readWins(join(folder, 'ipinyou', 'imp.20130606-10.tsv.gz'));
  const real = readFigures(join(folder, 'ipinyou', 'derived'), histogram);
  rake(wins, histogram);
  const visibility = readDerived(
    join(folder, 'ipinyou', 'derived', 'by_visibility.csv'),
    ({ slotvisibility }) => slotvisibility!,
  );
  return {
    source: `${folder} (iPinYou wins of June 2013, PlanetLab round trips)`,
    real,
    placements: placementsOf(wins),
    hourOfWeek: Array.from({ length: 7 * 24 }, (_, hour) => real.shareByHour[hour % 24]!),
    place: { country: 'CHN', utcOffsetMin: 480 },
    clickRateBySize: real.clickRateBySize,
    clickRateUsual: averageClickRate(visibility),
    clickOddsByVisibility: oddsByVisibility(visibility),
    rttMs: readRoundTrips(join(folder, 'latency', 'planetlab-rtt-quantiles.csv')),
  };
}

interface Win {
  readonly exchange: string;
  readonly width: number;
  readonly height: number;
  readonly visibility: Visibility;
  readonly floorFen: number;
  readonly paidFen: number;
  weight: number;
}

/** Impressions by price, all advertisers together. */
function readHistogram(path: string): PriceTable {
  const weights = new Map<number, number>();
  for (const { price_fen_cpm, ...counts } of readTable(path)) {
    const impressions = Object.values(counts).reduce((sum, count) => sum + numberIn(count, path), 0);
    weights.set(numberIn(price_fen_cpm, path), impressions);
  }
  return new PriceTable(weights);
}

/** Columns of a win, counted from 0. */
const COLUMN = { exchange: 8, width: 13, height: 14, visibility: 15, floor: 17, paid: 20 } as const;

function readWins(path: string): Win[] {
  const wins: Win[] = [];
  for (const line of gunzip(path).split('\n')) {
    if (line === '') continue;
    const fields = line.split('\t');
    const floorFen = numberIn(fields[COLUMN.floor], path);
    const paidFen = numberIn(fields[COLUMN.paid], path);
    // A few were sold below their floor: by what agreement is not known.
    if (paidFen < floorFen) continue;
    wins.push({
      exchange: fields[COLUMN.exchange]!,
      width: numberIn(fields[COLUMN.width], path),
      height: numberIn(fields[COLUMN.height], path),
      visibility: VISIBILITIES[fields[COLUMN.visibility]!] ?? 'other',
      floorFen,
      paidFen,
      weight: 1,
    });
  }
  return wins;
}

const VISIBILITIES: Readonly<Record<string, Visibility>> = { 0: 'unknown', 1: 'first', 2: 'second', 255: 'other' };

const RAKES = 12;

/**
 * Weighs the sample so that its prices are those of the histogram, which counts 500 times as many, while each exchange keeps
 * its share and its sales at the floor (iterative proportional fitting).
 */
function rake(wins: readonly Win[], histogram: PriceTable): void {
  const groupOf = ({ exchange, floorFen, paidFen }: Win) => `${exchange} ${floorFen > 0 && floorFen === paidFen}`;
  const groupShares = sharesBy(wins, groupOf);
  for (let round = 0; round < RAKES; round++) {
    scale(wins, groupOf, (group) => groupShares.get(group)!);
    scale(
      wins,
      ({ paidFen }) => paidFen,
      (price) => histogram.shareUpTo(price) - histogram.shareUpTo(price - 0.5),
    );
  }
}

function scale<Key>(wins: readonly Win[], keyOf: (win: Win) => Key, target: (key: Key) => number): void {
  const shares = sharesBy(wins, keyOf);
  for (const win of wins) {
    const key = keyOf(win);
    win.weight *= target(key) / shares.get(key)!;
  }
}

function sharesBy<Key>(wins: readonly Win[], keyOf: (win: Win) => Key): Map<Key, number> {
  const sums = new Map<Key, number>();
  let total = 0;
  for (const win of wins) {
    const key = keyOf(win);
    sums.set(key, (sums.get(key) ?? 0) + win.weight);
    total += win.weight;
  }
  for (const [key, sum] of sums) sums.set(key, sum / total);
  return sums;
}

/** Wins that are alike but for the price. */
function placementsOf(wins: readonly Win[]): PlacementFacts[] {
  const alike = new Map<string, Win[]>();
  for (const win of wins) {
    if (!(win.weight > 0)) continue;
    const key = `${win.exchange} ${win.width}x${win.height} ${win.visibility} ${win.floorFen}`;
    const others = alike.get(key);
    if (others === undefined) alike.set(key, [win]);
    else others.push(win);
  }
  return [...alike.values()].map(placementOf);
}

function placementOf(wins: readonly Win[]): PlacementFacts {
  const { exchange, width, height, visibility, floorFen } = wins[0]!;
  const above = new Map<number, number>();
  let impressions = 0;
  let atFloor = 0;
  for (const { paidFen, weight } of wins) {
    impressions += weight;
    if (floorFen > 0 && paidFen === floorFen) atFloor += weight;
    else above.set(paidFen, (above.get(paidFen) ?? 0) + weight);
  }
  // Where every win was at the floor nothing tells what competition would pay above it.
  if (above.size === 0) above.set(floorFen + 1, 1);
  const pricesFen = new PriceTable(above);
  return { exchange, width, height, visibility, floorFen, impressions, atFloorShare: atFloor / impressions, pricesFen };
}

function readFigures(folder: string, pricesFen: PriceTable): RealFigures {
  const ofExchanges = readDerived(join(folder, 'by_exchange.csv'), ({ adexchange }) => adexchange!);
  const ofSizes = readDerived(
    join(folder, 'by_slot_size.csv'),
    ({ slotwidth, slotheight }) => `${slotwidth}x${slotheight}`,
  );
  const ofHours = readDerived(join(folder, 'by_hour.csv'), ({ hour }) => hour!);
  if (ofHours.length !== 24) throw new DatasetError(`${join(folder, 'by_hour.csv')} has not 24 hours`);
  const often = ofSizes.filter(({ impressions }) => impressions >= IMPRESSIONS_MIN);
  return {
    pricesFen,
    atFloorByExchange: new Map(ofExchanges.map(({ key, atFloorShare }) => [key, atFloorShare])),
    shareByExchange: new Map(ofExchanges.map(({ key, share }) => [key, share])),
    clickRateBySize: new Map(often.map(({ key, clickRate }) => [key, clickRate])),
    shareByHour: ofHours.map(({ share }) => share),
  };
}

/** A size that was seen a handful of times has no click rate. */
const IMPRESSIONS_MIN = 100;

interface DerivedRow {
  readonly key: string;
  readonly impressions: number;
  /** Of all rows. */
  readonly share: number;
  readonly atFloorShare: number;
  readonly clickRate: number;
}

function readDerived(path: string, keyOf: (row: Row) => string): DerivedRow[] {
  const rows = readTable(path);
  const total = rows.reduce((sum, { imp_sample }) => sum + numberIn(imp_sample, path), 0);
  return rows.map((row) => {
    const impressions = numberIn(row.imp_sample, path);
    return {
      key: keyOf(row),
      impressions,
      share: impressions / total,
      atFloorShare: numberIn(row.pay_eq_floor, path),
      clickRate: numberIn(row.ctr_pct_est, path) / 100,
    };
  });
}

function oddsByVisibility(rows: readonly DerivedRow[]): Readonly<Record<Visibility, number>> {
  const odds = { first: 1, second: 1, other: 1, unknown: 1 };
  const average = averageClickRate(rows);
  for (const { key, clickRate } of rows) odds[VISIBILITIES[key] ?? 'other'] = clickRate / average;
  return odds;
}

function averageClickRate(rows: readonly DerivedRow[]): number {
  return rows.reduce((sum, { clickRate, share }) => sum + clickRate * share, 0);
}

function readRoundTrips(path: string): Quantiles {
  return new Quantiles(readTable(path).map(({ q, rtt_ms }) => [numberIn(q, path), numberIn(rtt_ms, path)]));
}

/** Fields by the names of the heading. */
type Row = Readonly<Record<string, string>>;

function readTable(path: string): Row[] {
  const [heading = '', ...lines] = readText(path, (file) => readFileSync(file, 'utf8'))
    .trimEnd()
    .split(/\r?\n/);
  if (lines.length === 0) throw new DatasetError(`${path} has no rows`);
  const names = heading.split(',');
  return lines.map((line) => {
    const fields = line.split(',');
    return Object.fromEntries(names.map((name, index) => [name, fields[index] ?? '']));
  });
}

function gunzip(path: string): string {
  return readText(path, (file) => gunzipSync(readFileSync(file)).toString('utf8'));
}

function readText(path: string, read: (path: string) => string): string {
  try {
    return read(path);
  } catch (error) {
    throw new DatasetError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}

function numberIn(text: string | undefined, path: string): number {
  const value = Number(text);
  if (text === undefined || text === '' || !Number.isFinite(value)) {
    throw new DatasetError(`${path}: "${text ?? ''}" is not a number`);
  }
  return value;
}
