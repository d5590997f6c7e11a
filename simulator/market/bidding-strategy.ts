/** How a DSP of a market prices an impression. */
import { BidShading } from './bid-shading.ts';

/** What is asked about; prices are fen per mille. */
export interface BidQuestion {
  /** What the impression is worth to it. */
  readonly valueFen: number;
  /** Its estimate of the probability of a click; NaN for those who do not need it. */
  readonly clickRate: number;
  readonly exchange: string;
  /** Winners pay their bids; else what the next best would have paid. */
  readonly isFirstPrice: boolean;
}

/** What a DSP hears of its bid. */
export interface BidNews {
  readonly exchange: string;
  readonly valueFen: number;
  readonly bidFen: number;
  /** Least price that would have won; null: the exchange does not tell. */
  readonly minimumToWinFen: number | null;
}

export interface BiddingStrategy {
  /** Click rates are estimated for those who do. */
  readonly needsClickRate: boolean;
  /** 0: no bid. */
  bidFen(question: BidQuestion): number;
  onWin(news: BidNews): void;
  /** To a better bid, or to a floor. */
  onLoss(news: BidNews): void;
  onBill(priceFen: number, isClicked: boolean): void;
}

/** The value itself where winners pay the next best price; where they pay their bids, the share of it that gains most. */
export class ValueStrategy implements BiddingStrategy {
  readonly needsClickRate = false;
  readonly #shadings = new Map<string, BidShading>();

  bidFen({ valueFen, exchange, isFirstPrice }: BidQuestion): number {
    return isFirstPrice ? valueFen * this.shadingOn(exchange).share : valueFen;
  }

  onWin(news: BidNews): void {
    this.#learn(news, true);
  }

  onLoss(news: BidNews): void {
    this.#learn(news, false);
  }

  onBill(): void {}

  /** Competition differs by exchange. */
  shadingOn(exchange: string): BidShading {
    let shading = this.#shadings.get(exchange);
    if (shading === undefined) {
      shading = new BidShading();
      this.#shadings.set(exchange, shading);
    }
    return shading;
  }

  #learn({ exchange, valueFen, bidFen, minimumToWinFen }: BidNews, won: boolean): void {
    this.shadingOn(exchange).learn({ value: valueFen, bid: bidFen, won, minimumToWin: minimumToWinFen });
  }
}
