/**
 * O5: every request that reached an engine is answered once, in its time, by a valid answer that sells what was offered: a bid
 * that had arrived by the deadline that its DSP was told, or an ad of our own, at no more than its bid and no less than the floor.
 */
import type { BidRequest } from '../../../openrtb/types.ts';
import type { HouseAd, Offer, WorldFacts } from '../history.ts';
import { type AdSeen, type AuctionSeen, adsIn, auctionsSeen, type CallSeen } from './auctions-seen.ts';
import type { Check, Verdict } from './check.ts';
import { busynessOf, nextEndOf } from './process-lives.ts';

export const answers: Check = {
  id: 'O5',
  name: 'answers: once, in time, of what was offered',
  judge: (history, verdict) => {
    const { facts, observations, rest } = history;
    const lateness = new Lateness(facts);
    const nextEnd = nextEndOf(observations);
    const wasBusy = busynessOf(observations);
    const endsAtMs = rest?.atMs ?? observations.at(-1)?.atMs ?? 0;
    for (const auction of auctionsSeen(history).values()) {
      const { process, arrivedAtMs, sentAtMs } = auction;
      const fromMs = arrivedAtMs ?? sentAtMs;
      const isDue = !wasBusy(process, fromMs, fromMs + tmaxOf(auction.request, facts) + HANG_MS);
      judgeCount(auction, verdict);
      if (isDue) judgeAnswered(auction, Math.min(endsAtMs, nextEnd(process, fromMs) ?? endsAtMs), facts, verdict);
      for (const { leftAtMs, status, body } of auction.answers) {
        if (isDue) lateness.add(auction, leftAtMs);
        if (status === 200) judgeBody(auction, body, facts, verdict);
        else verdict.expect(STATUSES.has(status), () => `${auction.requestId} is answered ${status}`);
      }
    }
    lateness.judge(verdict);
  },
};

/** Besides 200: no bid; refused as unreadable, too large, too many, or not now. */
const STATUSES: ReadonlySet<number> = new Set([204, 400, 413, 429, 503]);

/** Times are sums of fractions of a millisecond. */
const ROUNDING_MS = 1e-6;

function judgeCount({ requestId, answers: { length } }: AuctionSeen, verdict: Verdict): void {
  verdict.expect(length <= 1, () => `${requestId} is answered ${length} times`);
}

/** So long after its deadline nobody is only slow; publishers wait longer than that before they hang up. */
const HANG_MS = 200;

function judgeAnswered(auction: AuctionSeen, aliveUntilMs: number, facts: WorldFacts, verdict: Verdict): void {
  const { requestId, arrivedAtMs, givenUpAtMs } = auction;
  if (arrivedAtMs === null) return;
  const hangsAtMs = arrivedAtMs + tmaxOf(auction.request, facts) + HANG_MS;
  if (hangsAtMs > Math.min(aliveUntilMs, givenUpAtMs ?? Number.POSITIVE_INFINITY)) return;
  verdict.expect(auction.answers.length > 0, () => `${requestId}, arrived at ${arrivedAtMs} ms, is never answered`);
}

function tmaxOf({ tmax = 0 }: BidRequest, { tmaxDefaultMs, tmaxMaxMs }: WorldFacts): number {
  return tmax > 0 ? Math.min(tmax, tmaxMaxMs) : tmaxDefaultMs;
}

class Lateness {
  readonly #facts: WorldFacts;
  readonly #late: string[] = [];
  #answered = 0;

  constructor(facts: WorldFacts) {
    this.#facts = facts;
  }

