/** Of the events that wait in their segments for Kafka; all 0 where there is none. */
import type { Registry } from 'prom-client';
import { Counter } from './counter.ts';
import { register } from './exposition.ts';
import { Gauge } from './gauge.ts';

export interface OutboxFigures {
  readonly waitingBytes: () => number;
  /** ms that the oldest has waited; 0: none waits. */
  readonly oldestMs: () => number;
}

export class OutboxMetrics {
  readonly #drained;
  readonly #failures;
  readonly #rejected;
  #figures: OutboxFigures = { waitingBytes: () => 0, oldestMs: () => 0 };

  constructor(registry: Registry) {
    const counter = (name: string, help: string) => register(registry, new Counter(name, help)).cell();
    this.#drained = counter('rtb_outbox_drained_total', 'Outcome events that Kafka has acknowledged.');
    this.#failures = counter('rtb_outbox_failures_total', 'Batches of events that failed and were sent again.');
    this.#rejected = counter('rtb_outbox_rejected_total', 'Events that Kafka will never take.');
    register(registry, new Gauge('rtb_outbox_bytes', 'Events that wait for Kafka.')).readFrom(() =>
      this.#figures.waitingBytes(),
    );
    const oldest = new Gauge('rtb_outbox_oldest_seconds', 'How long the oldest event has waited for Kafka.', 'max');
    register(registry, oldest).readFrom(() => this.#figures.oldestMs() / 1000);
  }

  readFrom(figures: OutboxFigures): void {
    this.#figures = figures;
  }

  readonly onDrained = (count: number): void => this.#drained.add(count);

  readonly onFailure = (): void => this.#failures.add();

  readonly onRejected = (): void => this.#rejected.add();
}
