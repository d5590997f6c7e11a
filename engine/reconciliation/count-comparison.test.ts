import { describe, expect, it } from 'vitest';
import { COUNT_DIMENSIONS, COUNT_MEASURES, type CountSource, type ThingCounts } from '../ports/count-source.ts';
import { compareCounts, OTHERS, volumeMinOf } from './count-comparison.ts';

const THRESHOLD = { threshold: 0.001 };

/** By publisher alone. */
function source(
  publishers: Readonly<Record<string, Partial<ThingCounts>>>,
  parts: Partial<CountSource> = {},
): CountSource {
  const nothing: ThingCounts = { impressions: 0, clicks: 0, charges: null, spend: new Map() };
  const things = new Map(Object.entries(publishers).map(([id, counts]) => [id, { ...nothing, ...counts }]));
  return {
    name: 'test',
    measures: new Set(COUNT_MEASURES),
    dimensions: new Set(['publisher']),
    read: async () => things,
    ...parts,
  };
}

const impressions = (counts: Readonly<Record<string, number>>) =>
  source(Object.fromEntries(Object.entries(counts).map(([id, of]) => [id, { impressions: of }])), {
    measures: new Set(['impressions']),
  });

const verdictOf = async (ours: Record<string, number>, theirs: Record<string, number>) =>
  (await compareCounts(impressions(ours), impressions(theirs), THRESHOLD)).verdict;

it('3,000 events can be judged by 0.1%, and fewer by more', () => {
  expect([0.001, 0.01, 0.0007].map(volumeMinOf)).toEqual([3000, 300, 4286]);
});

describe('is it safe?', () => {
  it('when each thing differs by the threshold at most', async () => {
    expect(await verdictOf({ a: 10_000, b: 50_000 }, { a: 9_990, b: 50_050 })).toBe('safe');
    expect(await verdictOf({ a: 10_000, b: 50_000 }, { a: 9_989, b: 50_050 })).toBe('unsafe');
  });

  it('not when two are wrong and the sum is right', async () => {
    expect(await verdictOf({ a: 10_000, b: 10_000 }, { a: 9_000, b: 11_000 })).toBe('unsafe');
  });

  it('not when one of them knows nothing of a thing', async () => {
    expect(await verdictOf({ a: 10_000, b: 10_000 }, { a: 10_000 })).toBe('unsafe');
    expect(await verdictOf({ a: 10_000 }, { a: 10_000, b: 10_000 })).toBe('unsafe');
  });

  it('nobody can say when little was counted, also when nothing differs', async () => {
    expect(await verdictOf({ a: 2999 }, { a: 2999 })).toBe('not-enough');
    expect(await verdictOf({}, {})).toBe('not-enough');
    expect(await verdictOf({ a: 3000 }, { a: 3000 })).toBe('safe');
  });

  it('a difference of 1 in 3 is no evidence; a thousand of those are', async () => {
    expect(await verdictOf({ a: 100_000, b: 3 }, { a: 100_000, b: 2 })).toBe('safe');
    const few = (each: number) => Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`few-${at}`, each]));
    expect(await verdictOf({ a: 9_000_000, ...few(3) }, { a: 9_000_000, ...few(2) })).toBe('unsafe');
    const { deltas } = await compareCounts(impressions(few(3)), impressions(few(2)), THRESHOLD);
    expect(deltas.filter(({ verdict }) => verdict === 'exceeds').map(({ id }) => id)).toEqual(['', OTHERS]);
  });
});

it('spend is compared by currency, and rests on how many events were paid', async () => {
  const spend = (usd: bigint, eur: bigint, charges: number | null) => ({
    a: {
      charges,
      spend: new Map([
        ['USD', usd],
        ['EUR', eur],
      ]),
    },
  });
  const onlySpend = { measures: new Set(['spend'] as const) };
  const compare = (ours: object, theirs: object) =>
    compareCounts(source(ours as never, onlySpend), source(theirs as never, onlySpend), THRESHOLD);
  const safe = await compare(spend(10_000n, 5000n, 5000), spend(10_010n, 4995n, null));
  expect(safe.verdict).toBe('safe');
  expect(safe.deltas.filter(({ dimension }) => dimension === 'publisher')).toEqual([
    {
      dimension: 'publisher',
      id: 'a',
      measure: 'spend EUR',
      ours: 5000n,
      theirs: 4995n,
      share: 0.001,
      volume: 5000,
      verdict: 'holds',
    },
    expect.objectContaining({ measure: 'spend USD', theirs: 10_010n, verdict: 'holds' }),
  ]);
  expect((await compare(spend(10_000n, 0n, 5000), spend(10_011n, 0n, null))).verdict).toBe('unsafe');
  expect((await compare(spend(10_000n, 0n, 50), spend(10_000n, 0n, null))).verdict).toBe('not-enough');
});

it('only what both know is compared', async () => {
  const all = source({ a: { impressions: 5000, clicks: 5000 } }, { dimensions: new Set(COUNT_DIMENSIONS) });
  const one = source({ a: { impressions: 5000 } }, { measures: new Set(['impressions']) });
  const { verdict, deltas } = await compareCounts(all, one, THRESHOLD);
  expect(verdict).toBe('safe');
  expect(deltas.map(({ dimension, measure }) => [dimension, measure])).toEqual([
    ['total', 'impressions'],
    ['publisher', 'impressions'],
  ]);
  expect((await compareCounts(all, source({ a: {} }, { measures: new Set() }), THRESHOLD)).verdict).toBe('not-enough');
});
