import { rateKeyName } from '../declare.ts';
import { RateTable } from '../rate-table.ts';
import type { RateTables } from '../rate-tables.ts';
import { RATE_KEYS } from '../schema.ts';

/** No past: every rate is average. */
export function emptyRateTables(): RateTables {
  return new Map(RATE_KEYS.map((key) => [rateKeyName(key), new RateTable({ keys: [], lifts: [], impressions: [] })]));
}
