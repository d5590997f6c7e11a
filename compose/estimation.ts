/** How clicks are estimated: by the model of this process, kept up to date from its folder, by a model server, or not at all. */
import type { ActorParent } from '../actors/mailbox.ts';
import type { EstimatingRules } from '../actors/request-actor.ts';
import { type BundleLoader, startBundleLoader } from '../adapters/model/bundle-loader.ts';
import { readPublicKey } from '../adapters/model/public-key.ts';
import { shippedModelFolder } from '../config/shipped-model.ts';
import type { ClickEstimates } from '../engine/estimation/click-estimates.ts';
import { FallbackEstimator } from '../engine/estimation/fallback/fallback-estimator.ts';
import { FEATURE_COUNT, SCHEMA_HASH } from '../engine/estimation/features/schema.ts';
import { ModelEstimates } from '../engine/estimation/model-estimates.ts';
import type { DegradeLevel } from '../engine/traffic/admission/zones.ts';
import type { Parts } from './parts.ts';
import { openRemoteEstimation } from './remote-estimation.ts';

export interface Estimation {
  /** Null: click-priced bids rank by the priors. */
  readonly estimates: ClickEstimates | null;
  /** Null: there is nothing to wait for. */
  readonly estimating: EstimatingRules | null;
  /** Part of `GET /status`. */
  readonly status: () => { readonly clickModel?: object };
  /** Of predictions by tag (`engine/estimation/cache/invalidations.ts`); null: none are kept. */
  readonly invalidate: ((tag: number) => Promise<void>) | null;
}

const NO_ESTIMATION: Estimation = { estimates: null, estimating: null, status: () => ({}), invalidate: null };

/** A model that cannot be used is no reason not to serve: the fallback estimates until there is one that can. */
export async function openEstimation(
  parts: Parts,
  parent: ActorParent,
  degradeLevel: () => DegradeLevel,
): Promise<Estimation> {
  switch (parts.config.estimation.model.source) {
    case 'none':
      return NO_ESTIMATION;
    case 'bundle':
      return openBundleEstimation(parts);
    case 'remote':
      return openRemoteEstimation(parts, parent, degradeLevel);
  }
}

async function openBundleEstimation(parts: Parts): Promise<Estimation> {
  const { metrics } = parts;
  const loader = await openBundles(parts);
  const version = (): number | null => loader.current()?.version ?? null;
  metrics.clickModelVersion(() => version() ?? 0);
  return {
    estimates: new ModelEstimates({
      model: loader,
      fallback: new FallbackEstimator(),
      observer: metrics.clickEstimates,
    }),
    estimating: null,
    status: () => ({ clickModel: { version: version() } }),
    invalidate: null,
  };
}

async function openBundles({ config, clock, timers, metrics, log, closing }: Parts): Promise<BundleLoader> {
  const { publicKeys, versionMin, reloadIntervalMs } = config.estimation.model;
  const folder = config.estimation.model.directory || shippedModelFolder();
  const loader = await startBundleLoader({
    folder,
    rules: { publicKeys: publicKeys.map(readPublicKey), schemaHash: SCHEMA_HASH, featureCount: FEATURE_COUNT },
    versionMin,
    pollIntervalMs: reloadIntervalMs,
    clock,
    timers,
    observer: {
      onLoaded: ({ version, manifest }) => {
        metrics.clickModelLoad('loaded');
        log.info({ folder, version, metrics: manifest.metrics }, 'click model loaded');
      },
      onRefused: (err, serving) => {
        metrics.clickModelLoad(err.reason);
        log.error({ folder, err, serving: serving?.version ?? null }, 'click model refused');
      },
    },
  });
  closing(loader.close);
  return loader;
}
