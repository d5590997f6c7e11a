/** What the books come to by publisher and DSP: all bills of the window, by the time of booking. Who has clicked, they do not know. */
import type { CountSource, ThingCounts } from '../../engine/ports/count-source.ts';
import type { TimeWindow } from '../archive/layout.ts';
import type { Queryable } from '../ledger/database.ts';

export function ledgerCounts(books: Queryable, { fromMs, toMs }: TimeWindow): CountSource {
  return {
    name: 'ledger',
    measures: new Set(['spend']),
    dimensions: new Set(['publisher', 'dsp']),
    read: async (dimension) => {
      const sums = await books.query<Sum>(billsBy(dimension === 'dsp' ? 'dsp_id' : 'publisher_id'), [fromMs, toMs]);
      const things = new Map<string, ThingCounts>();
      for (const { id, currency, charges, spend } of sums) {
        const known = things.get(id);
        things.set(id, {
          impressions: 0,
          clicks: 0,
          charges: Number(charges) + (known?.charges ?? 0),
          spend: new Map(known?.spend).set(currency, spend),
        });
      }
      return things;
    },
  };
}

interface Sum {
  readonly id: string;
  readonly currency: string;
  readonly charges: bigint;
  readonly spend: bigint;
  readonly [column: string]: unknown;
}

function billsBy(thing: 'publisher_id' | 'dsp_id'): string {
  return `SELECT ${thing} AS id, currency, count(*) AS charges, sum(amount)::bigint AS spend FROM (
      SELECT t.publisher_id, NULL AS dsp_id, a.currency, t.amount, t.at_ms FROM transfer t JOIN account a ON a.id = t.account_id
        WHERE t.kind IN ('bill', 'absorb') AND a.unit = 'nanos'
      UNION ALL SELECT publisher_id, dsp_id, currency, amount, at_ms FROM dsp_transfer WHERE kind = 'bill') AS bill
    WHERE at_ms >= $1 AND at_ms < $2 AND ${thing} <> '' GROUP BY 1, 2 ORDER BY 1, 2`;
}
