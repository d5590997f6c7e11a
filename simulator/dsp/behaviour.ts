import type { Bid, BidRequest, BidResponse, Imp, SeatBid } from '../../openrtb/types.ts';
import type { SeededRandom } from '../random.ts';
import { chooseAdvertiser } from './advertiser-choice.ts';
import { chooseTerms, type Terms } from './bid-terms.ts';
import { type Fit, fitCreative, renderCreative } from './creatives/creative.ts';
import { FAULTS, type Fault, type FaultShares, isAnswerFault, needsBid } from './faults.ts';
import { noticeUrls } from './notice-urls.ts';
import type { SimulatedDsp } from './scenario.ts';
import type { BidRateTraits, DeviceKind, MediaKind } from './scenario-schema.ts';

/** What one DSP does about one request. */
export interface Decision {
  /** From the arrival of the request to the answer. */
  readonly delayMs: number;
  readonly fault: Fault | null;
  /** What it means to say, before the fault strikes; null = no bid. */
  readonly reply: BidResponse | null;
}

/** What stays the same for all imps of one request. */
interface Bidding {
  readonly dsp: SimulatedDsp;
  readonly request: BidRequest;
  readonly random: SeededRandom;
  readonly noticeUrl: string;
  readonly mustBid: boolean;
}

/**
 * Pure: the same DSP, request and stream give the same decision. `noticeUrl` is where this DSP hears of wins, losses
 * and bills (`http://127.0.0.1:9001`).
 */
export function decide(dsp: SimulatedDsp, request: BidRequest, random: SeededRandom, noticeUrl: string): Decision {
  const fault = drawFault(dsp.faults, random);
  const delayMs = drawDelayMs(dsp, fault, random);
  const mustBid = needsBid(fault);
  const reply = isAnswerFault(fault) ? null : replyTo({ dsp, request, random, noticeUrl, mustBid });
  return { delayMs, fault, reply };
}

/** Null: none strikes. */
export function drawFault(faults: FaultShares, random: SeededRandom): Fault | null {
  let remaining = random.next();
  for (const fault of FAULTS) {
    remaining -= faults[fault] ?? 0;
    if (remaining < 0) return fault;
  }
  return null;
}

function drawDelayMs(dsp: SimulatedDsp, fault: Fault | null, random: SeededRandom): number {
  const { medianMs, sigma, tail } = dsp.latency;
  const usualMs = random.logNormal(medianMs, sigma);
  const tailFactor = random.chance(tail.probability) ? tail.multiplier : 1;
  return usualMs * tailFactor * (fault === 'late' ? dsp.lateMultiplier : 1);
}

function replyTo(bidding: Bidding): BidResponse | null {
  const { dsp, request, random } = bidding;
  if (!(request.cur ?? ['USD']).includes(dsp.price.currency)) return null;
  const bidsBySeat = new Map<string, Bid[]>();
  for (const imp of request.imp) {
    for (const [seat, bid] of bidOn(imp, bidding)) {
      const bids = bidsBySeat.get(seat);
      if (bids === undefined) bidsBySeat.set(seat, [bid]);
      else bids.push(bid);
    }
  }
  if (bidsBySeat.size === 0) return null;
  const seatbid: SeatBid[] = Array.from(bidsBySeat, ([seat, bid]) => ({ seat, bid }));
  return { id: request.id, bidid: token(random), cur: dsp.price.currency, seatbid };
}

function* bidOn(imp: Imp, bidding: Bidding): Generator<readonly [seat: string, bid: Bid]> {
  const { dsp, request, random, mustBid } = bidding;
  const media = chooseMedia(imp, dsp.bidRate, random);
  const fit = media === null ? null : fitCreative(media, imp, request.device, random);
  if (fit === null) return;
  const appetite = mustBid ? 'anyway' : random.chance(bidProbability(dsp.bidRate, request, fit)) ? 'at-value' : 'no';
  for (const terms of chooseTerms(dsp, request, imp, { random, appetite })) {
    const bid = makeBid(imp, fit, terms, bidding);
    if (bid !== null) yield [terms.seat, bid];
  }
}

