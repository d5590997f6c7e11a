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
    whenTold: async () => void steps.push('told'),
    isOwn: (auctionId) => auctionId === 'own',
    nowMs: () => 1000,
  });
  expect(steps).toEqual([
    'told',
    { key: 'own/imp/1/impression', atMs: 1000, mayBecomeKnown: false },
    { key: 'own/imp/1/click', atMs: 700, mayBecomeKnown: false },
    { key: 'other/imp/1/click', atMs: 1000, mayBecomeKnown: true },
  ]);
  expect(counts).toEqual({ ...countsOf(['unmatched', 'billed', 'parked']), repeated: 1 });
});
