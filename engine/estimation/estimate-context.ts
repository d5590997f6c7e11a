/**
 * What the coarse key of an estimate needs of a request and what `RequestFeatures` does not hold, kept in the
 * event: enough to build the same coarse key again after a restart, but for what the user's segments say. It says which
 * place, kind of device and time zone it was, never whose.
 */
import type { BidRequest, Imp } from '../../openrtb/types.ts';
import type { AuctionImp } from '../auction/types.ts';
import type { RequestFeatures } from '../traffic/request-features.ts';
import type { EstimateSubject } from './click-estimates.ts';
import {
  browserName,
  languageTag,
  positionOf,
  primaryLength,
  systemName,
  timeLimitSecOf,
} from './features/from-openrtb.ts';
import { browserOf, systemOf } from './features/user-agent.ts';

export interface EstimateContext {
  /** Primary subtag, `en`. */
  readonly language: string;
  /** Names alone, no versions; empty when unknown. */
  readonly os: string;
  readonly browser: string;
  /** Of the user's clock, minutes; absent when unknown, and in events of before it was kept. */
  readonly utcOffsetMin?: number;
  /** Domain of the first seller in the supply chain. */
  readonly exchange: string;
  /** In the order of the request's. */
  readonly imps: readonly ImpContext[];
  /** Of each bid in `AuctionInput.bids`, as its DSP names it; empty when unknown. */
  readonly campaignIds: readonly string[];
}

export interface ImpContext {
  /** AdCOM placement position; null when unknown. */
  readonly position: number | null;
  readonly isInterstitial: boolean;
  readonly isRewarded: boolean;
  /** Longest video or audio; null when unknown. */
  readonly timeLimitSec: number | null;
}

export function estimateContext(request: BidRequest, campaignIds: readonly string[]): EstimateContext {
  const { device = {}, source } = request;
  const { ua = '' } = device;
  const tag = languageTag(device);
  return {
    language: tag.slice(0, primaryLength(tag)),
    os: systemName(device, systemOf(ua)),
    browser: browserName(device, browserOf(ua)),
    ...(device.geo?.utcoffset === undefined ? {} : { utcOffsetMin: device.geo.utcoffset }),
    exchange: source?.schain?.nodes[0]?.asi ?? '',
    imps: request.imp.map(impContext),
    campaignIds,
  };
}

function impContext(imp: Imp): ImpContext {
  return {
    position: positionOf(imp) ?? null,
    isInterstitial: imp.instl === 1,
    isRewarded: imp.rwdd === 1,
    timeLimitSec: timeLimitSecOf(imp) ?? null,
  };
}

/** As if the same came once more at `atMs` (epoch ms), from somebody of whom nothing is known. */
export function subjectAgain(
  features: RequestFeatures,
  context: EstimateContext,
  imps: readonly AuctionImp[],
  atMs: number,
): EstimateSubject {
  const { language, os, browser, utcOffsetMin, exchange } = context;
  const request: BidRequest = {
    id: '',
    imp: features.imps.map(({ impId }, index) => impAgain(impId, context.imps[index]!, imps)),
    device: {
      language,
      os,
      sua: { browsers: [{ brand: browser }] },
      ...(utcOffsetMin === undefined ? {} : { geo: { utcoffset: utcOffsetMin } }),
    },
    source: { schain: { complete: 0, ver: '1.0', nodes: [{ asi: exchange, sid: '' }] } },
  };
  return { request, features, atMs };
}

function impAgain(
  id: string,
  { position, isInterstitial, isRewarded, timeLimitSec }: ImpContext,
  imps: readonly AuctionImp[],
): Imp {
  const floorCpmMicros = imps.find((imp) => imp.id === id)?.requestFloorCpmMicros ?? 0;
  return {
    id,
    bidfloor: floorCpmMicros / 1_000_000,
    instl: isInterstitial ? 1 : 0,
    rwdd: isRewarded ? 1 : 0,
    banner: position === null ? {} : { pos: position },
    video: { mimes: [], ...(timeLimitSec === null ? {} : { maxduration: timeLimitSec }) },
  };
}
