import fc from 'fast-check';
import { expect, test } from 'vitest';
import { auc } from './auc.ts';

test('is the share of pairs in the right order, ties half', () => {
  const row = fc.record({ score: fc.integer({ min: 0, max: 5 }), isClicked: fc.boolean() });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1 }), (rows) => {
      const clicked = rows.filter(({ isClicked }) => isClicked);
      const others = rows.filter(({ isClicked }) => !isClicked);
      let right = 0;
      for (const a of clicked) for (const b of others) right += a.score > b.score ? 1 : a.score === b.score ? 0.5 : 0;
      const value = auc(
        rows.map(({ score }) => score),
        rows.map(({ isClicked }) => isClicked),
      );
      if (clicked.length === 0 || others.length === 0) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(right / (clicked.length * others.length), 12);
    }),
  );
});
