/** One bid on its way through the auction: what is worked out about it, step by step. Lives for one `clearAuction` call. */
import type { ImpRules } from './eligibility/request-rules.ts';
import type { BidGroup } from './group.ts';
import type { VerdictReason } from './reasons.ts';
import type { AuctionDeal, BidCandidate, MediaType } from './types.ts';

/** A lower class ranks first, whatever the eCPM. `deal`: where deals go first. */
export const RANK_CLASS = { guaranteed: 0, deal: 1, open: 2 } as const;
export type RankClass = (typeof RANK_CLASS)[keyof typeof RANK_CLASS];

export class Contender {
  readonly bid: BidCandidate;
  /** Why it did not win; null while it may. */
  reason: VerdictReason | null = null;
  status: 'won' | 'lost' | 'refused' = 'lost';
  /** Path in the bid of what decided against it. */
  field = '';

  // Set by eligibility; null and 0 mean "not reached" for refused bids only.
  impRules: ImpRules | null = null;
  deal: AuctionDeal | null = null;
  media: MediaType | null = null;
  /** Auction currency per one of the bid's currency. */
  rate = 1;
  /** The bid in its own unit (`PricingModel`), auction currency. */
  unitMicros = 0;
  /** Ranking eCPM that one micro of `unitMicros` brings: 1 for CPM, else `revenuePerUnit` x quality. */
  ecpmPerUnit = 1;
  /** Expected revenue per mille that one micro of `unitMicros` brings: 1 for CPM, CTR x 1000 for CPC, CTR x CVR x 1000 for CPA. */
  revenuePerUnit = 1;
  ecpmMicros = 0;
  reserveCpmMicros = 0;
  /** The reserve in the bid's own unit, rounded up, not above `unitMicros`. */
  reserveUnitMicros = 0;

  // Set by ranking.
  rankClass: RankClass = RANK_CLASS.open;
  /** -1: not needed so far. */
  tieHash = -1;

  /** Its all-or-nothing group when that has other members; null = independent. */
  group: BidGroup | null = null;

  // Set by clearing, for winners.
  position = 0;
  clearingUnitMicros = 0;
  runnerUpEcpmMicros: number | null = null;
  // For winners and losers, in the bid's own currency and unit.
  minimumToWinMicros: number | null = null;

  constructor(bid: BidCandidate) {
    this.bid = bid;
  }

  /** Takes the bid out of the auction. Returns false so that a rule can `return contender.refuse(…)`. */
  refuse(reason: VerdictReason, field: string): false {
    this.reason = reason;
    this.status = 'refused';
    this.field = field;
    return false;
  }

  lose(reason: VerdictReason): void {
    this.reason = reason;
    this.status = 'lost';
  }
}
