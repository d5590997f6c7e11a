import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromColumns, toColumns } from './columns.ts';

test('a key is written once, and once only where all rows agree', () => {
  const rows = [
    { id: 'a', currency: 'USD', cat: [], price: 1 },
    { id: 'b', currency: 'USD', cat: [], price: 1 },
    { id: 'c', currency: 'USD', cat: [], price: 2 },
  ];
  expect(toColumns(rows)).toEqual({
    count: 3,
    same: { currency: 'USD', cat: [] },
    each: { id: ['a', 'b', 'c'], price: [1, 1, 2] },
  });
});

test('storing and reading back changes nothing', () => {
  const value = fc.oneof(
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.string(), { maxLength: 2 }),
  );
  const row = fc.record({ a: value, b: value, c: fc.constant('x') });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 5 }), (rows) => {
      const stored = JSON.parse(JSON.stringify(toColumns(rows)));
      expect(fromColumns(stored)).toEqual(rows);
    }),
  );
});
