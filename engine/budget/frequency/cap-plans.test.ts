import { expect, it } from 'vitest';
import { campaign } from '../../campaign/testing/build-booking.ts';
import { compileCapPlans } from './cap-plans.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const LIFETIME_MS = 90 * DAY_MS;

it('a campaign that no cap concerns has no plan', () => {
  expect(compileCapPlans([campaign()], LIFETIME_MS)).toEqual(new Map());
});

it('keeps moments for the longest window, and the count for life when a cap is for life', () => {
  const plans = compileCapPlans(
    [
      campaign({
        frequencyCaps: [
          { count: 2, per: 'minute', scope: 'campaign' },
          { count: 9, per: 'lifetime', scope: 'campaign' },
          { count: 5, per: 'day', scope: 'advertiser' },
        ],
      }),
    ],
    LIFETIME_MS,
  );
  expect(plans.get('spring')).toEqual({
    counted: [
      { scope: 'c:spring', momentsKeptMs: HOUR_MS, countKeptMs: LIFETIME_MS },
      { scope: 'a:acme', momentsKeptMs: DAY_MS, countKeptMs: DAY_MS },
    ],
    rules: [
      { scope: 'c:spring', count: 2, windowMs: 60_000 },
      { scope: 'c:spring', count: 9, windowMs: null },
      { scope: 'a:acme', count: 5, windowMs: DAY_MS },
    ],
  });
});

it('every campaign of an advertiser counts for its cap, and none of another one', () => {
  const plans = compileCapPlans(
    [
      campaign({ frequencyCaps: [{ count: 5, per: 'day', scope: 'advertiser' }] }),
      campaign({ id: 'summer' }),
      campaign({ id: 'strange', advertiserId: 'other' }),
    ],
    LIFETIME_MS,
  );
  expect(plans.get('summer')).toEqual({
    counted: [{ scope: 'a:acme', momentsKeptMs: DAY_MS, countKeptMs: DAY_MS }],
    rules: [],
  });
  expect(plans.has('strange')).toBe(false);
});

it('counts no further than the store does', () => {
  const plans = compileCapPlans(
    [campaign({ frequencyCaps: [{ count: 5000, per: 'day', scope: 'campaign' }] })],
    LIFETIME_MS,
  );
  expect(plans.get('spring')!.rules[0]!.count).toBe(1000);
});

it('what is kept for a scope is folded once, however many campaigns have a cap of it', () => {
  let reads = 0;
  const cap = {
    ...({ count: 3, scope: 'advertiser' } as const),
    get per() {
      reads++;
      return 'day' as const;
    },
  } as const;
  const all = Array.from({ length: 1000 }, (_, index) => campaign({ id: `c${index}`, frequencyCaps: [cap] }));
  expect(compileCapPlans(all, LIFETIME_MS).size).toBe(1000);
  expect(reads).toBeLessThan(10 * all.length);
});
