/** Of what is removed because its time is over. */
import type { Registry } from 'prom-client';
import { Counter, CountersByLabel } from './counter.ts';
import { register } from './exposition.ts';

const KINDS_MAX = 8;

export class RetentionMetrics {
  readonly #removed;
  readonly #failures;

  constructor(registry: Registry) {
    const removed = register(
      registry,
      new Counter('rtb_retention_removed_total', 'Rows removed because of their age.'),
    );
    this.#removed = new CountersByLabel(removed, { label: 'rows', valuesMax: KINDS_MAX });
    const failures = new Counter('rtb_retention_failures_total', 'Looks for rows to remove that failed.');
    this.#failures = register(registry, failures).cell();
  }

  readonly onRemoved = (rows: string, count: number): void => this.#removed.add(rows, count);

  readonly onFailure = (): void => this.#failures.add();
}
