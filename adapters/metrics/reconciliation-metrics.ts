/** Metrics of books and archive beside each other (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import { DIFFERENCES } from '../../engine/reconciliation/charge-verdict.ts';
import type { UnreconciledFigures } from '../../engine/reconciliation/reconciled-hours.ts';
import { Counter } from './counter.ts';
import { register } from './exposition.ts';
import { Gauge } from './gauge.ts';

const NANOS_PER_MICRO = 1000n;

export class ReconciliationMetrics {
  readonly #registry: Registry;
  readonly #failures;

  constructor(registry: Registry) {
    this.#registry = registry;
    const failures = new Counter('rtb_reconciliation_failures_total', 'Hours that could not be reconciled, and wait.');
    this.#failures = register(registry, failures).cell();
  }

  /** Several processes that reconcile the same hours find the same: the most that any has found. */
  readFrom(read: () => UnreconciledFigures): void {
    const gauge = (name: string, help: string) => register(this.#registry, new Gauge(name, help, 'max'));
    const micros =
      'Money that is due by the archived events and not booked so, or booked otherwise, whatever the currency.';
    // Rounded up: one nano is not nothing.
    gauge('rtb_ledger_unreconciled_micros', micros).readFrom(() =>
      Number((read().nanos + NANOS_PER_MICRO - 1n) / NANOS_PER_MICRO),
    );
    const charges = gauge('rtb_ledger_unreconciled_charges', 'Charges that differ, by how.');
    charges.readSeriesFrom(() => {
      const { charges } = read();
      return DIFFERENCES.map((verdict) => ({ labels: { verdict }, value: charges[verdict] }));
    });
    const problems = gauge(
      'rtb_ledger_problems',
      'What is wrong with the books by themselves, in hours that were reconciled.',
    );
    problems.readFrom(() => read().problems);
    const until = gauge(
      'rtb_ledger_reconciled_until_seconds',
      'All hours that end by then were reconciled, Unix time.',
    );
    until.readFrom(() => (read().untilMs ?? 0) / 1000);
  }

  readonly onFailure = (): void => this.#failures.add();
}
