/** Outcomes in events of version 1: there a win said what a click costs, and of CPC bids only. */
import type { AuctionOutcome, Win } from '../auction/types.ts';

export interface OutcomeV1 extends Omit<AuctionOutcome, 'wins'> {
  readonly wins: readonly WinV1[];
}

interface WinV1 extends Omit<Win, 'clearingUnitMicros'> {
  readonly clearingClickMicros: number | null;
}

/** As today's. */
export function outcomeOfV1(outcome: OutcomeV1): AuctionOutcome {
  return { ...outcome, wins: outcome.wins.map(winOfV1) };
}

function winOfV1({ clearingClickMicros, ...win }: WinV1): Win {
  return { ...win, clearingUnitMicros: clearingClickMicros ?? win.clearingCpmMicros };
}
