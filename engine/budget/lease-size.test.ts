import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leaseAmount, trancheAmount } from './lease-size.ts';

const inputs = { wanted: 1000, amountMin: 10, share: 1, remaining: 100_000, budgetLeft: 900_000 };

describe('the amount of a lease', () => {
  it('is what is wanted while there is plenty', () => {
    expect(leaseAmount(inputs)).toBe(1000);
    expect(leaseAmount({ ...inputs, share: 0.01 })).toBe(1000);
  });

  it('is B_r / (S x 10) of S processes alike once that is less', () => {
    const shares = { ...inputs, share: 1 / 8, wanted: 1_000_000 };
    expect(leaseAmount(shares)).toBe(12_500);
    expect(leaseAmount({ ...shares, budgetLeft: 0 })).toBe(1250);
  });

  it('follows the share of traffic', () => {
    const hot = leaseAmount({ ...inputs, wanted: 1_000_000, budgetLeft: 0, share: 0.93 });
    const cold = leaseAmount({ ...inputs, wanted: 1_000_000, budgetLeft: 0, share: 0.01 });
    expect([hot, cold]).toEqual([9300, 100]);
  });

  it('is one clearing price at least, and all that is left at most', () => {
    expect(leaseAmount({ ...inputs, remaining: 50, budgetLeft: 0 })).toBe(10);
    expect(leaseAmount({ ...inputs, remaining: 10, budgetLeft: 0 })).toBe(10);
    expect(leaseAmount({ ...inputs, remaining: 500 })).toBe(500);
    expect(leaseAmount({ ...inputs, remaining: 9 })).toBe(0);
  });

  it('leaves less than one clearing price in the end, whoever asks in whichever order', () => {
    const asks = fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e12 }),
        fc.integer({ min: 1, max: 1e6 }),
        asks,
        (budget, price, shares) => {
          let remaining = budget;
          for (let ask = 0; ask < 3000; ask++) {
            const share = shares[ask % shares.length]!;
            const amount = leaseAmount({ wanted: budget, amountMin: price, share, remaining, budgetLeft: 0 });
            if (amount === 0) return remaining < price;
            if (amount < Math.min(price, remaining) || amount > remaining) return false;
            remaining -= amount;
          }
          // Small shares of a large budget take longer; they only ever take what there is.
          return remaining >= 0;
        },
      ),
    );
  });
});

it('a tranche is a dozen rounds of leases, and a safe integer', () => {
  expect(trancheAmount(1000)).toBe(12_000);
  expect(trancheAmount(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
});
