/** From the configuration to the options of the engine's parts: the only place that knows both shapes. */
import { compileFloorRules, type FloorRule } from '../engine/auction/floors.ts';
import { RESERVE_ESTIMATORS } from '../engine/auction/reserve/estimator.ts';
import type { LearnedReserveOptions } from '../engine/auction/reserve/learned-reserve.ts';
import type { DspBlocks } from '../engine/auction/types.ts';
import { DSP_HEALTH_DEFAULTS, type DspHealthOptions } from '../engine/dsp/dsp-health.ts';
import { poolSize } from '../engine/dsp/pool-size.ts';
import { SHAPER_DEFAULTS, type ShaperOptions } from '../engine/dsp/shaping/shaper.ts';
import { THRESHOLD_DEFAULTS, type ThresholdOptions } from '../engine/dsp/shaping/threshold.ts';
import { WAITING_DEFAULTS, type WaitingOptions } from '../engine/dsp/waiting/waiting-value.ts';
import { HORIZON_DEFAULTS, type HorizonOptions } from '../engine/estimation/cache/horizons.ts';
import type { ClickEstimates, ConversionEstimates } from '../engine/estimation/click-estimates.ts';
import type { ExchangeRules } from '../engine/exchange/auction-terms.ts';
import type { DecisionRules } from '../engine/exchange/decision.ts';
import type { AdmissionOptions } from '../engine/traffic/admission/admission.ts';
import { ADMISSION_DEFAULTS } from '../engine/traffic/admission/defaults.ts';
import { bareHost } from '../openrtb/hosts.ts';
import { isBilledByEvents } from './event-billing.ts';
import type { Config, DspConfig, FloorConfig } from './types.ts';

/** What is the same for all auctions. */
export function exchangeRules(config: Config): ExchangeRules {
  const { secondPriceMechanism, ...policy } = config.auction;
  return {
    currency: config.exchange.currency,
    currencies: config.currencies,
    policy: {
      missingCreativeId: policy.missingCreativeId,
      missingAdvertiserDomain: policy.missingAdvertiserDomain,
      missingCategory: policy.missingCategory,
      bannerSize: policy.bannerSize,
      dealOrder: policy.dealOrder,
      incrementCpmMicros: policy.incrementCpmMicros,
      incrementClickMicros: policy.incrementClickMicros,
      incrementConversionMicros: policy.incrementConversionMicros,
      maximumCpmMicros: policy.maximumCpmMicros,
      floorRulesBindDeals: policy.floorRulesBindDeals,
    },
    secondPriceMechanism,
    placements: new Map(
      config.placements.map(({ id, mechanism, slotWeights }) => [
        id,
        { mechanism: mechanism ?? null, slotWeights: slotWeights ?? [1] },
      ]),
    ),
    floors: compileFloorRules(config.floors.map(floorRule)),
    dspBlocks: dspBlocks(config.dsps),
  };
}

function dspBlocks(dsps: readonly DspConfig[]): ExchangeRules['dspBlocks'] {
  const blocks: Record<string, DspBlocks> = {};
  for (const { id, blockedAdvertisers, blockedCategories } of dsps) {
    if (blockedAdvertisers.length + blockedCategories.length === 0) continue;
    blocks[id] = { advertisers: blockedAdvertisers.map(bareHost), categories: blockedCategories };
  }
  return blocks;
}

function floorRule({ publisherId, placementId, country, size, mediaType, floorCpmMicros }: FloorConfig): FloorRule {
  const [w, h] = (size ?? '').split('x').map(Number);
  return {
    publisherId: publisherId ?? null,
    placementId: placementId ?? null,
    country: country ?? null,
    size: size === undefined ? null : { w: w!, h: h! },
    mediaType: mediaType ?? null,
    floorCpmMicros,
  };
}

/** How reserves are learned; null: not at all. */
export function reserveLearning({ learnedReserve }: Pick<Config, 'learnedReserve'>): LearnedReserveOptions | null {
  const { estimator, windowSize, observationsMin, changeRatioMax, placementsMax } = learnedReserve;
  if (estimator === 'off') return null;
  return {
    estimator: RESERVE_ESTIMATORS[estimator],
    windowCapacity: windowSize,
    observationsMin,
    stepRatioMax: changeRatioMax,
    placementsMax,
  };
}