  add(auction: AuctionSeen, leftAtMs: number): void {
    if (auction.arrivedAtMs === null) return;
    this.#answered++;
    const tookMs = leftAtMs - auction.arrivedAtMs;
    const tmaxMs = tmaxOf(auction.request, this.#facts);
    if (tookMs > tmaxMs + ROUNDING_MS) this.#late.push(`${auction.requestId} took ${tookMs} ms of ${tmaxMs}`);
  }

  judge(verdict: Verdict): void {
    const isWithin = this.#late.length <= this.#answered * this.#facts.lateShareMax;
    for (let count = this.#late.length; count < this.#answered; count++) verdict.expect(true, () => '');
    for (const late of this.#late) verdict.expect(isWithin, () => late);
  }
}

function judgeBody(auction: AuctionSeen, body: unknown, facts: WorldFacts, verdict: Verdict): void {
  const { requestId, request } = auction;
  const ads = adsIn(body);
  verdict.expect(ads !== null, () => `${requestId}: the answer is not valid OpenRTB`);
  if (ads === null) return;
  verdict.expect((body as { id: string }).id === request.id, () => `${requestId}: the answer is to another request`);
  const sold = new Set<string>();
  for (const ad of ads) {
    verdict.expect(!sold.has(ad.impId), () => `${requestId}: imp ${ad.impId} is sold twice`);
    sold.add(ad.impId);
    judgeFloor(auction, ad, verdict);
    judgeOrigin(auction, ad, facts, verdict);
  }
}

function judgeFloor({ requestId, request }: AuctionSeen, ad: AdSeen, verdict: Verdict): void {
  const { impId, currency, priceCpmMicros } = ad;
  const imp = request.imp.find(({ id }) => id === impId);
  verdict.expect(imp !== undefined, () => `${requestId}: imp ${impId} is sold, and was not asked for`);
  if (imp === undefined || (imp.bidfloorcur ?? 'USD') !== currency) return;
  const floorMicros = Math.round((imp.bidfloor ?? 0) * 1_000_000);
  const hasDeals = imp.pmp !== undefined;
  verdict.expect(
    hasDeals || priceCpmMicros >= floorMicros,
    () => `${requestId}: imp ${impId} is sold for ${priceCpmMicros}, below its floor of ${floorMicros}`,
  );
}

function judgeOrigin(auction: AuctionSeen, ad: AdSeen, { houseAds }: WorldFacts, verdict: Verdict): void {
  const { bidId, impId, creativeId } = ad;
  const house = ad.claim?.sale.payer.kind === 'dsp' ? undefined : houseAds.get(creativeId);
  if (house !== undefined) {
    judgeHousePrice(auction, ad, house, verdict);
    return;
  }
  const offers = auction.calls.flatMap((call) =>
    call.offers.filter((offer) => isOf(offer, ad)).map((offer) => ({ call, offer })),
  );
  const name = `${auction.requestId}: bid ${bidId} for imp ${impId}`;
  verdict.expect(offers.length > 0, () => `${name} is sold, and nobody had offered it`);
  if (offers.length === 0) return;
  const inTime = offers.filter(({ call }) => isInTime(call));
  verdict.expect(inTime.length > 0, () => `${name} is sold, and came too late: ${lateText(offers[0]!.call)}`);
  verdict.expect(
    inTime.length === 0 || inTime.some(({ offer }) => isWithinBid(ad, offer)),
    () => `${name} is sold for ${ad.priceCpmMicros}, above its bid of ${offers[0]!.offer.priceMicros}`,
  );
}

/** An answer's bids have ids of their own where two DSPs gave the same. */
function isOf(offer: Offer, { bidId, impId, creativeId }: AdSeen): boolean {
  return offer.impId === impId && offer.creativeId === creativeId && bidId.startsWith(offer.bidId);
}

function isInTime({ sentAtMs, tmaxMs, replyArrivedAtMs }: CallSeen): boolean {
  return replyArrivedAtMs !== null && replyArrivedAtMs <= sentAtMs + tmaxMs + ROUNDING_MS;
}

function lateText({ dspId, sentAtMs, tmaxMs, replyArrivedAtMs }: CallSeen): string {
  return `${dspId} was given ${tmaxMs} ms and took ${replyArrivedAtMs! - sentAtMs}`;
}

/** What is offered by click or conversion, or in another currency, has no price per mille to compare with. */
function isWithinBid({ priceCpmMicros, currency }: AdSeen, offer: Offer): boolean {
  return offer.pricing !== 'cpm' || offer.currency !== currency || priceCpmMicros <= offer.priceMicros;
}

function judgeHousePrice({ requestId }: AuctionSeen, ad: AdSeen, house: HouseAd, verdict: Verdict): void {
  const { creativeId, priceCpmMicros, currency } = ad;
  verdict.expect(
    house.pricing !== 'cpm' || house.currency !== currency || priceCpmMicros <= house.bidMicrosMax,
    () => `${requestId}: ${creativeId} of ours is sold for ${priceCpmMicros}, above ${house.bidMicrosMax}`,
  );
}
