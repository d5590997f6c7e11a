/** Metrics of the process above several engines (meaning: docs/metrics.md). */
import { Registry } from 'prom-client';
import { REFUSE_REASONS, type RefuseReason } from '../workers/connection-dealer.ts';
import type { WorkerCounts, WorkerEndReason } from '../workers/messages.ts';
import { Counter, CountersByLabel } from './counter.ts';
import { countOutcomes } from './estimate-quality-metrics.ts';
import { type MetricSnapshot, register } from './exposition.ts';
import { Gauge } from './gauge.ts';

export class SupervisorMetrics {
  readonly #registry = new Registry();
  readonly #ended: CountersByLabel;
  readonly #refused: CountersByLabel;
  counts: WorkerCounts = { configured: 0, serving: 0 };
  /** Here and not by the workers, each of which knows its own auctions only. */
  readonly outcomesReported = countOutcomes(this.#registry);

  constructor() {
    const workers = register(this.#registry, new Gauge('rtb_workers', 'Engine processes.'));
    workers.readFrom(() => this.counts.configured, { state: 'configured' });
    workers.readFrom(() => this.counts.serving, { state: 'serving' });
    const ended = register(this.#registry, new Counter('rtb_worker_ends_total', 'Engine processes that ended.'));
    this.#ended = new CountersByLabel(ended, { label: 'reason', valuesMax: 4 });
    const refused = new Counter('rtb_connections_refused_total', 'Connections that no worker got.');
    this.#refused = new CountersByLabel(register(this.#registry, refused), {
      label: 'reason',
      valuesMax: REFUSE_REASONS.length,
    });
  }

  readonly ended = (reason: WorkerEndReason): void => this.#ended.add(reason);

  readonly connectionRefused = (reason: RefuseReason): void => this.#refused.add(reason);

  async snapshot(): Promise<readonly MetricSnapshot[]> {
    return (await this.#registry.getMetricsAsJSON()) as unknown as readonly MetricSnapshot[];
  }
}
