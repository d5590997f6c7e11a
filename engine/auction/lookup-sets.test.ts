import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CategorySet } from './category-set.ts';
import { DomainSet } from './domain-set.ts';

describe('DomainSet', () => {
  const set = new DomainSet(['Example.com', 'www.rival.co.uk', 'a.b', '']);
  it.each(['example.com', 'ads.example.com', 'x.y.example.com', 'rival.co.uk', 'www.rival.co.uk', 'a.b'])(
    'covers %s',
    (host) => expect(set.covers(host)).toBe(true),
  );
  it.each(['badexample.com', 'example.com.evil', 'com', 'co.uk', '', 'example.org', 'b', '.', 'x.'])(
    'does not cover %s',
    (host) => expect(set.covers(host)).toBe(false),
  );

  it('agrees with comparing every suffix', () => {
    const label = fc.constantFrom('a', 'b', 'ab', 'shop', 'example', 'com');
    const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    fc.assert(
      fc.property(fc.array(host, { maxLength: 20 }), host, (blocked, candidate) => {
        const expected = blocked.some((entry) => candidate === entry || candidate.endsWith(`.${entry}`));
        expect(new DomainSet(blocked).covers(candidate)).toBe(expected);
      }),
    );
  });
});

describe('CategorySet', () => {
  const set = new CategorySet(['IAB7', 'IAB9-9', 'IAB26'], 1);
  it.each(['IAB7', 'IAB7-1', 'IAB7-39', 'IAB9-9', 'IAB26-4'])('covers %s', (id) => expect(set.covers(id)).toBe(true));
  it.each(['IAB9', 'IAB9-90', 'IAB70-1', 'IAB1', 'IAB39-7', 'IAB', '', 'x'])('does not cover %s', (id) =>
    expect(set.covers(id)).toBe(false),
  );

  it('matches other taxonomies exactly', () => {
    const numeric = new CategorySet(['7', '483'], 7);
    expect([numeric.covers('7'), numeric.covers('7-1'), numeric.covers('483'), numeric.covers('48')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});
