/** What a report says, for programs. */
import type { ComparisonRecord } from '../comparison/comparison-record.ts';
import type { RunRecord } from '../world/run-record.ts';
import { armSummaries, comparisonHeadline, findingsOf } from './page/comparison-story.ts';
import { storyOf } from './page/story.ts';

/** Plain JSON: the words of the page, and the figures of the record that they are about. */
export function summaryOf(record: RunRecord | ComparisonRecord): object {
  return record.kind === 'run' ? runSummary(record) : comparisonSummary(record);
}

function runSummary(record: RunRecord): object {
  const { identity, traceHash, ledgerHash, startedAtMs, durationMs, totals, faults, checks } = record;
  const { headline, sentences, judgement } = storyOf(record);
  return {
    kind: 'run',
    headline,
    sentences,
    judgement,
    identity,
    traceHash,
    ledgerHash,
    startedAtMs,
    durationMs,
    totals,
    faults,
    checks,
  };
}

function comparisonSummary(record: ComparisonRecord): object {
  const { name, commit, command, seeds, arms, metrics } = record;
  return {
    kind: 'comparison',
    headline: comparisonHeadline(record),
    name,
    commit,
    command,
    seeds,
    arms: arms.map((arm) => ({ name: arm.name, scenarioHash: arm.scenarioHash })),
    summaries: armSummaries(record),
    findings: findingsOf(record),
    metrics: metrics.map(({ metric, unit, higherIsBetter, differences }) => ({
      metric,
      unit,
      higherIsBetter,
      differences,
    })),
  };
}
