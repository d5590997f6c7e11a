/** Metrics of click estimates in operation (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import { OUTCOME_RESULTS, type OutcomeCounts } from '../../engine/estimation/quality/awaited-outcomes.ts';
import { QUALITY_ALERTS, type QualityReport } from '../../engine/estimation/quality/estimate-quality.ts';
import type { FallbackShift } from '../../engine/estimation/quality/fallback-monitor.ts';
import type { QualityFigures } from '../../engine/estimation/quality/outcome-quality.ts';
import { Counter } from './counter.ts';
import { register, type Sample } from './exposition.ts';
import { Gauge } from './gauge.ts';

/** The counter of reported outcomes: of an engine, or of the supervisor of several. */
export function countOutcomes(registry: Registry): (counts: OutcomeCounts) => void {
  const outcomes = register(
    registry,
    new Counter('rtb_ctr_outcomes_total', 'Reported impressions, clicks and conversions by what came of the report.'),
  );
  const cells = OUTCOME_RESULTS.map((result) => ({ result, cell: outcomes.cell({ result }) }));
  return (counts) => {
    for (const { result, cell } of cells) cell.add(counts[result]);
  };
}

/** By label of `rtb_ctr_fallback_shift`. */
const SHIFTS = {
  fill: 'fillShift',
  revenue: 'revenueShift',
  calibration: 'calibrationShift',
} as const satisfies Record<string, keyof FallbackShift>;

/** Figures that are not known yet have no series. Of several processes a figure is the mean, an alert that of any. */
export function readEstimateQuality(registry: Registry, read: () => QualityReport): void {
  const ofLines = (name: string, help: string, figure: keyof QualityFigures): void =>
    register(registry, new Gauge(name, help, 'average')).readSeriesFrom(() =>
      read().lines.flatMap(({ version, arm, [figure]: value }) => sample(value, { version, arm })),
    );
  ofLines('rtb_ctr_calibration_ratio', 'Predicted by actual clicks of the latest outcomes.', 'calibrationRatio');
  ofLines('rtb_ctr_auc', 'AUC of click estimates over the latest outcomes.', 'auc');
  ofLines('rtb_ctr_log_loss', 'Mean log-loss of click estimates over the latest outcomes, nats.', 'logLoss');
  const alerts = new Gauge('rtb_ctr_quality_alert', '1 while a figure is outside its configured bounds.', 'max');
  register(registry, alerts).readSeriesFrom(() => {
    const raised = read().alerts;
    return QUALITY_ALERTS.flatMap((kind) => sample(raised[kind] ? 1 : 0, { kind }));
  });
  const shifts = new Gauge(
    'rtb_ctr_fallback_shift',
    'Auctions with the fallback by those with the model, less 1.',
    'average',
  );
  register(registry, shifts).readSeriesFrom(() => {
    const { fallback } = read();
    return Object.entries(SHIFTS).flatMap(([figure, shift]) => sample(fallback[shift], { figure }));
  });
}

function sample(value: number | null, labels: Sample['labels']): Sample[] {
  return value === null ? [] : [{ labels, value }];
}
