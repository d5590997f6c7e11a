/** Rows to train and to test with, built by the code that builds those of serving. */
import { requestFeatures } from '../../traffic/request-features.ts';
import { FactSheet } from './facts.ts';
import { setAdFacts, setImpFacts, setRequestFacts } from './from-openrtb.ts';
import { hashText } from './hash.ts';
import { type FreezeOptions, RateCounts } from './rate-counts.ts';
import { type RateTables, type RateTablesData, rateTables } from './rate-tables.ts';
import { FEATURE_COUNT } from './schema.ts';
import type { LoggedImpression, TrainingTarget } from './training-target.ts';
import { VectorBuilder } from './vector-builder.ts';

/** Row after row, `FEATURE_COUNT` numbers each. */
export function rowsWithRates(impressions: readonly LoggedImpression[], rates: RateTables): Float64Array {
  const rows = new Float64Array(impressions.length * FEATURE_COUNT);
  const builder = new VectorBuilder(rates);
  const sheet = new FactSheet();
  impressions.forEach((impression, index) => {
    fillRow(impression, { builder, sheet, rows, index });
  });
  return rows;
}

/**
 * Rows to train with, and the tables for all later ones, of impressions that are trials of the target. A row's rates are of
 * the other folds (by id) only: with its own click or conversion among them, they would tell the model what it is to learn.
 * Throws a RangeError when those are too few.
 */
export function trainingRows(
  impressions: readonly LoggedImpression[],
  target: TrainingTarget,
  folds: number,
  freeze: FreezeOptions,
): { readonly rows: Float64Array; readonly rates: RateTablesData } {
  const sheet = new FactSheet();
  const all = new RateCounts();
  const byFold = Array.from({ length: folds }, () => new RateCounts());
  for (const impression of impressions) {
    setFacts(sheet, impression);
    const isPositive = target.isPositive(impression);
    all.add(sheet, isPositive);
    byFold[foldOf(impression, folds)]!.add(sheet, isPositive);
  }
  const builders = byFold.map((fold) => new VectorBuilder(rateTables(all.freeze(freeze, fold))));
  const rows = new Float64Array(impressions.length * FEATURE_COUNT);
  impressions.forEach((impression, index) => {
    fillRow(impression, { builder: builders[foldOf(impression, folds)]!, sheet, rows, index });
  });
  return { rows, rates: all.freeze(freeze) };
}

interface RowPlace {
  readonly builder: VectorBuilder;
  readonly sheet: FactSheet;
  readonly rows: Float64Array;
  readonly index: number;
}

function fillRow(impression: LoggedImpression, { builder, sheet, rows, index }: RowPlace): void {
  setFacts(sheet, impression);
  builder.startImp(sheet);
  builder.fill(sheet, rows, index);
}

function setFacts(sheet: FactSheet, { request, imp, bid, atMs }: LoggedImpression): void {
  const features = requestFeatures(request);
  setRequestFacts(sheet, request, features, atMs);
  setImpFacts(sheet, imp, features.imps[request.imp.indexOf(imp)]!);
  setAdFacts(sheet, bid);
}

function foldOf({ id }: LoggedImpression, folds: number): number {
  return (hashText(id) >>> 0) % folds;
}
