import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { rateKeyName } from './declare.ts';
import { canonicalSchema, FEATURE_COUNT, FEATURES, GROUP_SIZES, RATE_KEYS, SCHEMA_HASH } from './schema.ts';

describe('the schema of features', () => {
  it('has 150 features, group after group', () => {
    expect(FEATURES).toHaveLength(FEATURE_COUNT);
    const groups = Object.entries(GROUP_SIZES).flatMap(([group, size]) => new Array<string>(size).fill(group));
    expect(FEATURES.map(({ group }) => group)).toEqual(groups);
  });

  it('names each feature once, after its group', () => {
    expect(new Set(FEATURES.map(({ name }) => name)).size).toBe(FEATURE_COUNT);
    for (const { name, group } of FEATURES) expect(name).toMatch(new RegExp(`^${group}\\.`));
  });

  it('declares ranges that defaults are in', () => {
    for (const { range, default: standard } of FEATURES) {
      expect(range[0]).toBeLessThan(range[1]);
      if (standard === null) continue;
      expect(standard).toBeGreaterThanOrEqual(range[0]);
      expect(standard).toBeLessThanOrEqual(range[1]);
    }
  });

  it('keeps one table of rates for each key, segments last', () => {
    const names = RATE_KEYS.map(rateKeyName);
    expect(new Set(names).size).toBe(names.length);
    for (const key of RATE_KEYS) {
      expect(key.indexOf('segment')).toBeOneOf([-1, key.length - 1]);
      expect(key.length).toBeLessThanOrEqual(4);
    }
  });

  it('is what its hash says: after a change, put the new one there and raise SCHEMA_VERSION', () => {
    expect(SCHEMA_HASH).toBe(createHash('sha256').update(canonicalSchema()).digest('hex'));
  });

  it('is written the same however its fields are ordered', () => {
    expect(canonicalSchema()).toMatch(
      /^\{"features":\[\{"buckets":64,"default":null,"group":"user","name":"user.country"/,
    );
  });
});
