/** The bids of a recorded auction under another configuration: those that would have been there, and what they would be worth. */
import type { Config } from '../../../config/types.ts';
import { likelyMedia } from '../../../engine/auction/likely-media.ts';
import type { AuctionInput, BidCandidate } from '../../../engine/auction/types.ts';
import type { AuctionEvent } from '../../../engine/exchange/auction-event.ts';
import { answerBudgetMs } from '../../../engine/traffic/deadline.ts';
import { type CompiledConfig, type ConfigChange, dspTimeoutMs, isChanged } from './config-change.ts';

export interface ChangedBids {
  /** Numbered anew. */
  readonly bids: readonly BidCandidate[];
  /** Of each of them its index among the recorded ones. */
  readonly recordedIndex: readonly number[];
  readonly leftOut: readonly BidCandidate[];
  readonly late: readonly BidCandidate[];
}

const HOUSE = 'house';

export class BidChanges {
  readonly #change: ConfigChange;
  readonly #changed: CompiledConfig;
  readonly #hasNoHouse: boolean;
  readonly #hasOtherPriors: boolean;
  readonly #hasOtherDeadlines: boolean;
  readonly #forgetsClicks: boolean;
  readonly #forgetsConversions: boolean;
  /** By DSP: they are few, and asked for each bid. */
  readonly #byDsp = new Map<string, DspChange>();

