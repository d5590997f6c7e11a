import { describe, expect, it } from 'vitest';
import { PredictionKeys } from '../cache/prediction-key.ts';
import { COARSE_COLUMNS, KEY_COLUMNS } from './key-columns.ts';
import { FEATURE_COUNT, FEATURES } from './schema.ts';

const at = (name: string): number => {
  const index = FEATURES.findIndex((feature) => feature.name === name);
  expect(index, name).toBeGreaterThanOrEqual(0);
  return index;
};

const keysOf = (changes: Readonly<Record<string, number>> = {}): { exact: number; coarse: number } => {
  const row = new Float64Array(FEATURE_COUNT).fill(1);
  for (const [name, value] of Object.entries(changes)) row[at(name)] = value;
  const keys = new PredictionKeys(KEY_COLUMNS, 'v1', 'schema');
  keys.read(row, 0);
  return { exact: keys.exact, coarse: keys.coarse };
};

describe('keys of features', () => {
  it('have a column for each feature', () => {
    expect(KEY_COLUMNS).toHaveLength(FEATURE_COUNT);
  });

  it.each(['ad.creative', 'user.city', 'user.segment_3', 'user.make', 'context.floor_cpm'])(
    '%s tells predictions apart, but not the coarse ones',
    (name) => {
      expect(keysOf({ [name]: 7 }).exact).not.toBe(keysOf().exact);
      expect(keysOf({ [name]: 7 }).coarse).toBe(keysOf().coarse);
    },
  );

  it.each(Object.keys(COARSE_COLUMNS))('%s tells coarse predictions apart, too', (name) => {
    expect(keysOf({ [name]: 7 }).exact).not.toBe(keysOf().exact);
    expect(keysOf({ [name]: 7 }).coarse).not.toBe(keysOf().coarse);
  });

  it('nearly equal rates are the same', () => {
    const rate = FEATURES.find(({ type }) => type === 'rate')!.name;
    expect(keysOf({ [rate]: 1.01 })).toEqual(keysOf());
    expect(keysOf({ [rate]: 1.2 }).exact).not.toBe(keysOf().exact);
  });
});
