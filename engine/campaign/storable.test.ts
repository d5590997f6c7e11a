import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isStorable, storable } from './storable.ts';

it('writes what no database keeps as the replacement character and its digits', () => {
  expect(storable('a\0b')).toBe('a\ufffd0000b');
  expect(storable('\ud800')).toBe('\ufffdd800');
  expect(storable('é😀 seat')).toBe('é😀 seat');
});

it('whatever strangers write, it is storable and stays apart from all else', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\0', '\ud800', '\udc00', '\ufffd', '0000', 'd800', '😀') });
  fc.assert(
    fc.property(text, text, (one, other) => {
      expect(isStorable(storable(one))).toBe(true);
      expect(storable(one) === storable(other)).toBe(one === other);
    }),
  );
});