  constructor(change: ConfigChange, changed: CompiledConfig) {
    const { estimation, campaigns } = change.changed;
    this.#change = change;
    this.#changed = changed;
    this.#hasNoHouse = !campaigns.enabled && isChanged(change, (config) => config.campaigns.enabled);
    this.#hasOtherPriors = isChanged(change, (config) => [
      config.estimation.clickPriors,
      config.estimation.conversionPriors,
    ]);
    this.#hasOtherDeadlines = isChanged(change, deadlinesOf);
    this.#forgetsClicks =
      estimation.model.source === 'none' && isChanged(change, (config) => config.estimation.model.source);
    this.#forgetsConversions =
      estimation.conversionModel.source === 'none' &&
      isChanged(change, (config) => config.estimation.conversionModel.source);
  }

  of(event: AuctionEvent, input: AuctionInput): ChangedBids {
    const lateDsps = this.#lateDsps(event);
    const [bids, recordedIndex, leftOut, late]: [BidCandidate[], number[], BidCandidate[], BidCandidate[]] = [
      [],
      [],
      [],
      [],
    ];
    for (const bid of input.bids) {
      if (this.#isLeftOut(bid.dspId)) leftOut.push(bid);
      else if (lateDsps.has(bid.dspId)) late.push(bid);
      else {
        recordedIndex.push(bid.index);
        bids.push(this.#changedBid(bid, bids.length));
      }
    }
    return { bids, recordedIndex, leftOut, late };
  }

  /** Whether somebody would be waited for longer than when it was recorded. */
  waitsLonger({ dsps, timings }: AuctionEvent): boolean {
    const [before, after] = this.#collectingMs(timings.deadlineAtMs);
    return dsps.some(({ dspId, result }) => {
      if (result !== 'timeout') return false;
      const { timeoutBeforeMs, timeoutMs } = this.#dspChange(dspId);
      return after > before || (timeoutMs !== null && timeoutBeforeMs !== null && timeoutMs > timeoutBeforeMs);
    });
  }

  #isLeftOut(dspId: string): boolean {
    return dspId === HOUSE ? this.#hasNoHouse : this.#dspChange(dspId).isLeftOut;
  }

  /** Whose bids came later than they would be waited for. */
  #lateDsps({ dsps, timings }: AuctionEvent): ReadonlySet<string> {
    const late = new Set<string>();
    const [before, after] = this.#collectingMs(timings.deadlineAtMs);
    for (const { dspId, result, latencyMs } of dsps) {
      if (result !== 'bid') continue;
      const { timeoutMs } = this.#dspChange(dspId);
      const isTooSlow = timeoutMs !== null && latencyMs > timeoutMs;
      // Where the deadline is as it was, who came just in time did so.
      if (isTooSlow || (after < before && timings.solicitedAtMs + latencyMs > after)) late.add(dspId);
    }
    return late;
  }

  /** Until when replies were, and would be, collected: ms since the arrival of a request that had to be answered by then. */
  #collectingMs(deadlineAtMs: number): readonly [before: number, after: number] {
    const { recorded, changed } = this.#change;
    const rules = (recorded ?? changed).auction;
    const before = deadlineAtMs - rules.decisionReserveMs;
    if (!this.#hasOtherDeadlines) return [before, before];
    const tmaxMs = deadlineAtMs + rules.networkAllowanceMs;
    // Whoever was given the default has not named one.
    const isDefault = recorded !== null && Math.abs(tmaxMs - rules.tmaxDefaultMs) < TMAX_TOLERANCE_MS;
    return [
      before,
      answerBudgetMs(isDefault ? undefined : tmaxMs, changed.auction) - changed.auction.decisionReserveMs,
    ];
  }

  #changedBid(bid: BidCandidate, index: number): BidCandidate {
    const { terms } = this.#dspChange(bid.dspId);
    const media = likelyMedia(bid.declaredMedia, bid.sniffedMedia);
    const { clicks, conversions } = this.#changed.decision.priors;
    const isClickPrior = this.#forgetsClicks || (this.#hasOtherPriors && bid.ctrSource === 'prior');
    const isConversionPrior = this.#forgetsConversions || (this.#hasOtherPriors && bid.cvrSource === 'prior');
    return {
      ...bid,
      index,
      ...(isClickPrior && { ctr: clicks[media], ctrSource: 'prior', ctrModel: null }),
      ...(isConversionPrior && { cvr: conversions[media], cvrSource: 'prior', cvrModel: null }),
      ...terms,
    };
  }

  #dspChange(dspId: string): DspChange {
    let change = this.#byDsp.get(dspId);
    if (change === undefined) {
      change = this.#newDspChange(dspId);
      this.#byDsp.set(dspId, change);
    }
    return change;
  }

  #newDspChange(dspId: string): DspChange {
    const { recorded, changed, without } = this.#change;
    const ofDsp = ({ dsps }: Config) => dsps.find(({ id }) => id === dspId);
    const wasThere = recorded === null || ofDsp(recorded) !== undefined;
    const hasOtherTimeout = isChanged(this.#change, (config) => dspTimeoutMs(config, dspId));
    const agreement = ({ pricing, quality }: { pricing: BidCandidate['pricing']; quality: number }) => ({
      pricing,
      quality,
    });
    const known = ofDsp(changed);
    const hasOtherTerms = isChanged(this.#change, (config) => {
      const dsp = ofDsp(config);
      return dsp === undefined ? null : agreement(dsp);
    });
    return {
      isLeftOut: without.has(dspId) || (wasThere && known === undefined),
      timeoutMs: hasOtherTimeout ? dspTimeoutMs(changed, dspId) : null,
      timeoutBeforeMs: recorded === null ? null : dspTimeoutMs(recorded, dspId),
      terms: known !== undefined && hasOtherTerms ? agreement(known) : {},
    };
  }
}

interface DspChange {
  readonly isLeftOut: boolean;
  /** Null: as it was. */
  readonly timeoutMs: number | null;
  /** Null: nobody knows. */
  readonly timeoutBeforeMs: number | null;
  readonly terms: Partial<Pick<BidCandidate, 'pricing' | 'quality'>>;
}

/** Times of events are in microseconds. */
const TMAX_TOLERANCE_MS = 0.01;

function deadlinesOf({ auction }: Config): readonly number[] {
  const { tmaxDefaultMs, tmaxMaxMs, networkAllowanceMs, decisionReserveMs } = auction;
  return [tmaxDefaultMs, tmaxMaxMs, networkAllowanceMs, decisionReserveMs];
}
