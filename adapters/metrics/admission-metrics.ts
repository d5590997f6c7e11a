/** Metrics of admission control (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import {
  type AdmissionSnapshot,
  type Shed,
  VALUE_CLASSES,
  type ValueClass,
} from '../../engine/traffic/admission/admission.ts';
import { PRESSURE_CAUSES, type PressureCause } from '../../engine/traffic/admission/utilisation.ts';
import { ZONES } from '../../engine/traffic/admission/zones.ts';
import { Counter, type CounterCell } from './counter.ts';
import { type Aggregator, register } from './exposition.ts';
import { Gauge } from './gauge.ts';

type ShedCells = Readonly<Record<PressureCause, Readonly<Record<ValueClass, CounterCell>>>>;

export class AdmissionMetrics {
  readonly #registry: Registry;
  readonly #shed: ShedCells;
  readonly #lostValue: ShedCells;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#shed = shedCells(registry, 'rtb_shed_total', 'Ad requests refused because of overload.');
    this.#lostValue = shedCells(
      registry,
      'rtb_shed_value_micros_total',
      'What refused requests would have brought, estimated, CPM micros.',
    );
  }

  readonly shed = ({ cause, class: valueClass, lostValueMicros }: Shed): void => {
    this.#shed[cause][valueClass].add();
    this.#lostValue[cause][valueClass].add(lostValueMicros);
  };

  /** Without admission there are no such gauges. */
  readFrom(read: () => AdmissionSnapshot): void {
    const gauge = (name: string, help: string, aggregator?: Aggregator) =>
      register(this.#registry, new Gauge(name, help, aggregator));
    gauge('rtb_concurrency_limit', 'Auctions that may be under way.').readFrom(() => read().concurrencyLimit);
    gauge('rtb_utilisation_ratio', 'How full the process is; 1 is full.', 'average').readFrom(() => read().utilisation);
    const zones = gauge('rtb_admission_zone', '1 for the zone the process is in.');
    for (const zone of ZONES) zones.readFrom(() => (read().zone === zone ? 1 : 0), { zone });
  }
}

function shedCells(registry: Registry, name: string, help: string): ShedCells {
  const counter = register(registry, new Counter(name, help));
  const byClass = (cause: PressureCause) =>
    Object.fromEntries(VALUE_CLASSES.map((valueClass) => [valueClass, counter.cell({ cause, class: valueClass })]));
  return Object.fromEntries(PRESSURE_CAUSES.map((cause) => [cause, byClass(cause)])) as unknown as ShedCells;
}
