import { readAuctionLog } from './auction-log.ts';

/** What a log of auctions adds up to. */
export interface LogTotals {
  readonly auctions: number;
  readonly clicks: number;
  /** Sum of the market prices. */
  readonly cost: number;
  /** Sum of the predicted CTRs, in the order of the log: averages must round as those that were published. */
  readonly ctrSum: number;
  /** Auctions at each price; a price that none had may be missing. */
  readonly priceCounts: readonly number[];
  /** Auctions of an episode as the log's header has them, if it has one. */
  readonly episodeAuctions?: number;
}

/** Prices are tallied up to here; above, no table of values would fit. */
const PRICE_MAX = 1_000_000;

/** Reads a whole log. Throws an AuctionLogError. */
export async function totalsOf(path: string): Promise<LogTotals> {
  let [auctions, clicks, cost, ctrSum] = [0, 0, 0, 0];
  let episodeAuctions: number | undefined;
  const priceCounts: number[] = [];
  await readAuctionLog(path, {
    header: (header) => {
      episodeAuctions = header.episodeAuctions;
    },
    auction: ({ isClicked, price, ctr }) => {
      auctions++;
      if (isClicked) clicks++;
      cost += price;
      ctrSum += ctr;
      const bin = Math.min(price, PRICE_MAX);
      while (priceCounts.length <= bin) priceCounts.push(0);
      priceCounts[bin]!++;
    },
  });
  return { auctions, clicks, cost, ctrSum, priceCounts, ...(episodeAuctions !== undefined && { episodeAuctions }) };
}

/** The published histograms have a bin for each price up to here, whatever the highest bid is. */
const PUBLISHED_PRICE_MAX = 300;

/**
 * Probability that the market price is 0, 1, ... `priceMax`. Each count is one higher than seen (Laplace), so that no
 * price is impossible; prices above `priceMax` count in the whole, since auctions at them are lost.
 */
export function priceChances(priceCounts: readonly number[], priceMax: number): Float64Array {
  const bins = Math.max(priceMax, PUBLISHED_PRICE_MAX) + 1;
  const seen = priceCounts.reduce((sum, count) => sum + count, 0);
  return Float64Array.from({ length: priceMax + 1 }, (_, price) => ((priceCounts[price] ?? 0) + 1) / (seen + bins));
}
