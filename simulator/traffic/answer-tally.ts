/** What the answers of a run add up to. */
export interface AnswerTally {
  /** By HTTP status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Answers with at least one bid. */
  readonly filled: number;
  /** Bids in the answers, by currency. */
  readonly impressions: Readonly<Record<string, number>>;
  /** By currency: a bid of N CPM-micros brings N nanos of its currency. */
  readonly revenueNanos: Readonly<Record<string, number>>;
  /** Answers of status 200 that are not a bid response. */
  readonly unreadable: number;
}

/** Adds up answers; reads what it needs of them and trusts nothing. */
export class AnswerCounter {
  readonly #statuses: Record<string, number> = {};
  readonly #impressions: Record<string, number> = {};
  readonly #revenueNanos: Record<string, number> = {};
  #filled = 0;
  #unreadable = 0;

  add(status: number, body: string): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    if (status !== 200) return;
    const answer = readAnswer(body);
    if (answer === null) {
      this.#unreadable++;
      return;
    }
    if (answer.prices.length === 0) return;
    this.#filled++;
    const { currency, prices } = answer;
    // A CPM has a thousand impressions and a unit a billion nanos: the factor is a million.
    const nanos = prices.reduce((sum, price) => sum + Math.round(price * 1_000_000), 0);
    this.#impressions[currency] = (this.#impressions[currency] ?? 0) + prices.length;
    this.#revenueNanos[currency] = (this.#revenueNanos[currency] ?? 0) + nanos;
  }

  tally(): AnswerTally {
    return {
      statuses: { ...this.#statuses },
      filled: this.#filled,
      impressions: { ...this.#impressions },
      revenueNanos: { ...this.#revenueNanos },
      unreadable: this.#unreadable,
    };
  }
}

interface Answer {
  readonly currency: string;
  readonly prices: readonly number[];
}

/** Null when the body is not a bid response. */
function readAnswer(body: string): Answer | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { cur = 'USD', seatbid = [] } = value as { cur?: unknown; seatbid?: unknown };
  if (typeof cur !== 'string' || !Array.isArray(seatbid)) return null;
  const bids: unknown[] = seatbid.flatMap((seat) => seat?.bid ?? []);
  const prices = bids.map((bid) => (bid as { price?: unknown } | null)?.price);
  return prices.every((price) => typeof price === 'number') ? { currency: cur, prices } : null;
}
