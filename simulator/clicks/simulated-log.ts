/**
 * A log of shown ads, clicks and conversions: generated requests, answered by the simulated DSPs, clicked by the simulated
 * users, some of whom then buy.
 */
import type { BidCandidate } from '../../engine/auction/types.ts';
import type { LoggedConversion, LoggedImpression } from '../../engine/estimation/features/training-target.ts';
import { NO_PRIORS } from '../../engine/estimation/priors.ts';
import { bidCandidate } from '../../engine/exchange/bid-candidate.ts';
import type { BidRequest } from '../../openrtb/types.ts';
import { decide } from '../dsp/behaviour.ts';
import { defaultScenarioPath, dspsOf, loadScenario, type SimulatedDsp } from '../dsp/scenario.ts';
import { type SeededRandom, seededRandom } from '../random.ts';
import { generateRequest } from '../traffic/request-generator.ts';
import { ClickWorld, localHour, WORLD_SEED } from './click-world.ts';

const START_MS = Date.UTC(2026, 0, 1);
const DAYS = 10;
const DAY_MS = 86_400_000;

/**
 * `count` requests over ten days (UTC) from 1 January 2026; each is answered by one DSP, and one of its bids is shown.
 * What is shown does not depend on what is clicked, so rates need no correction for choice. Those without a bid are none.
 * Only what `isKept` takes stays in memory.
 */
export function simulateImpressions(
  count: number,
  seed: number,
  isWanted: (day: string) => boolean,
  isKept: (impression: LoggedImpression) => boolean = () => true,
): LoggedImpression[] {
  const draw = impressionsOf(seed);
  const impressions: LoggedImpression[] = [];
  for (let index = 0; index < count; index++) {
    const atMs = START_MS + Math.floor((index * DAYS * DAY_MS) / count);
    if (!isWanted(dayOf(atMs))) continue;
    const shown = draw(index, atMs);
    if (shown !== null && isKept(shown)) impressions.push(shown);
  }
  return impressions;
}

/** The log's impressions one at a time, at any moment. Null when nobody bids. */
export function impressionsOf(seed: number): (index: number, atMs: number) => LoggedImpression | null {
  const world = new ClickWorld(WORLD_SEED);
  const random = seededRandom(seed).fork('log');
  const dsps = dspsOf(loadScenario(defaultScenarioPath()));
  return (index, atMs) => {
    const ofRequest = random.fork(String(index));
    const request = generateRequest(random, index);
    const bid = drawBid(dsps, request, ofRequest);
    if (bid === null) return null;
    const imp = request.imp.find(({ id }) => id === bid.impId)!;
    const clickProbability = world.clickProbability(request, imp, bid, localHour(request, atMs));
    const isClicked = ofRequest.fork('click').chance(clickProbability);
    const clickedAtMs = isClicked ? atMs : null;
    const conversion = isClicked ? drawConversion(world.conversionProbability(request, imp, bid), ofRequest) : null;
    return {
      id: String(index),
      day: dayOf(atMs),
      atMs,
      request,
      imp,
      bid,
      isClicked,
      clickedAtMs,
      clickProbability,
      conversion,
    };
  };
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '');
}

/** Null when none of a few DSPs has a bid. */
function drawBid(dsps: readonly SimulatedDsp[], request: BidRequest, random: SeededRandom): BidCandidate | null {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const dsp = random.pick(dsps);
    const seats = decide(dsp, request, random, 'https://dsp.example.com').reply?.seatbid ?? [];
    if (seats.length === 0) continue;
    const { seat, bid } = random.pick(seats);
    const origin = {
      dspId: dsp.id,
      seat: seat ?? null,
      groupKey: null,
      currency: dsp.price.currency,
      pricing: 'cpm',
      quality: 1,
    } as const;
    return bidCandidate(0, random.pick(bid), origin, NO_PRIORS);
  }
  return null;
}

const ATTEMPTS = 6;

function drawConversion(probability: number, random: SeededRandom): LoggedConversion {
  return { isConverted: random.fork('conversion').chance(probability), probability };
}
