/** Which ledger account bounds what: a campaign's money, a guaranteed line item's impressions. */
import type { Advertiser, Campaign, LineItem } from './campaign.ts';

/** Of all that is booked. No slash, so no line item's account is a campaign's. */
export const BOOKING_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function campaignAccountId(campaignId: string): string {
  return campaignId;
}

/** Of a guaranteed one. */
export function lineItemAccountId({ campaignId, id }: Pick<LineItem, 'campaignId' | 'id'>): string {
  return `${campaignId}/${id}`;
}

/** What pays for the line item's impressions. */
export function accountIdOf(lineItem: LineItem): string {
  return lineItem.goalImpressions === null ? campaignAccountId(lineItem.campaignId) : lineItemAccountId(lineItem);
}

/** Whether money of the campaign may be leased, its dates aside. */
export function campaignStanding(
  { status }: Pick<Campaign, 'status'>,
  { isPaused }: Pick<Advertiser, 'isPaused'>,
): Campaign['status'] {
  return status === 'active' && isPaused ? 'paused' : status;
}

export function lineItemStanding(
  { isPaused }: Pick<LineItem, 'isPaused'>,
  campaign: Campaign['status'],
): Campaign['status'] {
  return campaign === 'active' && isPaused ? 'paused' : campaign;
}
