/**
 * Why a DSP's bids are rejected, coarse enough for a series per DSP and group: related loss codes of OpenRTB share a
 * group. The exact reasons are counted for all DSPs together, and stand bid by bid in the event log.
 */
import { LossReason } from '../../openrtb/codes.ts';

const GROUPS: ReadonlyMap<number, string> = new Map([
  [LossReason.InternalError, 'internal-error'],
  [LossReason.OpportunityExpired, 'expired'],
  [LossReason.InvalidBidResponse, 'invalid'],
  [LossReason.InvalidAuctionId, 'invalid'],
  [LossReason.MissingPrice, 'invalid'],
  [LossReason.InvalidDealId, 'deal'],
  [LossReason.CreativeFilteredNotAllowedInDeal, 'deal'],
  [LossReason.MissingMarkup, 'missing-markup'],
  [LossReason.MissingCreativeId, 'missing-creative-data'],
  [LossReason.MissingCreativeApprovalData, 'missing-creative-data'],
  [LossReason.BelowAuctionFloor, 'floor'],
  [LossReason.BelowDealFloor, 'floor'],
  [LossReason.LostToHigherBid, 'incomplete-group'],
  [LossReason.SeatBlocked, 'seat'],
  [LossReason.CreativeFilteredSize, 'size'],
  [LossReason.CreativeFiltered, 'format'],
  [LossReason.CreativeFilteredFormat, 'format'],
  [LossReason.CreativeFilteredAdvertiser, 'advertiser'],
  [LossReason.CreativeFilteredAppBundle, 'advertiser'],
  [LossReason.CreativeFilteredNotSecure, 'insecure'],
  [LossReason.CreativeFilteredLanguage, 'language'],
  [LossReason.CreativeFilteredCategory, 'category'],
  [LossReason.CreativeFilteredAttribute, 'attribute'],
  [LossReason.CreativeFilteredAdType, 'attribute'],
]);

const UNGROUPED = 'ungrouped';

/** Closed: every group fits among the series of a DSP, `ungrouped` included. */
export const REJECTION_GROUPS_MAX = new Set(GROUPS.values()).size + 1;

/** Group of an OpenRTB loss code; `ungrouped` for codes that no rejection has today. */
export function rejectionGroup(lossReason: number): string {
  return GROUPS.get(lossReason) ?? UNGROUPED;
}
