/**
 * Whether anybody could notice that the model was away: fill, revenue and calibration of auctions that were decided with
 * the fallback, beside those decided with the model. Sums only, over two rolling windows counted in auctions, so that the
 * figures of the model are still there at the end of a long outage. Auctions that needed no estimate are none of either.
 */
export interface DecidedAuction {
  /** Any of its estimates came from the fallback. */
  readonly isFallback: boolean;
  readonly isFilled: boolean;
  readonly revenueMicros: number;
}

export interface PeriodFigures {
  readonly auctions: number;
  /** Null before the first auction. */
  readonly fillRate: number | null;
  readonly revenueMicrosPerAuction: number | null;
  /** Predicted by actual clicks; null while there were none. */
  readonly calibrationRatio: number | null;
}

export interface FallbackShift {
  readonly model: PeriodFigures;
  readonly fallback: PeriodFigures;
  /** Of the latest auctions, those decided with the fallback; null before the first. */
  readonly fallbackShare: number | null;
  /** Fallback's by model's, minus 1; null while one of them has no figure. */
  readonly fillShift: number | null;
  readonly revenueShift: number | null;
  readonly calibrationShift: number | null;
}

export class FallbackMonitor {
  readonly #model: Period;
  readonly #fallback: Period;
  readonly #decay: number;
  #weight = 0;
  #fallbacks = 0;

  /** `memory`: auctions, and outcomes, after which an old one counts for 1/e. */
  constructor(memory: number) {
    this.#model = new Period(memory);
    this.#fallback = new Period(memory);
    this.#decay = 1 - 1 / memory;
  }

  auctionDecided({ isFallback, isFilled, revenueMicros }: DecidedAuction): void {
    this.#weight = this.#weight * this.#decay + 1;
    this.#fallbacks = this.#fallbacks * this.#decay + Number(isFallback);
    (isFallback ? this.#fallback : this.#model).decided(isFilled, revenueMicros);
  }

  /** Of an impression that was won with this estimate. */
  outcomeKnown(isFallback: boolean, estimate: number, isClick: boolean): void {
    (isFallback ? this.#fallback : this.#model).observed(estimate, isClick);
  }

  shift(): FallbackShift {
    const model = this.#model.figures();
    const fallback = this.#fallback.figures();
    return {
      model,
      fallback,
      fallbackShare: this.#weight === 0 ? null : this.#fallbacks / this.#weight,
      fillShift: shiftOf(model.fillRate, fallback.fillRate),
      revenueShift: shiftOf(model.revenueMicrosPerAuction, fallback.revenueMicrosPerAuction),
      calibrationShift: shiftOf(model.calibrationRatio, fallback.calibrationRatio),
    };
  }
}

/** Exponentially weighted sums. */
class Period {
  readonly #decay: number;
  #auctions = 0;
  #weight = 0;
  #filled = 0;
  #revenueMicros = 0;
  #predicted = 0;
  #clicks = 0;

  constructor(memory: number) {
    this.#decay = 1 - 1 / memory;
  }

  decided(isFilled: boolean, revenueMicros: number): void {
    this.#auctions += 1;
    this.#weight = this.#weight * this.#decay + 1;
    this.#filled = this.#filled * this.#decay + Number(isFilled);
    this.#revenueMicros = this.#revenueMicros * this.#decay + revenueMicros;
  }

  observed(estimate: number, isClick: boolean): void {
    this.#predicted = this.#predicted * this.#decay + estimate;
    this.#clicks = this.#clicks * this.#decay + Number(isClick);
  }

  figures(): PeriodFigures {
    const isEmpty = this.#auctions === 0;
    return {
      auctions: this.#auctions,
      fillRate: isEmpty ? null : this.#filled / this.#weight,
      revenueMicrosPerAuction: isEmpty ? null : this.#revenueMicros / this.#weight,
      calibrationRatio: this.#clicks === 0 ? null : this.#predicted / this.#clicks,
    };
  }
}

function shiftOf(model: number | null, fallback: number | null): number | null {
  if (model === null || fallback === null) return null;
  const shift = fallback / model - 1;
  return Number.isFinite(shift) ? shift : null;
}