/** Media without any appetite for it are left out; null when nothing is left. */
function chooseMedia(imp: Imp, rate: BidRateTraits, random: SeededRandom): MediaKind | null {
  const offered: { readonly media: MediaKind; readonly weight: number }[] = [];
  for (const media of MEDIA) {
    const weight = rate.media[media] ?? 1;
    if (imp[media] !== undefined && weight > 0) offered.push({ media, weight });
  }
  if (offered.length === 0) return null;
  return offered.length === 1 ? offered[0]!.media : random.pickWeighted(offered).media;
}

const MEDIA: readonly MediaKind[] = ['banner', 'video', 'audio', 'native'];

function bidProbability(rate: BidRateTraits, request: BidRequest, fit: Fit): number {
  const country = request.device?.geo?.country;
  const size = fit.media === 'banner' ? `${fit.w}x${fit.h}` : '';
  return (
    rate.default *
    (rate.deviceType[deviceKind(request.device?.devicetype)] ?? 1) *
    (country === undefined ? 1 : (rate.country[country] ?? 1)) *
    (rate.size[size] ?? 1) *
    (rate.media[fit.media] ?? 1)
  );
}

/** AdCOM "Device Types". */
function deviceKind(devicetype: number | undefined): DeviceKind {
  switch (devicetype) {
    case 1:
    case 4:
      return 'phone';
    case 2:
      return 'pc';
    case 5:
      return 'tablet';
    case 3:
    case 7:
      return 'tv';
    default:
      return 'other';
  }
}

/** Null when every advertiser of the DSP is blocked. */
function makeBid(imp: Imp, fit: Fit, terms: Terms, bidding: Bidding): Bid | null {
  const { dsp, request, random, noticeUrl } = bidding;
  const advertiser = chooseAdvertiser(dsp.advertisers, request, random);
  if (advertiser === null) return null;
  const { minimumBytes, maximumBytes } = dsp.creative;
  const crid = `cr-${random.integer(1, 40)}-${fit.media}`;
  const brief = {
    dspId: dsp.id,
    advertiserDomain: advertiser.domain,
    creativeId: crid,
    targetBytes: random.integer(minimumBytes, maximumBytes),
  };
  return {
    id: token(random),
    impid: imp.id,
    price: terms.price,
    adid: crid,
    ...noticeUrls(noticeUrl),
    adm: renderCreative(fit, brief),
    adomain: [advertiser.domain],
    cat: advertiser.categories,
    cid: `campaign-${advertiser.domain}`,
    crid,
    exp: BID_EXPIRY_SEC,
    ...(terms.dealid === undefined ? {} : { dealid: terms.dealid }),
    ...describeFit(fit, dsp.version),
  };
}

/** An hour: what an app needs that loads an ad ahead of showing it. */
const BID_EXPIRY_SEC = 3_600;

const MTYPES: Readonly<Record<MediaKind, number>> = { banner: 1, video: 2, audio: 3, native: 4 };

/** Size, protocol and duration; `mtype` and `dur` exist since 2.6. */
function describeFit(fit: Fit, version: '2.5' | '2.6'): Partial<Bid> {
  const typed = version === '2.6' ? { mtype: MTYPES[fit.media] } : {};
  switch (fit.media) {
    case 'banner': {
      const { media: _media, ...size } = fit;
      return { ...size, ...typed };
    }
    case 'video':
    case 'audio': {
      const size = fit.media === 'video' ? { w: fit.w, h: fit.h } : {};
      const duration = version === '2.6' ? { dur: fit.durationSec } : {};
      return { ...size, protocol: fit.protocol, ...duration, ...typed };
    }
    case 'native':
      return typed;
  }
}

function token(random: SeededRandom): string {
  return Math.floor(random.next() * 4_294_967_296)
    .toString(16)
    .padStart(8, '0');
}
