/** Whatever a record says that its schema lets pass, its page is whole. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RunRecord } from '../../world/run-record.ts';
import { parseRecord } from '../record-file.ts';
import { renderPage } from './page.ts';
import { smallRecord } from './testing/small-record.ts';

const id = fc.string({ unit: 'binary', maxLength: 30 });
const number = fc.oneof(
  fc.constant(0),
  fc.nat(),
  fc.maxSafeNat(),
  fc.nat().map((value) => value / 4096),
  fc.constant(Number.MAX_SAFE_INTEGER),
);
const moment = fc.oneof(fc.integer({ min: -1_000_000, max: 2_000_000_000 }), fc.nat(4_000_000));
const counts = fc.dictionary(id, number, { maxKeys: 4 });
const percentiles = fc.option(fc.record({ p50: number, p95: number, p99: number, max: number }));
const figures = fc.record({
  ...{ requests: number, answered: number, filled: number, shed: counts, unanswered: number, impressions: number },
  ...{ clicks: number, revenueNanos: number, advertiserValueNanos: number, dspCalls: number, cpuMs: number },
  ...{ latencyMs: percentiles, fallbacks: number },
});

const record: fc.Arbitrary<RunRecord> = fc
  .record({ intervalMs: fc.integer({ min: 1, max: 1e9 }), count: fc.nat(6) })
  .chain(({ intervalMs, count }) => {
    const byInterval = fc.array(number, { minLength: count, maxLength: count });
    return fc.record({
      durationMs: fc.constant(intervalMs * Math.max(1, count)),
      intervalMs: fc.constant(intervalMs),
      startedAtMs: fc.nat(2_000_000_000_000),
      totals: figures.map((total) => ({ fromMs: 0, ...total })),
      intervals: fc
        .array(figures, { minLength: count, maxLength: count })
        .map((all) => all.map((one, at) => ({ fromMs: at * intervalMs, ...one }))),
      dsps: fc.array(
        fc.record({
          ...{ id, calls: number, results: counts, wins: number, spendNanos: number, valueNanos: number },
          latencyMs: percentiles,
        }),
        { maxLength: 3 },
      ),
      campaigns: fc.array(
        fc.record({
          ...{ id, budgetNanos: number, spentNanos: number },
          ...{ plannedNanos: byInterval, spentByNanos: byInterval, pace: byInterval },
          ...{ leasedNanos: byInterval, strandedNanos: byInterval },
        }),
        { maxLength: 2 },
      ),
      regions: fc.array(
        fc.record({ name: id, requests: byInterval, shed: byInterval, utilisation: byInterval, machines: byInterval }),
        { maxLength: 2 },
      ),
      faults: fc.array(fc.record({ kind: id, target: id, fromMs: moment, untilMs: moment }), { maxLength: 8 }),
      states: fc.array(
        fc.record({
          kind: fc.constantFrom('breaker' as const, 'process' as const, 'shedding' as const),
          ...{ subject: id, state: fc.constantFrom('open', 'down', 'odd'), fromMs: moment, untilMs: moment },
        }),
        { maxLength: 4 },
      ),
    });
  })
  .map((parts) => ({ ...smallRecord(), ...parts }));

it('of any run', () => {
  fc.assert(
    fc.property(record, (run) => {
      const page = renderPage(parseRecord(JSON.stringify(run)));
      expect(
        /\b(?:NaN|Infinity|undefined)\b/.exec(page.replace(/<(title|desc|li|th|h1|h3)\b.*?<\/\1>/gs, '')),
      ).toBeNull();
      expect(page.match(/<figure /g)?.length ?? 0).toBe(page.match(/<\/svg>/g)?.length ?? 0);
    }),
    { numRuns: 10 },
  );
});
