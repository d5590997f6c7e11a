/** Metrics of click and of conversion estimates (meaning: docs/metrics.md). */
import type { Registry } from 'prom-client';
import { type EstimateObserver, FALLBACK_CAUSES, type FallbackCause } from '../../engine/estimation/model-estimates.ts';
import { Counter, type CounterCell, CountersByLabel } from './counter.ts';
import { register } from './exposition.ts';
import { Gauge } from './gauge.ts';

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
    const ofModel = requests.cell({ tier: 'model' });
    const ofFallback = requests.cell({ tier: 'fallback' });
    const causes = Object.fromEntries(FALLBACK_CAUSES.map((cause) => [cause, fallbacks.cell({ cause })])) as Readonly<
      Record<FallbackCause, CounterCell>
    >;
    this.observer = {
      onModel: () => ofModel.add(),
      onFallback: (cause) => {
        ofFallback.add();
        causes[cause].add();
      },
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
