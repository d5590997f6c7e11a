import type { BiddingPolicy, BidOpportunity, BidOutcome } from '../bidding-policy.ts';
import { linear } from './linear.ts';

export interface EcpcControlOptions {
  /** Cost per click to hold, in units of price. */
  readonly ecpcReference: number;
  readonly auctionsPerRound: number;
  /** Before control, for an impression of average CTR. */
  readonly bidAtAverage: number;
  readonly ctrAverage: number;
  readonly bidMin: number;
  /** Of the first round, whose outcome tells where to start. */
  readonly firstBid: number;
  readonly gains: { readonly proportional: number; readonly integral: number; readonly derivative: number };
  /** Bounds of the control signal, the logarithm of what bids are multiplied by. */
  readonly phiMin: number;
  readonly phiMax: number;
  readonly onRound?: (round: EcpcRound) => void;
}

/** What a round has come to; clicks and cost since the beginning. */
export interface EcpcRound {
  readonly round: number;
  /** Cost by click, as the controller counts it: one click more than there were, so that it always exists. */
  readonly ecpc: number;
  readonly phi: number;
  readonly clicks: number;
  readonly wins: number;
  readonly cost: number;
}

/**
 * Linear bids times e^phi, where a PID controller moves phi from round to round so that clicks cost what they should
 * (Zhang et al., WSDM 2016).
 */
export class EcpcControl implements BiddingPolicy {
  readonly #options: EcpcControlOptions;
  readonly #uncontrolled: BiddingPolicy;
  #round = 0;
  #auctions = 0;
  #phi = 0;
  #errorSum = 0;
  #ecpc: number | null = null;
  #clicks = 0;
  #wins = 0;
  #cost = 0;

  constructor(options: EcpcControlOptions) {
    this.#options = options;
    this.#uncontrolled = linear(options);
  }

  bid(opportunity: BidOpportunity): number {
    if (this.#round === 0) return this.#options.firstBid;
    return Math.max(this.#options.bidMin, this.#uncontrolled.bid(opportunity) * Math.exp(this.#phi));
  }

  learn({ isWon, price, isClicked }: BidOutcome): void {
    if (isWon) this.#wins++;
    if (isClicked) this.#clicks++;
    this.#cost += price;
    this.#auctions++;
    if (this.#auctions === this.#options.auctionsPerRound) this.#endRound();
  }

  #endRound(): void {
    const { ecpcReference, gains, phiMin, phiMax, onRound } = this.#options;
    const before = this.#ecpc;
    const ecpc = this.#cost / (this.#clicks + 1);
    onRound?.({
      round: this.#round,
      ecpc,
      phi: this.#phi,
      clicks: this.#clicks,
      wins: this.#wins,
      cost: this.#cost,
    });
    const error = ecpcReference - ecpc;
    this.#errorSum += error;
    let phi = gains.proportional * error + gains.integral * this.#errorSum;
    // Minus the change of the eCPC is the change of the error.
    if (before !== null) phi += gains.derivative * (before - ecpc);
    this.#phi = Math.min(phiMax, Math.max(phiMin, phi));
    this.#ecpc = ecpc;
    this.#round++;
    this.#auctions = 0;
  }
}
