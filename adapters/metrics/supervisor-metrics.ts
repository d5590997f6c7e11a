/** Metrics of the process above several engines (meaning: docs/metrics.md). */
import { Registry } from 'prom-client';
import type { WorkerCounts, WorkerEndReason } from '../workers/messages.ts';
import { Counter, CountersByLabel } from './counter.ts';
import { type MetricSnapshot, register } from './exposition.ts';
import { Gauge } from './gauge.ts';

export class SupervisorMetrics {
  readonly #registry = new Registry();
  readonly #ended: CountersByLabel;
  readonly #refused;
  counts: WorkerCounts = { configured: 0, serving: 0 };

  constructor() {
    const workers = register(this.#registry, new Gauge('rtb_workers', 'Engine processes.'));
    workers.readFrom(() => this.counts.configured, { state: 'configured' });
    workers.readFrom(() => this.counts.serving, { state: 'serving' });
    const ended = register(this.#registry, new Counter('rtb_worker_ends_total', 'Engine processes that ended.'));
    this.#ended = new CountersByLabel(ended, { label: 'reason', valuesMax: 4 });
    const refused = new Counter(
      'rtb_connections_refused_total',
      'Connections closed because no worker could take them.',
    );
    this.#refused = register(this.#registry, refused).cell();
  }

  readonly ended = (reason: WorkerEndReason): void => this.#ended.add(reason);

  readonly connectionRefused = (): void => this.#refused.add();

  async snapshot(): Promise<readonly MetricSnapshot[]> {
    return (await this.#registry.getMetricsAsJSON()) as unknown as readonly MetricSnapshot[];
  }
}
