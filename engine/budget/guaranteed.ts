/**
 * Guaranteed line items: N impressions sold, exactly N delivered.
 *
 * The stop is exact by construction: each impression is a unit of a quota lease (`BudgetUnit` `impressions`), reserved
 * before it is served. Being on time is pacing: a `CampaignPacer` whose unit is the impression, steered by `pidPacing`, gives
 * the chance to take an eligible impression; what other items took away shows as a lower yield and raises the chance, as
 * in "High Water Mark" (Bharadwaj, Chen, Ma, Nagarajan, Tomlin, Vassilvitskii, Vee, Yang: "SHALE: An Efficient Algorithm for
 * Allocation of Guaranteed Display Advertising", KDD 2012), where the scarce go first, too.
 */
import type { Random } from '../ports/random.ts';
import type { PacingBoard } from './pacing/pacing-board.ts';

/**
 * Which of the guaranteed items that a request matches takes its impression: of those that draw it, the one whose rest is
 * the largest part of its remaining supply. Null: none does, the impression is for the auction.
 *
 * `slots`: of the board. `urgency`: by slot, `CampaignPacer.urgency`. One draw per item, always.
 */
export function takeGuaranteed(
  slots: readonly number[],
  board: PacingBoard,
  urgency: Float64Array,
  random: Random,
): number | null {
  let taker: number | null = null;
  for (const slot of slots) {
    if (board.takesPart(slot, random()) && (taker === null || urgency[slot]! > urgency[taker]!)) taker = slot;
  }
  return taker;
}

export interface GuaranteedDelivery {
  readonly lineItemId: string;
  readonly goalImpressions: number;
  /** Billed so far. */
  readonly deliveredImpressions: number;
  /** Until the end of the flight, all processes: what `CampaignPacer.forecast` says; 0 when it has ended. */
  readonly forecastImpressions: number;
}

/** What an item will owe its buyer, for the make-good report. */
export interface MakeGood {
  readonly lineItemId: string;
  readonly goalImpressions: number;
  readonly deliveredImpressions: number;
  /** Expected at the end, whole impressions. */
  readonly expectedImpressions: number;
  /** To be made good: goal minus expected. */
  readonly shortfallImpressions: number;
}

/** Of the items that supply does not allow to deliver, the largest shortfall first. */
export function makeGoods(deliveries: readonly GuaranteedDelivery[]): MakeGood[] {
  return deliveries
    .map(makeGoodOf)
    .filter(({ shortfallImpressions }) => shortfallImpressions > 0)
    .sort((a, b) => b.shortfallImpressions - a.shortfallImpressions);
}

function makeGoodOf(delivery: GuaranteedDelivery): MakeGood {
  const { lineItemId, goalImpressions, deliveredImpressions, forecastImpressions } = delivery;
  const expectedImpressions = Math.min(goalImpressions, Math.floor(deliveredImpressions + forecastImpressions));
  const shortfallImpressions = goalImpressions - expectedImpressions;
  return { lineItemId, goalImpressions, deliveredImpressions, expectedImpressions, shortfallImpressions };
}
