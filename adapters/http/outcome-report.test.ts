import { expect, test } from 'vitest';
import { OutcomeReportError, readOutcomes } from './outcome-report.ts';

const OUTCOME = { auction: 'a-1', imp: '1', type: 'impression' };

function pathOfRefusal(records: readonly object[]): string {
  try {
    readOutcomes(JSON.stringify(records));
  } catch (error) {
    if (error instanceof OutcomeReportError) return error.path;
    throw error;
  }
  return 'taken';
}

test.each([
  ['a list', JSON.stringify([OUTCOME])],
  ['a line', `${JSON.stringify(OUTCOME)}\n`],
])('is read: %s', (_name, text) => {
  expect(readOutcomes(text)).toEqual([{ auctionId: 'a-1', impId: '1', type: 'impression', atMs: null }]);
});

test.each(['', 'a\0b', 'a\ud800', 'a'.repeat(521), 7, null])('no ledger knows the id %j', (id) => {
  expect(pathOfRefusal([OUTCOME, { ...OUTCOME, imp: id }])).toBe('[1].imp');
  expect(pathOfRefusal([{ ...OUTCOME, auction: id }])).toBe('[0].auction');
});
