/** A log of shown ads and clicks: generated requests, answered by the simulated DSPs, clicked by the simulated users. */
import type { BidCandidate } from '../../engine/auction/types.ts';
import type { LoggedImpression } from '../../engine/estimation/features/training-rows.ts';
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
const CLICK_PRIORS = { banner: 0, video: 0, audio: 0, native: 0 };

/**
 * `count` requests over ten days (UTC) from 1 January 2026; each is answered by one DSP, and one of its bids is shown.
 * What is shown does not depend on what is clicked, so rates need no correction for choice. Those without a bid are none.
 */
export function simulateImpressions(
  count: number,
  seed: number,
  isWanted: (day: string) => boolean,
): LoggedImpression[] {
  const world = new ClickWorld(WORLD_SEED);
  const random = seededRandom(seed).fork('log');
  const dsps = dspsOf(loadScenario(defaultScenarioPath()));
  const impressions: LoggedImpression[] = [];
  for (let index = 0; index < count; index++) {
    const atMs = START_MS + Math.floor((index * DAYS * DAY_MS) / count);
    const day = new Date(atMs).toISOString().slice(0, 10).replaceAll('-', '');
    if (!isWanted(day)) continue;
    const ofRequest = random.fork(String(index));
    const request = generateRequest(random, index);
    const bid = drawBid(dsps, request, ofRequest);
    if (bid === null) continue;
    const imp = request.imp.find(({ id }) => id === bid.impId)!;
    const clickProbability = world.clickProbability(request, imp, bid, localHour(request, atMs));
    const isClicked = ofRequest.fork('click').chance(clickProbability);
    impressions.push({ id: String(index), day, atMs, request, imp, bid, isClicked, clickProbability });
  }
  return impressions;
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
    return bidCandidate(0, random.pick(bid), origin, CLICK_PRIORS);
  }
  return null;
}

const ATTEMPTS = 6;
