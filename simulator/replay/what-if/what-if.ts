/**
 * Recorded auctions decided once more under another configuration, by the product's own functions: the same requests, and those of the same
 * bids that would have been there. What a log cannot know is counted (`counterfactual-limits.ts`).
 */
import type { Config } from '../../../config/types.ts';
import { clearAuction } from '../../../engine/auction/clear.ts';
import type { AuctionInput, AuctionOutcome } from '../../../engine/auction/types.ts';
import type { AuctionEvent } from '../../../engine/exchange/auction-event.ts';
import { type AuctionTerms, UnpriceableRequest } from '../../../engine/exchange/auction-terms.ts';
import { clearBids } from '../../../engine/exchange/decision.ts';
import type { RecordedEvents } from '../../../engine/ports/recorded-events.ts';
import { rateBetween } from '../../../openrtb/currency.ts';
import { type ReadingTally, type RecordedAuction, RecordedAuctions, type ReplayWindow } from '../recorded-auctions.ts';
import { BidChanges, type ChangedBids } from './changed-bids.ts';
import { ChangedTerms } from './changed-terms.ts';
import {
  type CompiledConfig,
  type ConfigChange,
  compileConfig,
  isChanged,
  unappliedSettings,
} from './config-change.ts';
import { type Limit, limitsOf } from './counterfactual-limits.ts';
import { RelearnedReserves } from './relearned-reserves.ts';
import { type ComparedFigures, type GroupFigures, SalesFigures } from './sales-figures.ts';

export interface WhatIfOptions {
  readonly events: RecordedEvents;
  readonly window: ReplayWindow;
  readonly change: ConfigChange;
  /** What engines do when nobody says anything: settings that differ from it are named where nobody knows what was recorded under. */
  readonly defaults: Config;
  /** After each auction: how many have been read. */
  readonly onAuction?: (auctions: number) => void;
}

/** Plain JSON. */
export interface WhatIfReport {
  readonly read: ReadingTally;
  /** Auctions that are not compared, by why: how they ended, `test`, `unpriceable`, or `undecidable` when clearing throws. */
  readonly notCompared: Readonly<Record<string, number>>;
  /** Money below is in it. */
  readonly currency: string;
  readonly figures: ComparedFigures;
  /** Auctions in which somebody else wins something, or nobody any more. */
  readonly otherWinners: number;
  /** Auctions with the same winners at other prices. */
  readonly otherPrices: number;
  /** Bids that would not have been there, by DSP. */
  readonly bidsLeftOut: Readonly<Record<string, number>>;
  readonly bidsLate: Readonly<Record<string, number>>;
  readonly byDsp: Readonly<Record<string, GroupFigures>>;
  readonly byPublisher: Readonly<Record<string, GroupFigures>>;
  /** By how many of the compared auctions each applies to. */
  readonly limits: Readonly<Partial<Record<Limit, number>>>;
  /** Settings that differ and that no replay of decisions can apply. */
  readonly unapplied: readonly string[];
}

/** Streams: holds one auction at a time, and what reserves learn. Rejects when the events cannot be read at all. */
export async function runWhatIf(options: WhatIfOptions): Promise<WhatIfReport> {
  const auctions = new RecordedAuctions(options.events, options.window);
  const whatIf = new WhatIf(options.change);
  for await (const recorded of auctions.read()) {
    whatIf.add(recorded);
    options.onAuction?.(auctions.tally.auctions);
  }
  return {
    read: auctions.tally,
    ...whatIf.result(),
    unapplied: unappliedSettings(options.change, options.defaults),
  };
}

interface Decided {
  readonly input: AuctionInput;
  readonly outcome: AuctionOutcome;
}

class WhatIf {
  readonly #change: ConfigChange;
  readonly #changed: CompiledConfig;
  readonly #terms: ChangedTerms;
  readonly #bids: BidChanges;
  readonly #hasOtherRates: boolean;
  readonly #isAboutMechanism: boolean;
  /** Null: reserves stay as they were recorded. */
  readonly #reserves: RelearnedReserves | null;
  readonly #figures = new SalesFigures();
  readonly #notCompared: Record<string, number> = {};
  readonly #limits: Partial<Record<Limit, number>> = {};
  readonly #leftOut: Record<string, number> = {};
  readonly #late: Record<string, number> = {};
  #otherWinners = 0;
  #otherPrices = 0;

