/** What auctions have sold, for whom and by whom, before and after. */
import type { AuctionInput, AuctionOutcome } from '../../../engine/auction/types.ts';
import type { Interval } from './paired-moments.ts';
import { PairedMoments } from './paired-moments.ts';

/** Plain JSON. Money is of the exchange currency: a win is worth what an impression is expected to bring at its clearing price. */
export interface SideFigures {
  readonly impressions: number;
  /** Auctions that sold at least one. */
  readonly filled: number;
  readonly revenueNanos: number;
  /** Revenue per mille impressions, micros; null: none was sold. */
  readonly meanCpmMicros: number | null;
}

export interface ComparedFigures {
  readonly auctions: number;
  readonly before: SideFigures;
  readonly after: SideFigures;
  /** After less before, with 95% confidence intervals over auctions as independent pairs. */
  readonly difference: {
    /** Per auction. */
    readonly revenueNanos: Interval;
    /** Share of auctions that sell something. */
    readonly fill: Interval;
    /** Null: one of the two sells nothing. */
    readonly meanCpmMicros: Interval | null;
  };
}

export interface GroupFigures {
  readonly before: { readonly impressions: number; readonly revenueNanos: number };
  readonly after: { readonly impressions: number; readonly revenueNanos: number };
}

/** Of an auction; `rate`: units of the exchange currency per unit of its own. */
export interface PricedOutcome {
  readonly input: AuctionInput;
  readonly outcome: AuctionOutcome;
  readonly rate: number;
}

const COLUMNS = { revenueBefore: 0, soldBefore: 1, filledBefore: 2, revenueAfter: 3, soldAfter: 4, filledAfter: 5 };
const { revenueBefore, soldBefore, filledBefore, revenueAfter, soldAfter, filledAfter } = COLUMNS;
/** Publishers name themselves: those that come when there are so many go under `OTHERS`. */
const GROUPS_MAX = 10_000;
const OTHERS = '(others)';

export class SalesFigures {
  readonly #moments = new PairedMoments(Object.keys(COLUMNS).length);
  readonly #byDsp = new Map<string, MutableGroup>();
  readonly #byPublisher = new Map<string, MutableGroup>();

  add(publisherId: string, before: PricedOutcome, after: PricedOutcome): void {
    const [revenueThen, revenueNow] = [
      this.#count('before', publisherId, before),
      this.#count('after', publisherId, after),
    ];
    const [soldThen, soldNow] = [before.outcome.wins.length, after.outcome.wins.length];
    this.#moments.add([revenueThen, soldThen, Math.min(1, soldThen), revenueNow, soldNow, Math.min(1, soldNow)]);
  }

  figures(): ComparedFigures {
    const moments = this.#moments;
    return {
      auctions: moments.count,
      before: this.#side(revenueBefore, soldBefore, filledBefore),
      after: this.#side(revenueAfter, soldAfter, filledAfter),
      difference: {
        revenueNanos: moments.difference(revenueAfter, revenueBefore),
        fill: moments.difference(filledAfter, filledBefore),
        // Nanos an impression are micros per mille.
        meanCpmMicros: moments.ratioDifference([revenueAfter, soldAfter], [revenueBefore, soldBefore]),
      },
    };
  }

  byDsp(): Readonly<Record<string, GroupFigures>> {
    return figuresOf(this.#byDsp);
  }

  byPublisher(): Readonly<Record<string, GroupFigures>> {
    return figuresOf(this.#byPublisher);
  }

  #side(revenue: number, sold: number, filled: number): SideFigures {
    const { count } = this.#moments;
    const [revenueNanos, impressions] = [this.#moments.mean(revenue) * count, this.#moments.mean(sold) * count];
    return {
      impressions: Math.round(impressions),
      filled: Math.round(this.#moments.mean(filled) * count),
      revenueNanos: Math.round(revenueNanos),
      meanCpmMicros: impressions === 0 ? null : revenueNanos / impressions,
    };
  }

  #count(side: keyof MutableGroup, publisherId: string, { input, outcome, rate }: PricedOutcome): number {
    let total = 0;
    for (const { bidIndex, clearingCpmMicros } of outcome.wins) {
      const revenueNanos = clearingCpmMicros * rate;
      total += revenueNanos;
      count(groupOf(this.#byDsp, input.bids[bidIndex]!.dspId)[side], revenueNanos);
      count(groupOf(this.#byPublisher, publisherId)[side], revenueNanos);
    }
    return total;
  }
}

interface MutableGroup {
  readonly before: { impressions: number; revenueNanos: number };
  readonly after: { impressions: number; revenueNanos: number };
}

function groupOf(groups: Map<string, MutableGroup>, name: string): MutableGroup {
  const key = groups.has(name) || groups.size < GROUPS_MAX ? name : OTHERS;
  let group = groups.get(key);
  if (group === undefined) {
    group = { before: { impressions: 0, revenueNanos: 0 }, after: { impressions: 0, revenueNanos: 0 } };
    groups.set(key, group);
  }
  return group;
}

function count(side: MutableGroup['before'], revenueNanos: number): void {
  side.impressions += 1;
  side.revenueNanos += revenueNanos;
}

function figuresOf(groups: ReadonlyMap<string, MutableGroup>): Record<string, GroupFigures> {
  const rounded = ({ impressions, revenueNanos }: MutableGroup['before']) => ({
    impressions,
    revenueNanos: Math.round(revenueNanos),
  });
  return Object.fromEntries(
    [...groups].map(([name, { before, after }]) => [name, { before: rounded(before), after: rounded(after) }]),
  );
}
