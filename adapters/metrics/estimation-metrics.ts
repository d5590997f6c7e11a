/** Metrics of click and of conversion estimates (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import type { EstimateSource } from '../../engine/auction/types.ts';
import { type EstimateObserver, FALLBACK_CAUSES } from '../../engine/estimation/estimate-observer.ts';
import { Counter, CountersByLabel, cellsBy } from './counter.ts';
import { register } from './exposition.ts';
import { Gauge } from './gauge.ts';

const TIERS = ['model', 'l1', 'l2', 'stale', 'fallback', 'prior'] as const satisfies readonly EstimateSource[];
/** More than there are reasons to refuse a bundle. */
const LOAD_RESULTS_MAX = 16;

/** By what is estimated: how its metrics and its estimates are called. */
const NAMES = {
  clicks: { prefix: 'rtb_ctr', estimates: 'Click estimates', model: 'click model' },
  conversions: { prefix: 'rtb_cvr', estimates: 'Conversion estimates', model: 'conversion model' },
} as const;

export class EstimationMetrics {
  readonly #registry: Registry;
  readonly #names: (typeof NAMES)[keyof typeof NAMES];
  readonly #loads: CountersByLabel;
  /** What the estimator tells. */
  readonly observer: EstimateObserver;

  constructor(registry: Registry, of: keyof typeof NAMES) {
    this.#registry = registry;
    this.#names = NAMES[of];
    const { prefix, estimates, model } = this.#names;
    const requests = register(
      registry,
      new Counter(`${prefix}_requests_total`, `${estimates} by where they came from.`),
    );
    const fallbacks = register(
      registry,
      new Counter(`${prefix}_fallback_total`, `${estimates} without the model, by why.`),
    );
    const loads = register(
      registry,
      new Counter(`${prefix}_model_loads_total`, `Bundles of the ${model} by what came of loading them.`),
    );
    this.#loads = new CountersByLabel(loads, { label: 'result', valuesMax: LOAD_RESULTS_MAX });
    const tiers = cellsBy(requests, 'tier', TIERS);
    const causes = cellsBy(fallbacks, 'cause', FALLBACK_CAUSES);
    this.observer = {
      onEstimate: (source) => tiers[source].add(),
      onFallback: (cause) => causes[cause].add(),
    };
  }

  /** `loaded`, or why the bundle was refused. */
  readonly loadEnded = (result: string): void => this.#loads.add(result);

  /** 0: no model is served. Without a configured model there is no such gauge. */
  readVersion(read: () => number): void {
    const { prefix, model } = this.#names;
    const help = `Version of the ${model} that is served.`;
    register(this.#registry, new Gauge(`${prefix}_model_version`, help, 'first')).readFrom(read);
  }
}
