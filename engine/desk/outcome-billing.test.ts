import { expect, it } from 'vitest';
import type { OutcomeReport, ReportResult } from '../ports/budget-ledger.ts';
import { billOutcomes, countsOf } from './outcome-billing.ts';

const outcome = (auctionId: string, type: 'impression' | 'click', atMs: number | null = null) =>
  ({ auctionId, impId: 'imp/1', type, atMs }) as const;

it('reports each event once, when all own wins are told; only what others have sold may become known', async () => {
  const steps: unknown[] = [];
  const ledger = {
    billReports: async (reports: readonly OutcomeReport[]): Promise<ReportResult[]> => {
      steps.push(...reports);
      return ['unmatched', 'billed', 'parked'];
    },
  };
  const outcomes = [
    outcome('own', 'impression', 2000),
    outcome('own', 'click', 700),
    outcome('other', 'click'),
    outcome('own', 'click', 700),
  ];
  const counts = await billOutcomes(outcomes, {
    ledger,
    whenTold: async (concerns) =>
      void steps.push(`told ${concerns('own/imp/1/click')} ${concerns('other/imp/1/impression')}`),
    isOwn: (auctionId) => auctionId === 'own',
    onSetAside: () => {},
    nowMs: () => 1000,
  });
  expect(steps).toEqual([
    'told true false',
    { key: 'own/imp/1/impression', atMs: 1000, mayBecomeKnown: false },
    { key: 'own/imp/1/click', atMs: 700, mayBecomeKnown: false },
    { key: 'other/imp/1/click', atMs: 1000, mayBecomeKnown: true },
  ]);
  expect(counts).toEqual({ ...countsOf(['unmatched', 'billed', 'parked']), repeated: 1 });
});

it('what the ledger refuses of a report keeps nobody else from being paid', async () => {
  const aside: string[] = [];
  const ids = ['a', 'never', 'b', 'no\0key'];
  const counts = await billOutcomes(
    ids.map((auctionId) => outcome(auctionId, 'click')),
    {
      ledger: {
        billReports: async (reports) => {
          if (reports.some(({ key }) => /^never|\0/.test(key))) throw new RangeError('index row size');
          return reports.map(() => 'billed' as const);
        },
      },
      whenTold: async () => {},
      isOwn: () => true,
      onSetAside: (key) => aside.push(key),
      nowMs: () => 1000,
    },
  );
  expect(counts).toEqual(countsOf(['billed', 'billed', 'unmatched', 'set-aside']));
  expect(aside).toEqual(['never/imp/1/click']);
});
