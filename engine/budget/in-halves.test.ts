import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BudgetLedgerError } from '../ports/budget-ledger.ts';
import { inHalves } from './in-halves.ts';

it('sets aside what is refused alone, and carries out everything else once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 70 }), async (isRefused) => {
      const done: number[] = [];
      const aside: number[] = [];
      let calls = 0;
      await inHalves(
        [...isRefused.keys()],
        async (part) => {
          calls++;
          if (part.some((index) => isRefused[index])) throw new RangeError('never');
          done.push(...part);
        },
        (index) => aside.push(index),
      );
      const indexes = [...isRefused.keys()];
      expect(done).toEqual(indexes.filter((index) => !isRefused[index]));
      expect(aside).toEqual(indexes.filter((index) => isRefused[index]));
      expect(calls).toBeLessThanOrEqual(1 + 2 * aside.length * Math.ceil(Math.log2(isRefused.length) + 1));
    }),
  );
});

it('a ledger that cannot be reached is not the fault of an item', async () => {
  const aside: string[] = [];
  const away = () => Promise.reject(new BudgetLedgerError('unavailable', 'away'));
  await expect(inHalves(['a', 'b'], away, (item) => aside.push(item))).rejects.toMatchObject({ code: 'unavailable' });
  expect(aside).toEqual([]);
});
