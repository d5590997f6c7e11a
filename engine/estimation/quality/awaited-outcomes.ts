/**
 * Impressions that were won with a click estimate, kept until it is known what became of them. An outcome counts once per
 * (auction, imp, type). At the end of its attribution window each impression that was seen is settled, clicked or not:
 * never before, or clicks, which come at once, would be counted ahead of what was not clicked.
 *
 * Overflow policy `refuse-newest`: what is awaited already gets its whole window, so what is left is a fair sample.
 */
export const OUTCOME_TYPES = ['impression', 'click', 'conversion'] as const;
export type OutcomeType = (typeof OUTCOME_TYPES)[number];

/** What a publisher's ad server, a log pipeline or a tracking URL says of an impression. */
export interface Outcome {
  /** `BidResponse.bidid` of the answer. */
  readonly auctionId: string;
  readonly impId: string;
  readonly type: OutcomeType;
  /** Epoch ms; null: as it is reported. */
  readonly atMs: number | null;
}

/**
 * What came of a report. `unknown`: no estimate is awaited for it, because there was none, its window is over, or another
 * process has it. `out-of-window`: it says it happened outside the window.
 */
export const OUTCOME_RESULTS = ['counted', 'duplicate', 'out-of-window', 'unknown'] as const;
export type OutcomeResult = (typeof OUTCOME_RESULTS)[number];
export type OutcomeCounts = Readonly<Record<OutcomeResult, number>>;

export interface Estimated {
  /** Of the model, or what stood in for it (`fallback`, `prior`). */
  readonly version: string;
  /** Within (0, 1). */
  readonly estimate: number;
}

export interface AwaitedImpression extends Estimated {
  readonly auctionId: string;
  readonly impId: string;
  /** Arrival of its request, epoch ms. */
  readonly atMs: number;
  /** What a candidate model says of the same ad; null: it was not asked. */
  shadow: Estimated | null;
}

export interface AwaitedOutcomesOptions {
  /** From the auction to the end of waiting, ms. */
  readonly windowMs: number;
  readonly impressionsMax: number;
  /** An impression that was seen, at the end of its window. */
  readonly onSettled: (impression: AwaitedImpression, isClicked: boolean) => void;
}

interface Entry {
  readonly impression: AwaitedImpression;
  readonly key: string;
  /** Monotonic ms. */
  readonly endsAtMs: number;
  /** Bit `n`: outcome type `n` has been reported. */
  reported: number;
}

/** By how much clocks of those who report may differ from ours. */
const SKEW_MS_MAX = 5000;
/** A burst that ends at once, as after an idle hour, must not hold up the loop: 1,000 take about a millisecond. */
const SETTLED_AT_ONCE_MAX = 1000;
const CLICK = 1 << OUTCOME_TYPES.indexOf('click');

export class AwaitedOutcomes {
  readonly #options: AwaitedOutcomesOptions;
  readonly #byKey = new Map<string, Entry>();
  /** Ring in order of arrival, which is that of their ends; grows to the most that were awaited at a time. */
  #order: (Entry | undefined)[] = new Array(64);
  #first = 0;

  constructor(options: AwaitedOutcomesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** False: there are too many already, and nobody will ask about this one. `nowMs` is monotonic, as everywhere here. */
  add(impression: AwaitedImpression, nowMs: number): boolean {
    this.settle(nowMs);
    const size = this.#byKey.size;
    if (size >= this.#options.impressionsMax) return false;
    if (size === this.#order.length) this.#grow();
    const key = keyOf(impression);
    const entry = { impression, key, endsAtMs: nowMs + this.#options.windowMs, reported: 0 };
    this.#order[(this.#first + size) % this.#order.length] = entry;
    this.#byKey.set(key, entry);
    return true;
  }

  report(outcome: Outcome, nowMs: number): OutcomeResult {
    const entry = this.#byKey.get(keyOf(outcome));
    if (entry === undefined || entry.endsAtMs <= nowMs) return 'unknown';
    if (outcome.atMs !== null && !this.#isWithin(outcome.atMs, entry.impression.atMs)) return 'out-of-window';
    const bit = 1 << OUTCOME_TYPES.indexOf(outcome.type);
    if ((entry.reported & bit) !== 0) return 'duplicate';
    entry.reported |= bit;
    return 'counted';
  }

  /** What has come to its end. What nobody has reported anything of was not seen, and says nothing of its estimate. */
  settle(nowMs: number): void {
    for (let settled = 0; settled < SETTLED_AT_ONCE_MAX && this.#byKey.size > 0; settled++) {
      const entry = this.#order[this.#first]!;
      if (entry.endsAtMs > nowMs) return;
      this.#order[this.#first] = undefined;
      this.#first = (this.#first + 1) % this.#order.length;
      this.#byKey.delete(entry.key);
      if (entry.reported !== 0) this.#options.onSettled(entry.impression, (entry.reported & CLICK) !== 0);
    }
  }

  #isWithin(atMs: number, wonAtMs: number): boolean {
    return atMs >= wonAtMs - SKEW_MS_MAX && atMs <= wonAtMs + this.#options.windowMs + SKEW_MS_MAX;
  }

  #grow(): void {
    const { length } = this.#order;
    const grown: (Entry | undefined)[] = new Array(length * 2);
    for (let index = 0; index < length; index++) grown[index] = this.#order[(this.#first + index) % length];
    this.#order = grown;
    this.#first = 0;
  }
}

/** The length keeps apart what a reporter may have cut in another place. */
function keyOf({ auctionId, impId }: { readonly auctionId: string; readonly impId: string }): string {
  return `${auctionId.length} ${auctionId}${impId}`;
}
