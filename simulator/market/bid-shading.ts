/**
 * How far below its value to bid where the winner pays what it bid. Notices tell what would have been enough; the bid is the
 * share of the value that has gained most by what was enough lately: (1 - share) x how often it would have won. So it falls
 * while cheaper bids win as well, and rises when they begin to lose.
 */
export class BidShading {
  /** How often a share of the value (upper edge of the step) would have been just enough; the last one: more than the value. */
  readonly #enough = new Float64Array(STEPS + 1);
  #observations = 0;
  #share = SHARE_AT_FIRST;

  /** Of the value, 0..1. */
  get share(): number {
    return this.#share;
  }

  /** An auction was won, or lost to a better bid. `minimumToWin` is null when the notice does not tell. */
  learn({ value, bid, won, minimumToWin }: AuctionLesson): void {
    if (!(value > 0)) return;
    const enough = minimumToWin ?? bid * (won ? 1 - GUESS : 1 + GUESS);
    const step = Math.min(STEPS, Math.max(0, Math.ceil((enough / value) * STEPS) - 1));
    this.#enough[step]! += 1;
    this.#observations += 1;
    if (this.#observations % FORGET_EVERY === 0) this.#forget();
    if (this.#observations >= LEARNED_MIN && this.#observations % CHOOSE_EVERY === 0) this.#choose();
  }

  #forget(): void {
    for (let step = 0; step <= STEPS; step++) this.#enough[step]! *= 0.5;
  }

  #choose(): void {
    let wins = 0;
    let best = 0;
    for (let step = 0; step < STEPS; step++) {
      wins += this.#enough[step]!;
      const share = (step + 1) / STEPS;
      const gain = (1 - share) * wins;
      if (gain > best) {
        best = gain;
        this.#share = share;
      }
    }
  }
}

export interface AuctionLesson {
  readonly value: number;
  readonly bid: number;
  readonly won: boolean;
  /** Least price that would have won; null: unknown. */
  readonly minimumToWin: number | null;
}

const STEPS = 40;
const SHARE_AT_FIRST = 0.85;
/** Without a price in the notice: a winner could have bid a tenth less, a loser a tenth more. */
const GUESS = 0.1;
const LEARNED_MIN = 20;
const CHOOSE_EVERY = 10;
const FORGET_EVERY = 500;