/** How bids are understood. */
export function decisionRules(
  config: Config,
  estimates: ClickEstimates | null,
  conversionEstimates: ConversionEstimates | null = null,
): DecisionRules {
  return {
    currencies: config.currencies,
    priors: { clicks: config.estimation.clickPriors, conversions: config.estimation.conversionPriors },
    estimates,
    conversionEstimates,
    bidding: new Map(config.dsps.map(({ id, pricing, quality }) => [id, { pricing, quality }])),
    isBilledByEvents: config.events.tracking.baseUrl !== '' && isBilledByEvents(config),
  };
}

/** Limits and protection of one DSP. */
export function healthOptions(dsp: DspConfig, config: Config): DspHealthOptions {
  const { dspDefaults, protection } = config;
  const { adaptiveTimeout, breaker, rotation } = DSP_HEALTH_DEFAULTS;
  return {
    ...DSP_HEALTH_DEFAULTS,
    isProtected: protection.enabled,
    timeoutMs: dsp.timeoutMs ?? dspDefaults.timeoutMs,
    timeoutMsMin: dspDefaults.timeoutMsMin,
    inFlightMax: connectionsTo(dsp, config) + dspDefaults.waitingMax,
    callsPerSecondMax: dsp.callsPerSecondMax ?? null,
    adaptiveTimeout: {
      ...adaptiveTimeout,
      quantile: protection.timeoutQuantile,
      headroom: protection.timeoutHeadroom,
      explorationShare: protection.timeoutExplorationShare,
    },
    breaker: {
      ...breaker,
      window: { ...breaker.window, windowMs: protection.errorWindowMs },
      errorRatioMax: protection.errorRatioMax,
      backOffMs: protection.backOffMs,
      probeCount: protection.probeCount,
      probeSuccessRatioMin: protection.probeSuccessRatioMin,
    },
    rotation: { ...rotation, inTimeRatioMin: protection.inTimeRatioMin },
  };
}

/** What one DSP's shaper learns by. */
export function shaperOptions({ shaping }: Config): ShaperOptions {
  return { ...SHAPER_DEFAULTS, warmUpAnswers: shaping.answersMin };
}

/** What all shapers are measured by. */
export function thresholdOptions({ shaping }: Config): ThresholdOptions {
  const { revenueLossMax, explorationShare } = shaping;
  return { ...THRESHOLD_DEFAULTS, lossTarget: revenueLossMax, explorationShare };
}

/** When a request stops waiting. */
export function waitingOptions({ auction }: Config): WaitingOptions {
  const { preliminaryAtMs, waitingCostMicrosPerMs } = auction;
  return { ...WAITING_DEFAULTS, preliminaryMs: preliminaryAtMs, costMicrosPerMs: waitingCostMicrosPerMs };
}

/** How long predictions of a remote model are used. */
export function horizonOptions({ estimation: { model } }: Config): HorizonOptions {
  return { ...HORIZON_DEFAULTS, exact: model.cache.exact, coarse: model.cache.coarse };
}

/** Size of the persistent pool to one DSP. */
export function connectionsTo(dsp: DspConfig, { dspDefaults }: Config): number {
  return poolSize({
    callsPerSecond: dsp.callsPerSecond ?? dspDefaults.callsPerSecond,
    latencyMs: dsp.timeoutMs ?? dspDefaults.timeoutMs,
  });
}

/** Admission as tuned, with what the configuration says. */
export function admissionOptions({ admission }: Config): AdmissionOptions {
  const { limitInitial, limitMin, limitMax, latencyRatioMax, burstMax } = admission;
  const { loopDelayMsMax, queueAgeMsMax, heapShareShed, dwellMs, valuedQuantile } = admission;
  return {
    ...ADMISSION_DEFAULTS,
    concurrency: { ...ADMISSION_DEFAULTS.concurrency, limitInitial, limitMin, limitMax, latencyRatioMax },
    pressure: { loopDelayMsMax, queueAgeMsMax, heapShareShed },
    zones: { ...ADMISSION_DEFAULTS.zones, dwellMs },
    burst: { ...ADMISSION_DEFAULTS.burst, creditMax: burstMax },
    valued: { ...ADMISSION_DEFAULTS.valued, quantile: valuedQuantile },
  };
}
