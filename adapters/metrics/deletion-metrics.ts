/** Of the deletion of users. */
import type { Registry } from 'prom-client';
import { Counter, CountersByLabel } from './counter.ts';
import { register } from './exposition.ts';
import { Gauge } from './gauge.ts';

export interface DeletionFigures {
  readonly openCount: () => number;
  /** s that the oldest is open; 0: none is. */
  readonly oldestSeconds: () => number;
  readonly unlinkedUsers: () => number;
}

/** More than there are stores. */
const STORES_MAX = 16;

export class DeletionMetrics {
  readonly #removed;
  readonly #failures;
  readonly #certified;

  constructor(registry: Registry, figures: DeletionFigures) {
    const removed = new Counter('rtb_deletion_records_total', 'Records that users were taken out of.');
    this.#removed = new CountersByLabel(register(registry, removed), { label: 'store', valuesMax: STORES_MAX });
    const failures = new Counter(
      'rtb_deletion_failures_total',
      'Stores that could not be searched for a user; again later.',
    );
    this.#failures = new CountersByLabel(register(registry, failures), { label: 'store', valuesMax: STORES_MAX });
    const certified = new Counter('rtb_deletions_certified_total', 'Users who are deleted everywhere.');
    this.#certified = register(registry, certified).cell();
    // Each process sees the same ones.
    const gauge = (name: string, help: string): Gauge => register(registry, new Gauge(name, help, 'max'));
    gauge('rtb_deletions_open', 'Users who are not yet deleted everywhere.').readFrom(figures.openCount);
    gauge('rtb_deletions_oldest_seconds', 'How long the oldest of them is open.').readFrom(figures.oldestSeconds);
    gauge('rtb_unlinked_users', 'Deleted users of whom no event is made.').readFrom(figures.unlinkedUsers);
  }

  readonly onRemoved = (store: string, count: number): void => this.#removed.add(store, count);

  readonly onFailure = (store: string): void => this.#failures.add(store);

  readonly onCertified = (): void => this.#certified.add();
}
