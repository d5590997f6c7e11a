/** The terms of a recorded auction under another configuration, by the product's own `auctionTerms`. */
import type { AuctionImp, AuctionInput, AuctionPolicy } from '../../../engine/auction/types.ts';
import type { AuctionEvent } from '../../../engine/exchange/auction-event.ts';
import { type AuctionTerms, auctionTerms, type LearnedReserves } from '../../../engine/exchange/auction-terms.ts';
import { rateBetween } from '../../../openrtb/currency.ts';
import { rebuiltRequest, termsOf } from '../rebuilt-request.ts';
import type { CompiledConfig, ConfigChange } from './config-change.ts';
import { isChanged } from './config-change.ts';

export class ChangedTerms {
  readonly #change: ConfigChange;
  readonly #recorded: CompiledConfig | null;
  readonly #changed: CompiledConfig;
  /** Amounts of the recorded terms mean something else now. */
  readonly #isOtherMoney: boolean;

  constructor(change: ConfigChange, recorded: CompiledConfig | null, changed: CompiledConfig) {
    this.#change = change;
    this.#recorded = recorded;
    this.#changed = changed;
    this.#isOtherMoney = isChanged(change, ({ exchange, currencies }) => [exchange.currency, currencies]);
  }

  /**
   * `relearned`: what reserves are by now, in micros of the exchange currency; null: those that were recorded. Throws an
   * `UnpriceableRequest` when no currency that the publisher takes can be converted into any more.
   */
  of(event: AuctionEvent, input: AuctionInput, relearned: LearnedReserves | null): AuctionTerms {
    const { requestId, isTest, features } = event;
    const recorded = termsOf(input);
    const request = rebuiltRequest({ requestId, isTest, features, terms: recorded });
    const reserves = relearned ?? this.#recordedReserves(recorded);
    const after = auctionTerms(recorded.auctionId, request, features, this.#changed.exchange, reserves);
    const before = this.#recorded;
    const merged =
      before === null || this.#isOtherMoney
        ? after
        : merge(recorded, auctionTerms(recorded.auctionId, request, features, before.exchange, reserves), after, {
            isRelearned: relearned !== null,
          });
    const { mechanism } = this.#change;
    return mechanism === null ? merged : { ...merged, mechanism };
  }

  /** In the exchange currency, as `auctionTerms` asks for them. */
  #recordedReserves({ imps, currency }: AuctionTerms): LearnedReserves {
    const { currencies, currency: own } = this.#changed.exchange;
    const rate = rateBetween(currencies, currency, own) ?? 0;
    return (reserveKey) =>
      Math.round((imps.find((imp) => imp.reserveKey === reserveKey)?.learnedFloorCpmMicros ?? 0) * rate);
  }
}

/** What both configurations make alike stays as it was recorded, whatever made it so. */
function merge(
  recorded: AuctionTerms,
  before: AuctionTerms,
  after: AuctionTerms,
  { isRelearned }: { readonly isRelearned: boolean },
): AuctionTerms {
  return {
    ...recorded,
    mechanism: before.mechanism === after.mechanism ? recorded.mechanism : after.mechanism,
    dspBlocks: isSame(before.dspBlocks, after.dspBlocks) ? recorded.dspBlocks : after.dspBlocks,
    policy: mergedPolicy(recorded.policy, before.policy, after.policy),
    imps: recorded.imps.map((imp, index) => mergedImp(imp, before.imps[index]!, after.imps[index]!, isRelearned)),
  };
}

function mergedPolicy(recorded: AuctionPolicy, before: AuctionPolicy, after: AuctionPolicy): AuctionPolicy {
  const merged: Record<string, unknown> = { ...recorded };
  for (const key of Object.keys(after) as (keyof AuctionPolicy)[]) {
    if (before[key] !== after[key]) merged[key] = after[key];
  }
  return merged as unknown as AuctionPolicy;
}

function mergedImp(recorded: AuctionImp, before: AuctionImp, after: AuctionImp, isRelearned: boolean): AuctionImp {
  return {
    ...recorded,
    slotWeights: isSame(before.slotWeights, after.slotWeights) ? recorded.slotWeights : after.slotWeights,
    ruleFloorCpmMicros:
      before.ruleFloorCpmMicros === after.ruleFloorCpmMicros ? recorded.ruleFloorCpmMicros : after.ruleFloorCpmMicros,
    learnedFloorCpmMicros: isRelearned ? after.learnedFloorCpmMicros : recorded.learnedFloorCpmMicros,
  };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
