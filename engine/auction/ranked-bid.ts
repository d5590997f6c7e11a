/** What a pricing rule may know of a bid. Ranked arrays hold them best first: `ecpmMicros` descending. */
import { roundUpMicros } from './micros.ts';

export interface RankedBid {
  /** The bid in its own unit: micros per mille (CPM), click (CPC) or conversion (CPA). */
  readonly unitMicros: number;
  /** Ranking eCPM that one micro of `unitMicros` brings: 1 for CPM, CTR x quality x 1000 for CPC, times CVR for CPA. */
  readonly ecpmPerUnit: number;
  /** `unitMicros` x `ecpmPerUnit`, rounded down. */
  readonly ecpmMicros: number;
  /** Least price in the bid's own unit; at most `unitMicros`. */
  readonly reserveUnitMicros: number;
}

/** The price in the bid's own unit at which it ties an eCPM, rounded up: a micro less would rank below. */
export function unitPriceToTie(bid: RankedBid, ecpmMicros: number): number {
  return bid.ecpmPerUnit === 1 ? ecpmMicros : roundUpMicros(ecpmMicros / bid.ecpmPerUnit);
}
