import type { BidRequest, Deal, Imp } from '../../openrtb/types.ts';
import type { SeededRandom } from '../random.ts';
import type { SimulatedDsp } from './scenario.ts';

/** The money side of one bid. */
export interface Terms {
  /** Seat id on the wire. */
  readonly seat: string;
  /** Of what the DSP pays for, in its currency, four decimals. */
  readonly price: number;
  readonly dealid?: string;
}

/** `no`: not in the open auction; `at-value`: unless the floor is above its value; `anyway`: at the floor then. */
export type Appetite = 'no' | 'at-value' | 'anyway';

/**
 * Whether, from which seats, in which deal and at what price: one bid, sometimes two, or none. A deal is decided by
 * `deals.probability` alone; `appetite` is for the open auction.
 */
export function chooseTerms(
  dsp: SimulatedDsp,
  request: BidRequest,
  imp: Imp,
  chance: { readonly random: SeededRandom; readonly appetite: Appetite },
): readonly Terms[] {
  const { random, appetite } = chance;
  const seats = admittedSeats(dsp, request);
  if (seats.length === 0) return [];
  const value = random.logNormal(dsp.price.medianCpm, dsp.price.sigma);
  for (const deal of imp.pmp?.deals ?? []) {
    const dealSeats = deal.wseat?.length ? seats.filter((seat) => deal.wseat!.includes(seat)) : seats;
    if (dealSeats.length === 0 || !random.chance(dsp.deals.probability)) continue;
    return [{ seat: random.pick(dealSeats), price: priceOf(dealCpm(deal, value, dsp), dsp), dealid: deal.id }];
  }
  const floor = floorIn(dsp.price.currency, imp.bidfloor, imp.bidfloorcur);
  if (appetite === 'no' || imp.pmp?.private_auction === 1 || (appetite === 'at-value' && value < floor)) return [];
  const first = { seat: random.pick(seats), price: priceOf(Math.max(value, floor), dsp) };
  if (!random.chance(dsp.secondBid)) return [first];
  const seat = seats.find((other) => other !== first.seat) ?? first.seat;
  return [first, { seat, price: priceOf(Math.max(value * random.uniform(0.5, 1), floor), dsp) }];
}

/** Seat ids are made unique among DSPs by the DSP's own id. */
function admittedSeats(dsp: SimulatedDsp, request: BidRequest): string[] {
  const seats = dsp.seats.map((name) => `${dsp.id}-${name}`);
  const allowed = request.wseat ?? [];
  const blocked = request.bseat ?? [];
  if (allowed.length === 0 && blocked.length === 0) return seats;
  return seats.filter((seat) => (allowed.length === 0 || allowed.includes(seat)) && !blocked.includes(seat));
}

/** A party to a deal pays its floor at least; with `at: 3` the floor is the agreed price. */
function dealCpm(deal: Deal, value: number, dsp: SimulatedDsp): number {
  const floor = floorIn(dsp.price.currency, deal.bidfloor, deal.bidfloorcur);
  return deal.at === 3 && floor > 0 ? floor : Math.max(value, floor);
}

/** 0 when there is no floor or it is in another currency: the simulated DSPs know no exchange rates and leave that to the auction. */
function floorIn(currency: string, floor = 0, floorCurrency = 'USD'): number {
  return floorCurrency === currency ? floor : 0;
}

/**
 * What it bids for a click or a conversion is its own guess of their number: by the exchange's, the bid may be worth less
 * than a floor. Four decimals, rounded up so that a price at a floor stays there; never 0.
 */
function priceOf(cpm: number, { price: { pricing, actionsPerMille } }: SimulatedDsp): number {
  const value = pricing === 'cpm' ? cpm : cpm / actionsPerMille;
  return Math.max(1, Math.ceil(value * 10_000 - 1e-6)) / 10_000;
}
