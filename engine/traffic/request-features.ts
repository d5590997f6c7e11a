/**
 * The few facts of a request that decisions outside the auction use (floors, shaping, estimates, reports), read once.
 * Nothing in here identifies a person, so it may go into events and logs.
 */
import type { BidRequest, Imp } from '../../openrtb/types.ts';
import type { MediaType } from '../auction/types.ts';

export interface RequestFeatures {
  readonly channel: 'app' | 'site' | 'dooh' | 'unknown';
  readonly publisherId: string;
  /** App bundle or site domain. */
  readonly inventory: string;
  /** ISO 3166-1 alpha-3, upper case; empty when unknown. */
  readonly country: string;
  /** AdCOM device type, 0 when unknown. */
  readonly deviceType: number;
  readonly os: string;
  readonly connectionType: number;
  readonly imps: readonly ImpFeatures[];
}

export interface ImpFeatures {
  readonly impId: string;
  readonly placementId: string;
  readonly media: readonly MediaType[];
  /** First offered size, 0 when none. */
  readonly width: number;
  readonly height: number;
  readonly dealCount: number;
}

export function requestFeatures(request: BidRequest): RequestFeatures {
  const { app, site, dooh, device } = request;
  const channel = app !== undefined ? 'app' : site !== undefined ? 'site' : dooh !== undefined ? 'dooh' : 'unknown';
  return {
    channel,
    publisherId: (app ?? site ?? dooh)?.publisher?.id ?? '',
    inventory: app?.bundle ?? site?.domain ?? dooh?.domain ?? '',
    country: device?.geo?.country ?? '',
    deviceType: device?.devicetype ?? 0,
    os: device?.os ?? '',
    connectionType: device?.connectiontype ?? 0,
    imps: request.imp.map(impFeatures),
  };
}

function impFeatures(imp: Imp): ImpFeatures {
  const size = imp.banner?.format?.find((format) => format.w !== undefined && format.h !== undefined);
  const framed = size ?? imp.banner ?? imp.video;
  return {
    impId: imp.id,
    placementId: imp.tagid ?? '',
    media: mediaOf(imp),
    width: framed?.w ?? 0,
    height: framed?.h ?? 0,
    dealCount: imp.pmp?.deals?.length ?? 0,
  };
}

/** Deals name no DSP here, so a request with any deal may be anybody's. */
export function hasDeals({ imps }: RequestFeatures): boolean {
  for (const { dealCount } of imps) if (dealCount > 0) return true;
  return false;
}

export function mediaOf(imp: Imp): MediaType[] {
  const media: MediaType[] = [];
  if (imp.banner !== undefined) media.push('banner');
  if (imp.video !== undefined) media.push('video');
  if (imp.audio !== undefined) media.push('audio');
  if (imp.native !== undefined) media.push('native');
  return media;
}
