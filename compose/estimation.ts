/**
 * How clicks and conversions are estimated: by a model of each in this process, kept up to date from its folder, or clicks
 * by a model server; and what stands in for them.
 */
import type { ActorParent } from '../actors/mailbox.ts';
import type { EstimatingRules } from '../actors/request-actor.ts';
import type { EstimationMetrics } from '../adapters/metrics/estimation-metrics.ts';
import { type BundleLoader, type BundleObserver, startBundleLoader } from '../adapters/model/bundle-loader.ts';
import { readPublicKey } from '../adapters/model/public-key.ts';
import { shippedModelFolder } from '../config/shipped-model.ts';
import type { ModelConfig } from '../config/types.ts';
import type { ClickEstimates, ConversionEstimates } from '../engine/estimation/click-estimates.ts';
import { CLICKS, CONVERSIONS, type EstimateTarget } from '../engine/estimation/estimate-target.ts';
import { FallbackEstimator } from '../engine/estimation/fallback/fallback-estimator.ts';
import { FEATURE_COUNT, SCHEMA_HASH } from '../engine/estimation/features/schema.ts';
import { ModelEstimates } from '../engine/estimation/model-estimates.ts';
import type { DegradeLevel } from '../engine/traffic/admission/zones.ts';
import type { Parts } from './parts.ts';
import { openRemoteEstimation } from './remote-estimation.ts';

export interface Estimation {
  /** Null: bids by click and by conversion rank by the priors. */
  readonly estimates: ClickEstimates | null;
  /** The same of conversions. */
  readonly conversionEstimates: ConversionEstimates | null;
  /** Null: there is nothing to wait for. */
  readonly estimating: EstimatingRules | null;
  /** Part of `GET /status`; a model that is not configured is not there. */
  readonly status: () => { readonly clickModel?: ModelStatus; readonly conversionModel?: ModelStatus };
  /** Fills caches with what the auctions in an event log asked for, before there are requests; see `openWarmUp`. */
  readonly warmUp: (eventFolder: string) => Promise<void>;
  /** Of predictions by tag (`engine/estimation/cache/invalidations.ts`); null: none are kept. */
  readonly invalidate: ((tag: number) => Promise<void>) | null;
}

export interface ModelStatus {
  /** Null: none is served yet. */
  readonly version: number | string | null;
  /** Of a model server: it is not asked for now. */
  readonly isFailing?: boolean;
}

/** What one model gives. */
export type Estimator<Estimates> = Pick<Estimation, 'estimating' | 'warmUp' | 'invalidate'> & {
  readonly estimates: Estimates | null;
  /** Null: no model is configured. */
  readonly status: () => ModelStatus | null;
};

const NO_MODEL: Estimator<never> = {
  estimates: null,
  estimating: null,
  status: () => null,
  warmUp: async () => {},
  invalidate: null,
};

/** A model that cannot be used is no reason not to serve: the fallback estimates until there is one that can. */
export async function openEstimation(
  parts: Parts,
  parent: ActorParent,
  degradeLevel: () => DegradeLevel,
): Promise<Estimation> {
  const { model, conversionModel } = parts.config.estimation;
  const { clicks: clickMetrics, conversions: conversionMetrics } = parts.metrics.estimation;
  const clicks =
    model.source === 'remote'
      ? await openRemoteEstimation(parts, parent, degradeLevel)
      : await openModel(parts, {
          name: 'click model',
          target: CLICKS,
          model,
          isUsed: model.source === 'bundle',
          shippedAs: 'ctr',
          metrics: clickMetrics,
        });
  const conversions = await openModel(parts, {
    name: 'conversion model',
    target: CONVERSIONS,
    model: conversionModel,
    isUsed: conversionModel.source === 'bundle',
    shippedAs: 'cvr',
    metrics: conversionMetrics,
  });
  return {
    estimates: clicks.estimates,
    conversionEstimates: conversions.estimates,
    estimating: clicks.estimating,
    status: () => ({ ...named('clickModel', clicks.status()), ...named('conversionModel', conversions.status()) }),
    warmUp: clicks.warmUp,
    invalidate: clicks.invalidate,
  };
}

function named(name: string, status: ModelStatus | null): Readonly<Record<string, ModelStatus>> {
  return status === null ? {} : { [name]: status };
}

interface ModelOptions {
  /** In the log. */
  readonly name: string;
  readonly target: EstimateTarget;
  readonly model: Omit<ModelConfig, 'source'>;
  readonly isUsed: boolean;
  readonly shippedAs: Parameters<typeof shippedModelFolder>[0];
  readonly metrics: EstimationMetrics;
}

async function openModel(parts: Parts, options: ModelOptions): Promise<Estimator<ModelEstimates>> {
  const { target, isUsed, metrics } = options;
  if (!isUsed) return NO_MODEL;
  const loader = await openServed(parts, options);
  const version = (): number | null => loader.current()?.version ?? null;
  metrics.readVersion(() => version() ?? 0);
  const fallback = new FallbackEstimator();
  const estimates = new ModelEstimates({ target, model: loader, fallback, observer: metrics.observer });
  return { ...NO_MODEL, estimates, status: () => ({ version: version() }) };
}

function openServed(parts: Parts, { name, target, model, shippedAs, metrics }: ModelOptions): Promise<BundleLoader> {
  const folder = model.directory || shippedModelFolder(shippedAs);
  return openBundles(parts, model, folder, target, {
    onLoaded: ({ version, manifest }) => {
      metrics.loadEnded('loaded');
      parts.log.info({ folder, version, metrics: manifest.metrics }, `${name} loaded`);
    },
    onRefused: (err, serving) => {
      metrics.loadEnded(err.reason);
      parts.log.error({ folder, err, serving: serving?.version ?? null }, `${name} refused`);
    },
  });
}

/** Of one folder, by the rules of `model`; polled until the engine closes. */
export async function openBundles(
  { clock, timers, closing }: Parts,
  { publicKeys, versionMin, reloadIntervalMs }: Omit<ModelConfig, 'source'>,
  folder: string,
  target: EstimateTarget,
  observer: BundleObserver,
): Promise<BundleLoader> {
  const loader = await startBundleLoader({
    folder,
    rules: {
      publicKeys: publicKeys.map(readPublicKey),
      schemaHash: SCHEMA_HASH,
      featureCount: FEATURE_COUNT,
      target: target.name,
    },
    versionMin,
    pollIntervalMs: reloadIntervalMs,
    clock,
    timers,
    observer,
  });
  closing(loader.close);
  return loader;
}
