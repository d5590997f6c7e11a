/** Metrics of the counters that stored events are counted into (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import { COUNTED_TYPES } from '../../engine/counters/dimensions.ts';
import type { CountingResult } from '../../engine/ports/counter-store.ts';
import { Counter, cellsBy } from './counter.ts';
import { register } from './exposition.ts';
import { Gauge } from './gauge.ts';

export class CountingMetrics {
  readonly #registry: Registry;
  readonly #counted;
  readonly #passedOver;
  readonly #overflowed;
  readonly #rebuilds;
  readonly #fenced;
  readonly #failures;

  constructor(registry: Registry) {
    this.#registry = registry;
    const counter = (name: string, help: string) => register(registry, new Counter(name, help));
    const counted = counter('rtb_counters_counted_total', 'Events that were counted into windows.');
    this.#counted = cellsBy(counted, 'type', COUNTED_TYPES);
    const passedOver = counter('rtb_counters_passed_over_total', 'Events that were not counted, by why.');
    this.#passedOver = cellsBy(passedOver, 'reason', ['repeated', 'outside', 'unreadable'] as const);
    this.#overflowed = counter(
      'rtb_counters_overflowed_total',
      'What counted as others, since its window had no room for more.',
    ).cell();
    this.#rebuilds = counter(
      'rtb_counters_rebuilds_total',
      'Partitions that were counted anew from the log, since nothing was known of them.',
    ).cell();
    this.#fenced = counter(
      'rtb_counters_fenced_total',
      'Batches not counted since another process had the partition.',
    ).cell();
    this.#failures = counter(
      'rtb_counters_failures_total',
      'Batches that could not be counted, and were tried again.',
    ).cell();
  }

  /** `topic`: of Kafka, or `embedded`. */
  readLagFrom(topic: string, lagMs: () => number): void {
    const help = 'How long the oldest event that is being counted has waited.';
    const lag = new Gauge('rtb_counters_lag_seconds', help, 'max');
    register(this.#registry, lag).readFrom(() => lagMs() / 1000, { topic });
  }

  readonly onCounted = ({ counted, repeated, outside, overflowed }: CountingResult): void => {
    for (const type of COUNTED_TYPES) this.#counted[type].add(counted[type] ?? 0);
    this.#passedOver.repeated.add(repeated);
    this.#passedOver.outside.add(outside);
    this.#overflowed.add(overflowed);
  };

  readonly onUnreadable = (): void => this.#passedOver.unreadable.add();

  readonly onRebuilding = (): void => this.#rebuilds.add();

  readonly onFenced = (): void => this.#fenced.add();

  readonly onFailure = (): void => this.#failures.add();
}
