/** How clicks are estimated: the model of this process, kept up to date from its folder, and what stands in for it. */
import { type BundleLoader, type BundleObserver, startBundleLoader } from '../adapters/model/bundle-loader.ts';
import { readPublicKey } from '../adapters/model/public-key.ts';
import { shippedModelFolder } from '../config/shipped-model.ts';
import type { ClickEstimates } from '../engine/estimation/click-estimates.ts';
import { FallbackEstimator } from '../engine/estimation/fallback/fallback-estimator.ts';
import { FEATURE_COUNT, SCHEMA_HASH } from '../engine/estimation/features/schema.ts';
import { ModelEstimates } from '../engine/estimation/model-estimates.ts';
import type { Parts } from './parts.ts';

export interface Estimation {
  /** Null: click-priced bids rank by the priors. */
  readonly estimates: ClickEstimates | null;
  /** Part of `GET /status`. */
  readonly status: () => { readonly clickModel?: { readonly version: number | null } };
}

/** A bundle that cannot be used is no reason not to serve: the fallback estimates until there is one that can. */
export async function openEstimation(parts: Parts): Promise<Estimation> {
  const { config, metrics } = parts;
  if (config.estimation.model.source === 'none') return { estimates: null, status: () => ({}) };
  const loader = await openServedBundles(parts);
  const version = (): number | null => loader.current()?.version ?? null;
  metrics.clickModelVersion(() => version() ?? 0);
  return {
    estimates: new ModelEstimates({
      model: loader,
      fallback: new FallbackEstimator(),
      observer: metrics.clickEstimates,
    }),
    status: () => ({ clickModel: { version: version() } }),
  };
}

function openServedBundles(parts: Parts): Promise<BundleLoader> {
  const { config, metrics, log } = parts;
  const folder = config.estimation.model.directory || shippedModelFolder();
  return openBundles(parts, folder, {
    onLoaded: ({ version, manifest }) => {
      metrics.clickModelLoad('loaded');
      log.info({ folder, version, metrics: manifest.metrics }, 'click model loaded');
    },
    onRefused: (err, serving) => {
      metrics.clickModelLoad(err.reason);
      log.error({ folder, err, serving: serving?.version ?? null }, 'click model refused');
    },
  });
}

/** Of one folder, by the configured rules; polled until the engine closes. */
export async function openBundles(
  { config, clock, timers, closing }: Parts,
  folder: string,
  observer: BundleObserver,
): Promise<BundleLoader> {
  const { publicKeys, versionMin, reloadIntervalMs } = config.estimation.model;
  const loader = await startBundleLoader({
    folder,
    rules: { publicKeys: publicKeys.map(readPublicKey), schemaHash: SCHEMA_HASH, featureCount: FEATURE_COUNT },
    versionMin,
    pollIntervalMs: reloadIntervalMs,
    clock,
    timers,
    observer,
  });
  closing(loader.close);
  return loader;
}
