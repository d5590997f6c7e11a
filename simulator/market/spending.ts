/**
 * A DSP's daily budget: what it has spent, what its open bids may cost yet, and how much of the traffic it takes part in so
 * that the money lasts for the day. An open bid counts in full until its notice comes or its time is over, so that the
 * budget holds however many bids are won at once; what is won counts as spent.
 */
export interface OpenBid {
  readonly exchange: string;
  readonly valueFen: number;
  readonly bidFen: number;
  /** Until then it may be billed. */
  readonly untilMs: number;
  /** Whether its ad was clicked, once it is known. */
  isClicked: boolean;
  /** It is spent, whether a bill comes or not. */
  isWon: boolean;
}

export interface SpendingOptions {
  /** Fen per mille times impressions; Infinity: no budget. */
  readonly dailyBudgetFen: number;
  /** Share of a day's traffic that is over by the end of each local hour, ascending to 1. */
  readonly dayProgress: readonly number[];
  /** Local wall clock at 0 ms, as if it were UTC. */
  readonly localStartMs: number;
}

/** With a budget no more bids are made; without one the oldest is forgotten, and with it what its notices would teach. */
const OPEN_BIDS_MAX = 20_000;
const CONTROL_EVERY_MS = 60_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** How fast the rate follows: of a step down, and up. */
const SLOWER = 0.9;
const FASTER = 1.08;
const RATE_MIN = 0.01;

export class Spending {
  readonly #options: SpendingOptions;
  /** In order of time, since all are open equally long. */
  readonly #open = new Map<string, OpenBid>();
  #committedFen = 0;
  #spentFen = 0;
  #day = Number.NaN;
  #nextControlMs = 0;
  #rate = 1;

  constructor(options: SpendingOptions) {
    this.#options = options;
  }

  /** Of today. */
  get spentFen(): number {
    return this.#spentFen;
  }

  /** Share of the traffic to take part in, 0..1. */
  rateAt(atMs: number): number {
    const { dailyBudgetFen } = this.#options;
    if (dailyBudgetFen === Number.POSITIVE_INFINITY) return 1;
    this.#turnDay(atMs);
    if (atMs >= this.#nextControlMs) {
      this.#nextControlMs = atMs + CONTROL_EVERY_MS;
      const isAhead = this.#spentFen > this.plannedFen(atMs);
      this.#rate = Math.min(1, Math.max(RATE_MIN, this.#rate * (isAhead ? SLOWER : FASTER)));
    }
    return this.#rate;
  }

  /** What should be spent by now. */
  plannedFen(atMs: number): number {
    const { dailyBudgetFen, dayProgress, localStartMs } = this.#options;
    const hours = ((atMs + localStartMs) % DAY_MS) / HOUR_MS;
    const hour = Math.floor(hours);
    const before = hour === 0 ? 0 : dayProgress[hour - 1]!;
    return dailyBudgetFen * (before + (hours - hour) * (dayProgress[hour]! - before));
  }

  /** What may be bid now. */
  leftFen(atMs: number): number {
    this.#expire(atMs);
    this.#turnDay(atMs);
    if (this.#open.size >= OPEN_BIDS_MAX) {
      if (this.#options.dailyBudgetFen !== Number.POSITIVE_INFINITY) return 0;
      for (const [oldest] of this.#open) {
        this.#close(oldest);
        break;
      }
    }
    return this.#options.dailyBudgetFen - this.#spentFen - this.#committedFen;
  }

  /** Who is asked the same twice answers the same: the later bid is in place of the earlier one. */
  opened(bidId: string, bid: OpenBid): void {
    this.#close(bidId);
    this.#open.set(bidId, bid);
    this.#committedFen += bid.bidFen;
  }

  /** Undefined: it is not open (any more). */
  openBid(bidId: string): OpenBid | undefined {
    return this.#open.get(bidId);
  }

  lost(bidId: string): void {
    this.#close(bidId);
  }

  /** Spent from here on: a bill that does not come is money that may have been owed. */
  won(bidId: string, priceFen: number): void {
    const bid = this.#open.get(bidId);
    if (bid === undefined || bid.isWon) return;
    bid.isWon = true;
    this.#committedFen -= bid.bidFen;
    this.#spentFen += priceFen;
  }

  /** Whoever is billed has won. A bid that is not open is none of ours, or was billed before. */
  billed(bidId: string, priceFen: number): void {
    this.won(bidId, priceFen);
    this.#close(bidId);
  }

  #close(bidId: string): void {
    const bid = this.#open.get(bidId);
    if (bid === undefined) return;
    this.#open.delete(bidId);
    if (!bid.isWon) this.#committedFen -= bid.bidFen;
  }

  #expire(atMs: number): void {
    for (const [bidId, { untilMs }] of this.#open) {
      if (untilMs > atMs) return;
      this.#close(bidId);
    }
  }

  #turnDay(atMs: number): void {
    const day = Math.floor((atMs + this.#options.localStartMs) / DAY_MS);
    if (day === this.#day) return;
    this.#day = day;
    this.#spentFen = 0;
  }
}
