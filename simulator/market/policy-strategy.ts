/**
 * A published bidding policy (simulator/bidding) as a DSP of a market. It prices its own estimate of the click probability, and
 * takes its budget in episodes of so many auctions.
 */
import type { BiddingPolicy } from '../bidding/bidding-policy.ts';
import { constant } from '../bidding/policies/constant.ts';
import { blindValueBidder, valueBidder } from '../bidding/policies/dynamic-programme.ts';
import { EcpcControl } from '../bidding/policies/ecpc-control.ts';
import { linear } from '../bidding/policies/linear.ts';
import { ortb } from '../bidding/policies/ortb.ts';
import { sam2 } from '../bidding/policies/sam2.ts';
import { truthful } from '../bidding/policies/truthful.ts';
import { ValueTable } from '../bidding/policies/value-table.ts';
import type { BiddingStrategy, BidNews, BidQuestion } from './bidding-strategy.ts';
import type { PriceTable } from './price-table.ts';

export const POLICIES = ['const', 'truthful', 'linear', 'ortb', 'sam2', 'rlb', 'ss_mdp', 'ecpc'] as const;
export type PolicyName = (typeof POLICIES)[number];

/** Prices are fen per mille, a click's worth and cost fen per mille of clicks, as in the published data. */
export interface PolicyOptions {
  readonly policy: PolicyName;
  /** For an impression of average click rate; of `const` for every one. */
  readonly bidAtAverage: number;
  /** Of `ortb` and `sam2`: the price at which every second auction is won. */
  readonly curvature: number;
  /** What a click is worth; absent: so much that an average impression is worth the average price. */
  readonly clickValue?: number;
  /** Auctions that a budget is planned for; of `ecpc`, auctions of a round. */
  readonly episodeAuctions: number;
  /** Of what all auctions of an episode would cost; of `rlb` and `ss_mdp`. */
  readonly budgetShare: number;
}

/** What the bidder knows of its market beforehand. */
export interface PolicyMarket {
  readonly clickRateAverage: number;
  readonly pricesFen: PriceTable;
}

const BID_MAX_FEN = 300;
/** As published (docs/bidding.md). */
const ECPC_GAINS = { proportional: 0.0005, integral: 0.000001, derivative: 0.0001 } as const;
const PHI_MAX = 5;
const PHI_MIN = -2;

export function clickValueOf({ clickValue }: PolicyOptions, market: PolicyMarket): number {
  return clickValue ?? market.pricesFen.meanFen / market.clickRateAverage;
}

export class PolicyStrategy implements BiddingStrategy {
  readonly needsClickRate = true;
  readonly #policy: BiddingPolicy;
  readonly #episodeAuctions: number;
  readonly #episodeBudgetFen: number;
  #auctions = 0;
  #spentFen = 0;

  constructor(options: PolicyOptions, market: PolicyMarket) {
    this.#episodeAuctions = options.episodeAuctions;
    this.#episodeBudgetFen = Math.floor(options.episodeAuctions * options.budgetShare * market.pricesFen.meanFen);
    this.#policy = policyOf(options, market, this.#episodeBudgetFen);
  }

  bidFen({ clickRate }: BidQuestion): number {
    if (this.#auctions === this.#episodeAuctions) {
      this.#auctions = 0;
      this.#spentFen = 0;
    }
    const auctionsLeft = this.#episodeAuctions - this.#auctions;
    this.#auctions += 1;
    const budgetLeft = Math.max(0, this.#episodeBudgetFen - this.#spentFen);
    return this.#policy.bid({ ctr: clickRate, budgetLeft, auctionsLeft });
  }

  onWin(): void {}

  onLoss(_news: BidNews): void {
    this.#policy.learn?.({ isWon: false, price: 0, isClicked: false });
  }

  onBill(priceFen: number, isClicked: boolean): void {
    this.#spentFen += priceFen;
    this.#policy.learn?.({ isWon: true, price: priceFen, isClicked });
  }
}

function policyOf(options: PolicyOptions, market: PolicyMarket, budget: number): BiddingPolicy {
  const { policy, bidAtAverage, curvature, episodeAuctions } = options;
  const ctrAverage = market.clickRateAverage;
  switch (policy) {
    case 'const':
      return constant(bidAtAverage);
    case 'truthful':
      return truthful(clickValueOf(options, market));
    case 'linear':
      return linear({ bidAtAverage, ctrAverage });
    case 'ortb':
      return ortb({ bidAtAverage, ctrAverage, curvature });
    case 'sam2':
      return sam2({ clickValue: clickValueOf(options, market), multiplier: 1, curvature });
    case 'rlb':
      return valueBidder(valueTable(market, episodeAuctions, budget));
    case 'ss_mdp':
      return blindValueBidder(valueTable(market, episodeAuctions, budget));
    case 'ecpc':
      return new EcpcControl({
        ecpcReference: clickValueOf(options, market),
        auctionsPerRound: episodeAuctions,
        bidAtAverage,
        ctrAverage,
        bidMin: 5,
        firstBid: bidAtAverage,
        gains: ECPC_GAINS,
        phiMin: PHI_MIN,
        phiMax: PHI_MAX,
      });
  }
}

function valueTable({ pricesFen, clickRateAverage }: PolicyMarket, auctions: number, budget: number): ValueTable {
  const priceChances = Float64Array.from(
    { length: BID_MAX_FEN + 1 },
    (_, price) => pricesFen.shareUpTo(price) - pricesFen.shareUpTo(price - 1),
  );
  return new ValueTable({ auctions, budget, bidMax: BID_MAX_FEN, priceChances, ctrAverage: clickRateAverage });
}
