/** How clicks and conversions are estimated: a model of each in this process, kept up to date from its folder, and its stand-in. */
import type { EstimationMetrics } from '../adapters/metrics/estimation-metrics.ts';
import { type BundleLoader, startBundleLoader } from '../adapters/model/bundle-loader.ts';
import { readPublicKey } from '../adapters/model/public-key.ts';
import { shippedModelFolder } from '../config/shipped-model.ts';
import type { ModelConfig } from '../config/types.ts';
import type { ClickEstimates, ConversionEstimates } from '../engine/estimation/click-estimates.ts';
import { CLICKS, CONVERSIONS, type EstimateTarget } from '../engine/estimation/estimate-target.ts';
import { FallbackEstimator } from '../engine/estimation/fallback/fallback-estimator.ts';
import { FEATURE_COUNT, SCHEMA_HASH } from '../engine/estimation/features/schema.ts';
import { ModelEstimates } from '../engine/estimation/model-estimates.ts';
import type { Parts } from './parts.ts';

export interface Estimation {
  /** Null: bids by click and by conversion rank by the priors. */
  readonly estimates: ClickEstimates | null;
  /** The same of conversions. */
  readonly conversionEstimates: ConversionEstimates | null;
  /** Part of `GET /status`; a model that is not configured is not there. */
  readonly status: () => { readonly clickModel?: ModelStatus; readonly conversionModel?: ModelStatus };
}

interface ModelStatus {
  /** Null: none is served yet. */
  readonly version: number | null;
}

/** A bundle that cannot be used is no reason not to serve: the fallback estimates until there is one that can. */
export async function openEstimation(parts: Parts): Promise<Estimation> {
  const { config, metrics } = parts;
  const { model, conversionModel } = config.estimation;
  const clicks = await openModel(parts, {
    name: 'click model',
    target: CLICKS,
    model,
    shippedAs: 'ctr',
    metrics: metrics.estimation.clicks,
  });
  const conversions = await openModel(parts, {
    name: 'conversion model',
    target: CONVERSIONS,
    model: conversionModel,
    shippedAs: 'cvr',
    metrics: metrics.estimation.conversions,
  });
  return {
    estimates: clicks?.estimates ?? null,
    conversionEstimates: conversions?.estimates ?? null,
    status: () => ({
      ...(clicks === null ? {} : { clickModel: clicks.status() }),
      ...(conversions === null ? {} : { conversionModel: conversions.status() }),
    }),
  };
}

interface ModelOptions {
  /** In the log. */
  readonly name: string;
  readonly target: EstimateTarget;
  readonly model: ModelConfig;
  readonly shippedAs: Parameters<typeof shippedModelFolder>[0];
  readonly metrics: EstimationMetrics;
}

/** Null where none is configured. */
async function openModel(
  parts: Parts,
  options: ModelOptions,
): Promise<{ readonly estimates: ModelEstimates; readonly status: () => ModelStatus } | null> {
  const { target, model, metrics } = options;
  if (model.source === 'none') return null;
  const loader = await openBundles(parts, options);
  const version = (): number | null => loader.current()?.version ?? null;
  metrics.readVersion(() => version() ?? 0);
  const fallback = new FallbackEstimator();
  const estimates = new ModelEstimates({ target, model: loader, fallback, observer: metrics.observer });
  return { estimates, status: () => ({ version: version() }) };
}

async function openBundles(
  { clock, timers, log, closing }: Parts,
  { name, target, model, shippedAs, metrics }: ModelOptions,
): Promise<BundleLoader> {
  const { publicKeys, versionMin, reloadIntervalMs } = model;
  const folder = model.directory || shippedModelFolder(shippedAs);
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
    observer: {
      onLoaded: ({ version, manifest }) => {
        metrics.loadEnded('loaded');
        log.info({ folder, version, metrics: manifest.metrics }, `${name} loaded`);
      },
      onRefused: (err, serving) => {
        metrics.loadEnded(err.reason);
        log.error({ folder, err, serving: serving?.version ?? null }, `${name} refused`);
      },
    },
  });
  closing(loader.close);
  return loader;
}
