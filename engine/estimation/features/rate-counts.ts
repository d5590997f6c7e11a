/**
 * Impressions and clicks by key, counted while a log is read: what rate tables are made from at training. For a conversion
 * model, clicks and conversions.
 */
import { rateKeyName } from './declare.ts';
import { CATEGORY, type FactSheet } from './facts.ts';
import type { RateKey } from './feature.ts';
import { hashPair, MISSING } from './hash.ts';
import type { RateTableData } from './rate-table.ts';
import type { RateTablesData } from './rate-tables.ts';
import { RATE_KEYS } from './schema.ts';

export interface FreezeOptions {
  /** A rate is drawn to the overall one as if the key had had this many average clicks more. */
  readonly priorClicks: number;
  /** Keys with fewer impressions are left out. */
  readonly minimumImpressions: number;
}

/** `[impressions, clicks]` */
type Count = [impressions: number, clicks: number];

export class RateCounts {
  #impressions = 0;
  #clicks = 0;
  readonly #tables = RATE_KEYS.map(() => new Map<number, Count>());

  add(sheet: FactSheet, isClicked: boolean): void {
    const click = isClicked ? 1 : 0;
    this.#impressions += 1;
    this.#clicks += click;
    RATE_KEYS.forEach((rateKey, index) => {
      const table = this.#tables[index]!;
      for (const key of keysOf(rateKey, sheet)) {
        const count = table.get(key);
        if (count === undefined) table.set(key, [1, click]);
        else {
          count[0] += 1;
          count[1] += click;
        }
      }
    });
  }

  /**
   * The tables of all that was counted, `without` left out: those that a row of a fold is scored with in training must
   * not have seen that row. Throws a RangeError unless clicks and impressions without one are both left.
   */
  freeze({ priorClicks, minimumImpressions }: FreezeOptions, without: RateCounts | null = null): RateTablesData {
    const clicks = this.#clicks - (without === null ? 0 : without.#clicks);
    const impressions = this.#impressions - (without === null ? 0 : without.#impressions);
    if (clicks <= 0 || clicks >= impressions) throw new RangeError(`${clicks} clicks on ${impressions} impressions`);
    const overallRate = clicks / impressions;
    const priorImpressions = priorClicks / overallRate;
    const freezeTable = (index: number): RateTableData => {
      const other = without === null ? undefined : without.#tables[index];
      const keys: number[] = [];
      const lifts: number[] = [];
      const counts: number[] = [];
      for (const [key, [allImpressions, allClicks]] of this.#tables[index]!) {
        const [otherImpressions, otherClicks] = other?.get(key) ?? NOTHING;
        const ofKey = allImpressions - otherImpressions;
        if (ofKey < Math.max(1, minimumImpressions)) continue;
        const rate = (allClicks - otherClicks + priorClicks) / (ofKey + priorImpressions);
        keys.push(key >>> 0);
        lifts.push(rounded(logOdds(rate) - logOdds(overallRate)));
        counts.push(ofKey);
      }
      return { keys, lifts, impressions: counts };
    };
    return Object.fromEntries(RATE_KEYS.map((key, index) => [rateKeyName(key), freezeTable(index)]));
  }
}

const NOTHING: Count = [0, 0];

function keysOf(rateKey: RateKey, { categories, segments, segmentCount }: FactSheet): number[] {
  const facts = rateKey.filter((fact) => fact !== 'segment').map((fact) => categories[CATEGORY[fact]]!);
  if (facts.length === rateKey.length) return present([facts.reduce(hashPair)]);
  const ofUser = segments.subarray(0, segmentCount);
  return present(Array.from(ofUser, (segment) => [...facts, segment].reduce(hashPair)));
}

function present(keys: number[]): number[] {
  return keys.filter((key) => key !== MISSING);
}

function logOdds(rate: number): number {
  return Math.log(rate / (1 - rate));
}

/** Three decimals say all that counts of clicks can. */
function rounded(lift: number): number {
  return Math.round(lift * 1000) / 1000;
}