  constructor(change: ConfigChange) {
    const changed = compileConfig(change.changed);
    this.#change = change;
    this.#changed = changed;
    this.#terms = new ChangedTerms(change, change.recorded === null ? null : compileConfig(change.recorded), changed);
    this.#bids = new BidChanges(change, changed);
    this.#hasOtherRates = isChanged(change, ({ currencies }) => currencies);
    this.#isAboutMechanism =
      change.mechanism === null &&
      isChanged(change, ({ auction, placements }) => [auction.secondPriceMechanism, placements]);
    this.#reserves = isChanged(change, ({ learnedReserve }) => learnedReserve)
      ? new RelearnedReserves(change.changed, changed.exchange)
      : null;
  }

  add(recorded: RecordedAuction): void {
    const why = this.#compareAgain(recorded);
    if (why !== null) this.#notCompared[why] = (this.#notCompared[why] ?? 0) + 1;
  }

  result(): Omit<WhatIfReport, 'read' | 'unapplied'> {
    return {
      notCompared: this.#notCompared,
      currency: this.#changed.exchange.currency,
      figures: this.#figures.figures(),
      otherWinners: this.#otherWinners,
      otherPrices: this.#otherPrices,
      bidsLeftOut: this.#leftOut,
      bidsLate: this.#late,
      byDsp: this.#figures.byDsp(),
      byPublisher: this.#figures.byPublisher(),
      limits: this.#limits,
    };
  }

  /** Null, or why it could not be. */
  #compareAgain({ event, source }: RecordedAuction): string | null {
    const { input, outcome, ending, isTest, atMs } = event;
    if (isTest) return 'test';
    if ((ending !== 'won' && ending !== 'no-bid') || input === null || outcome === null) return ending;
    const rate = this.#rateOf(input);
    if (rate === null) return 'unpriceable';
    try {
      const terms = this.#terms.of(event, input, this.#reserves?.at(source, atMs) ?? null);
      const bids = this.#bids.of(event, input);
      const after = this.#decide(terms, input, bids);
      this.#reserves?.observe(source, atMs, after.input, after.outcome);
      this.#compare(event, { input, outcome }, after, bids, { before: rate, after: this.#rateOf(after.input) ?? rate });
      return null;
    } catch (error) {
      // Anything else: its record is damaged, and verifying says how.
      return error instanceof UnpriceableRequest ? 'unpriceable' : 'undecidable';
    }
  }

  #rateOf({ currency }: AuctionInput): number | null {
    const { currencies, currency: own } = this.#changed.exchange;
    return rateBetween(currencies, currency, own);
  }

  #decide(terms: AuctionTerms, recorded: AuctionInput, { bids }: ChangedBids): Decided {
    if (this.#hasOtherRates || terms.currency !== recorded.currency) {
      return clearBids(terms, { bids, collected: [] }, this.#changed.decision);
    }
    const input = { ...terms, conversionRates: recorded.conversionRates, bids };
    return { input, outcome: clearAuction(input) };
  }

  #compare(
    event: AuctionEvent,
    before: Decided,
    after: Decided,
    bids: ChangedBids,
    rate: { readonly before: number; readonly after: number },
  ): void {
    this.#figures.add(event.features.publisherId, { ...before, rate: rate.before }, { ...after, rate: rate.after });
    const winners = winnersOf(before.outcome, null);
    const hasOtherWinners = winners !== winnersOf(after.outcome, bids.recordedIndex);
    const hasOtherPrices = !hasOtherWinners && pricesOf(before.outcome) !== pricesOf(after.outcome);
    if (hasOtherWinners) this.#otherWinners += 1;
    if (hasOtherPrices) this.#otherPrices += 1;
    for (const { dspId } of bids.leftOut) this.#leftOut[dspId] = (this.#leftOut[dspId] ?? 0) + 1;
    for (const { dspId } of bids.late) this.#late[dspId] = (this.#late[dspId] ?? 0) + 1;
    const limits = limitsOf({
      event,
      recorded: before,
      now: after,
      bids,
      hasOtherResult: hasOtherWinners || hasOtherPrices,
      waitsLonger: this.#bids.waitsLonger(event),
      isRelearned: this.#reserves !== null && this.#change.changed.learnedReserve.estimator !== 'off',
      isAboutMechanism: this.#isAboutMechanism,
    });
    for (const limit of limits) this.#limits[limit] = (this.#limits[limit] ?? 0) + 1;
  }
}

/** Who has won what, by the recorded index of the bid. */
function winnersOf({ wins }: AuctionOutcome, recordedIndex: readonly number[] | null): string {
  return wins
    .map(({ impId, position, bidIndex }) => `${impId} ${position} ${recordedIndex?.[bidIndex] ?? bidIndex}`)
    .join('\n');
}

function pricesOf({ wins }: AuctionOutcome): string {
  return wins.map(({ clearingUnitMicros }) => clearingUnitMicros).join();
}
