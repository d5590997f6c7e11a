/**
 * What each DSP's bids contributed to an auction's revenue. In a second-price auction that is not the price paid: the
 * winner matters by winning and the runner-up by setting the price; remove either and the revenue falls from the second
 * bid to the third. Everybody else contributes nothing, until the ones above are skipped too.
 *
 * So the contribution is an expectation: what the revenue would lose without this DSP when every other bidder is absent
 * with a probability q (a weighted Banzhaf value). q = 0 is the bare marginal revenue, under which two equal bidders are
 * each worth nothing and both would be skipped. With bids b1 >= b2 >= … >= bn above the floor f (= b(n+1)) the revenue of
 * a set is a sum over steps: step k, worth bk - b(k+1), is earned when at least two of the first k bidders are there, so
 *
 *   contribution of i = f q^(n-1) + sum over k >= max(i, 2) of (bk - b(k+1)) (k-1) (1-q) q^(k-2)       second price
 *   contribution of i = sum over k >= i of (bk - b(k+1)) q^(k-1),  b(n+1) = 0                          first price
 *
 * This is an approximation: one slot per imp, VCG and positions as second price, one floor per imp, no deal order.
 */
import type { AuctionRanking, ImpRanking } from '../waiting/auction-ranking.ts';

/** How likely any other bidder is to be absent, for instance because it is skipped itself. */
const ABSENCE = 0.3;

/** CPM micros by DSP, over all imps; a DSP without an eligible bid is absent. */
export function contributions(ranking: AuctionRanking): Map<string, number> {
  const byDsp = new Map<string, number>();
  for (const imp of ranking.imps) {
    if (ranking.isFirstPrice) addFirstPrice(imp, byDsp);
    else addSecondPrice(imp, byDsp);
  }
  return byDsp;
}

function addSecondPrice({ dspIds, ecpmMicros, floorMicros }: ImpRanking, byDsp: Map<string, number>): void {
  const count = dspIds.length;
  let value = floorMicros * ABSENCE ** (count - 1);
  for (let k = count; k >= 1; k--) {
    const step = ecpmMicros[k - 1]! - (k < count ? ecpmMicros[k]! : Math.min(floorMicros, ecpmMicros[k - 1]!));
    if (k >= 2) value += step * (k - 1) * (1 - ABSENCE) * ABSENCE ** (k - 2);
    add(byDsp, dspIds[k - 1]!, value);
  }
}

function addFirstPrice({ dspIds, ecpmMicros }: ImpRanking, byDsp: Map<string, number>): void {
  let value = 0;
  for (let k = dspIds.length; k >= 1; k--) {
    value += (ecpmMicros[k - 1]! - (ecpmMicros[k] ?? 0)) * ABSENCE ** (k - 1);
    add(byDsp, dspIds[k - 1]!, value);
  }
}

function add(byDsp: Map<string, number>, dspId: string, micros: number): void {
  byDsp.set(dspId, (byDsp.get(dspId) ?? 0) + micros);
}

/** Revenue of the ranking, CPM micros. */
export function revenueOf(ranking: AuctionRanking): number {
  return revenueAbove(ranking, NO_EXPECTATIONS, 0);
}

const NO_EXPECTATIONS: ReadonlyMap<string, number> = new Map();

/**
 * Revenue of the ranking if only the DSPs had been called whose expected value, by DSP id, is at least `thresholdMicros`.
 * CPM micros.
 */
export function revenueAbove(
  ranking: AuctionRanking,
  expectedMicros: ReadonlyMap<string, number>,
  thresholdMicros: number,
): number {
  let revenue = 0;
  for (const imp of ranking.imps) revenue += impRevenue(imp, ranking.isFirstPrice, expectedMicros, thresholdMicros);
  return revenue;
}

function impRevenue(
  { dspIds, ecpmMicros, floorMicros }: ImpRanking,
  isFirstPrice: boolean,
  expectedMicros: ReadonlyMap<string, number>,
  thresholdMicros: number,
): number {
  let best = -1;
  for (let i = 0; i < dspIds.length; i++) {
    if (expectedMicros.get(dspIds[i]!)! < thresholdMicros) continue;
    if (isFirstPrice) return ecpmMicros[i]!;
    if (best >= 0) return Math.min(ecpmMicros[best]!, Math.max(floorMicros, ecpmMicros[i]!));
    best = i;
  }
  return best < 0 ? 0 : Math.min(floorMicros, ecpmMicros[best]!);
}
