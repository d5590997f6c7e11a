import { expect, it } from 'vitest';
import type { ComparisonRecord, MetricComparison, PairedDifference } from '../../comparison/comparison-record.ts';
import { armSummaries, comparisonHeadline, findingsOf } from './comparison-story.ts';
import { smallRecord } from './testing/small-record.ts';

function comparison(metrics: readonly MetricComparison[], seeds = [1, 2, 3]): ComparisonRecord {
  const arms = ['hard', 'adaptive'].map((name) => ({ name, scenarioHash: 'b0a7', example: smallRecord() }));
  return { kind: 'comparison', version: 1, name: 'timeouts', commit: 'c', command: 'x', seeds, arms, metrics };
}

function metric(
  name: string,
  unit: string,
  higherIsBetter: boolean,
  difference: Omit<PairedDifference, 'arm'>,
): MetricComparison {
  const values = [
    [1, 1, 1],
    [1, 1, 1],
  ];
  return { metric: name, unit, higherIsBetter, values, differences: [{ arm: 'adaptive', ...difference }] };
}

const HIGHER = { mean: 3e9, lower: 1e9, upper: 5e9, relative: 0.03 };

it('says what differs, which way, and how sure that is', () => {
  const record = comparison([
    metric('revenue', 'nanos', true, HIGHER),
    metric('latency-p95', 'ms', false, { mean: 2, lower: 1, upper: 3, relative: 0.1 }),
    metric('fill', 'share', true, { mean: -0.001, lower: -0.003, upper: 0.001, relative: -0.002 }),
    metric('shed', 'requests', false, { mean: 0, lower: 0, upper: 0, relative: null }),
  ]);
  expect(comparisonHeadline(record)).toBe('adaptive against hard, over 3 seeds');
  expect(findingsOf(record).map(({ sentence }) => sentence)).toEqual([
    'revenue is higher with adaptive than with hard, which is better (+3.0%; mean difference +3, 95% interval +1 to +5).',
    'latency-p95 is higher with adaptive than with hard, which is worse (+10.0%; mean difference +2 ms, 95% interval +1 ms to +3 ms).',
    'fill does not differ between adaptive and hard by more than chance would explain (-0.20%; mean difference -0.10%, 95% interval -0.30% to +0.10%).',
    'shed is exactly the same with adaptive and hard.',
  ]);
  expect(armSummaries(record)).toEqual([
    {
      arm: 'adaptive',
      text: 'revenue +3.0% (better), latency-p95 +10.0% (worse); no difference was found in fill, shed.',
    },
  ]);
});

it('claims nothing of one run', () => {
  const record = comparison(
    [metric('revenue', 'nanos', true, { mean: 3e9, lower: 3e9, upper: 3e9, relative: 0.03 })],
    [1],
  );
  expect(findingsOf(record)[0]).toMatchObject({
    verdict: 'unclear',
    sentence:
      'revenue differs by +3 between adaptive and hard in the one run (+3.0%; whether by chance cannot be said).',
  });
});
