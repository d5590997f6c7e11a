/**
 * What a replay cannot know, counted: a log has the bids of those that were asked, as they bid under the rules that they were told.
 */
import type { AuctionInput, AuctionOutcome } from '../../../engine/auction/types.ts';
import type { AuctionEvent } from '../../../engine/exchange/auction-event.ts';
import type { ChangedBids } from './changed-bids.ts';

/** Code to what it means for the figures. */
export const LIMITS = {
  'not-called':
    'a DSP was not called (skipped by breaker, throttle, shaping, or for want of a connection): what it would have bid is unknown',
  'not-waited-for':
    'a call was given up, or the auction closed before all had replied: what would have come is unknown',
  'longer-wait':
    'somebody would be waited for longer now: bids that were never waited for cannot be brought back, only earlier deadlines are exact',
  'would-react':
    'the result is another one: bidders learn from prices and losses, and would bid otherwise from then on',
  'other-auction-type': 'bidders were told another auction type than the one that is charged here',
  'kept-auction-type':
    'it was sold in first price, as the publisher or a placement said: it stays so, since a publisher who says so is obeyed',
  'other-agreement': 'a DSP bid under another meaning of its prices, or another quality, than the one applied here',
  'house-budget':
    'other bids of our own win: what the campaign had left, its pace and its frequency caps would be others from then on',
  'house-refused': 'a bid of our own had been refused by its budget or a frequency cap, and stays refused',
  'unfetched-markup': 'a new winner has no markup in its bid, and nobody has fetched it: it is taken for good',
  'relearned-reserve':
    'its learned reserve was learned anew from this log, from its first auction on, with nothing from before',
} as const;

export type Limit = keyof typeof LIMITS;

export interface LimitedAuction {
  readonly event: AuctionEvent;
  readonly recorded: { readonly input: AuctionInput; readonly outcome: AuctionOutcome };
  readonly now: { readonly input: AuctionInput; readonly outcome: AuctionOutcome };
  readonly bids: ChangedBids;
  readonly hasOtherResult: boolean;
  readonly waitsLonger: boolean;
  readonly isRelearned: boolean;
  /** The change is about how winners are charged. */
  readonly isAboutMechanism: boolean;
}

const UNCALLED: ReadonlySet<string> = new Set(['skipped', 'not-sent']);
const REFUSED_HOUSE: ReadonlySet<string> = new Set(['budget-refused', 'frequency-capped']);
const HOUSE = 'house';

/** Those that one auction is subject to. */
export function limitsOf(auction: LimitedAuction): readonly Limit[] {
  const { event, recorded, now, bids } = auction;
  const applies: Readonly<Record<Limit, boolean>> = {
    'not-called': event.dsps.some(({ result }) => UNCALLED.has(result)),
    'not-waited-for': event.closing !== 'all-replied' || event.dsps.some(({ result }) => result === 'timeout'),
    'longer-wait': auction.waitsLonger,
    'would-react': auction.hasOtherResult,
    'other-auction-type': recorded.input.mechanism !== now.input.mechanism,
    'kept-auction-type':
      auction.isAboutMechanism && recorded.input.mechanism === 'first_price' && now.input.mechanism === 'first_price',
    'other-agreement': hasOtherAgreement(recorded.input, bids),
    'house-budget': houseWins(recorded) !== houseWins(now),
    'house-refused': recorded.input.bids.some(({ withheld }) => withheld !== null && REFUSED_HOUSE.has(withheld)),
    'unfetched-markup': hasUnfetchedWinner(auction),
    'relearned-reserve': auction.isRelearned,
  };
  return (Object.keys(LIMITS) as Limit[]).filter((limit) => applies[limit]);
}

function hasOtherAgreement({ bids: recorded }: AuctionInput, { bids, recordedIndex }: ChangedBids): boolean {
  return bids.some(({ pricing, quality }, index) => {
    const before = recorded[recordedIndex[index]!]!;
    return before.pricing !== pricing || before.quality !== quality;
  });
}

/** Who of our own wins what, and for how much. */
function houseWins({ input, outcome }: LimitedAuction['now']): string {
  return outcome.wins
    .filter(({ bidIndex }) => input.bids[bidIndex]!.dspId === HOUSE)
    .map((win) => `${win.impId} ${win.position} ${input.bids[win.bidIndex]!.bidId} ${win.clearingUnitMicros}`)
    .join();
}

function hasUnfetchedWinner({ recorded, now, bids }: LimitedAuction): boolean {
  return now.outcome.wins.some(
    ({ bidIndex }) =>
      !now.input.bids[bidIndex]!.hasMarkup &&
      !recorded.outcome.wins.some((win) => win.bidIndex === bids.recordedIndex[bidIndex]),
  );
}
