import { describe, expect, it } from 'vitest';
import { compileFloorRules, type FloorQuery, type FloorRule, floorFor } from './floors.ts';

const ANY = { publisherId: null, placementId: null, country: null, size: null, mediaType: null };

function rule(floorCpmMicros: number, named: Partial<FloorRule>): FloorRule {
  return { ...ANY, ...named, floorCpmMicros };
}

const QUERY: FloorQuery = {
  publisherId: 'pub',
  placementId: 'top',
  country: 'DEU',
  size: { w: 300, h: 250 },
  mediaType: 'banner',
};

describe('floor rules', () => {
  it('no rule, no floor', () => {
    expect(floorFor(compileFloorRules([]), QUERY)).toBe(0);
    expect(floorFor(compileFloorRules([rule(9, { country: 'FRA' })]), QUERY)).toBe(0);
  });

  it('the rule that names more dimensions wins, whatever the order of the file', () => {
    const rules = [
      rule(1, {}),
      rule(2, { placementId: 'top' }),
      rule(3, { country: 'DEU', size: { w: 300, h: 250 } }),
      rule(9, { country: 'DEU', size: { w: 728, h: 90 } }),
    ];
    expect(floorFor(compileFloorRules(rules), QUERY)).toBe(3);
    expect(floorFor(compileFloorRules(rules.reverse()), QUERY)).toBe(3);
  });

  it('between equally specific rules: placement, publisher, country, size, media type', () => {
    const rules = [
      rule(1, { mediaType: 'banner' }),
      rule(2, { size: { w: 300, h: 250 } }),
      rule(3, { country: 'DEU' }),
      rule(4, { publisherId: 'pub' }),
      rule(5, { placementId: 'top' }),
    ];
    for (let count = rules.length; count > 0; count--) {
      expect(floorFor(compileFloorRules(rules.slice(0, count)), QUERY)).toBe(count);
    }
  });

  it('what is unknown matches only rules that leave it out', () => {
    const table = compileFloorRules([rule(1, {}), rule(5, { country: 'DEU' })]);
    expect(floorFor(table, { ...QUERY, country: null })).toBe(1);
  });

  it('the higher of two floors with one key counts', () => {
    expect(floorFor(compileFloorRules([rule(5, { country: 'DEU' }), rule(4, { country: 'DEU' })]), QUERY)).toBe(5);
  });
});
