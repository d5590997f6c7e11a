import { expect, test } from 'vitest';
import { dayFilter } from './day-filter.ts';
import { UsageError } from './usage-error.ts';

test('takes days and ranges of days, ends included', () => {
  const isWanted = dayFilter('20130606-20130608,20130610');
  expect(['20130605', '20130606', '20130608', '20130609', '20130610', '20130611'].filter(isWanted)).toEqual([
    '20130606',
    '20130608',
    '20130610',
  ]);
  expect(dayFilter(undefined)('20130605')).toBe(true);
});

test.each(['', '6-9', '20130606-', '20130606,', '20130609-20130606'])('refuses "%s"', (text) => {
  expect(() => dayFilter(text)).toThrow(UsageError);
});
