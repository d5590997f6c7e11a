/** Counters as JSON, for the admin API. */
import { formatDecimal, NANO_DIGITS } from '../campaign/decimal.ts';
import { addCounts, type CounterPeriod, type Counts, noCounts } from './counts.ts';
import type { CountedType, Dimension, Thing } from './dimensions.ts';

export interface CountsDocument {
  readonly wins: number;
  readonly impressions: number;
  readonly viewables: number;
  readonly clicks: number;
  readonly conversions: number;
  /** Clicks per impression; null: there was no impression. */
  readonly ctr: number | null;
  /** By currency, as text. */
  readonly spend: Readonly<Record<string, string>>;
}

export interface SeriesQuery {
  readonly thing: Thing;
  readonly period: CounterPeriod;
  /** A multiple of the width of a window. */
  readonly stepMs: number;
}

/** By what the first are chosen: what was counted, or what was spent in a currency. */
export type Ranking =
  | { readonly kind: 'counted'; readonly type: CountedType }
  | { readonly kind: 'spend'; readonly currency: string };

export interface TopQuery {
  readonly dimension: Dimension;
  readonly ranking: Ranking;
  readonly period: CounterPeriod;
  readonly limit: number;
}

/** `windows`: of the thing, by their beginnings. `startedAtMs`: `CounterReader.startedAtMs`. */
export function counterSeries(
  windows: ReadonlyMap<number, Counts>,
  { thing, period, stepMs }: SeriesQuery,
  startedAtMs: number | null,
): object {
  const steps = new Map<number, Counts>();
  for (let atMs = period.fromMs; atMs < period.toMs; atMs += stepMs) steps.set(atMs, noCounts());
  const total = noCounts();
  for (const [windowMs, counts] of windows) {
    addCounts(steps.get(windowMs - ((windowMs - period.fromMs) % stepMs))!, counts);
    addCounts(total, counts);
  }
  return {
    by: thing.dimension,
    id: thing.id,
    ...documentOf(period, startedAtMs),
    step: stepMs / 1000,
    total: countsDocument(total),
    items: [...steps].map(([atMs, counts]) => ({ at: iso(atMs), ...countsDocument(counts) })),
  };
}

/** `all`: of the dimension, over the period, by id. */
export function topCounters(
  all: ReadonlyMap<string, Counts>,
  { dimension, ranking, period, limit }: TopQuery,
  startedAtMs: number | null,
): object {
  const ranked = [...all]
    .map(([id, counts]) => ({ id, counts, worth: worthOf(counts, ranking) }))
    .filter(({ worth }) => worth > 0n)
    // What is equal goes by name, so that the same question has the same answer.
    .sort((a, b) => (a.worth === b.worth ? (a.id < b.id ? -1 : 1) : a.worth > b.worth ? -1 : 1))
    .slice(0, limit);
  return {
    by: dimension,
    ...documentOf(period, startedAtMs),
    items: ranked.map(({ id, counts }) => ({ id, ...countsDocument(counts) })),
  };
}

function worthOf(counts: Counts, ranking: Ranking): bigint {
  return ranking.kind === 'spend' ? (counts.spend.get(ranking.currency) ?? 0n) : BigInt(counts[ranking.type]);
}

function documentOf({ fromMs, toMs }: CounterPeriod, startedAtMs: number | null): object {
  return { from: iso(fromMs), to: iso(toMs), startedAt: startedAtMs === null ? null : iso(startedAtMs) };
}

function countsDocument({ win, impression, viewable, click, conversion, spend }: Counts): CountsDocument {
  return {
    wins: win,
    impressions: impression,
    viewables: viewable,
    clicks: click,
    conversions: conversion,
    ctr: impression === 0 ? null : click / impression,
    spend: Object.fromEntries(
      [...spend].sort().map(([currency, nanos]) => [currency, formatDecimal(nanos, NANO_DIGITS)]),
    ),
  };
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
