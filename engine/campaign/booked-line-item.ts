import type { Advertiser, Campaign, Creative, LineItem } from './campaign.ts';

/** A line item with all that decides whether, where and with what it serves. */
export interface BookedLineItem {
  readonly lineItem: LineItem;
  readonly campaign: Campaign;
  readonly advertiser: Advertiser;
  /** Of the line item, in its order, whatever their approval. */
  readonly creatives: readonly Creative[];
}

/** A campaign with what is booked of it. */
export interface BookedCampaign {
  readonly campaign: Campaign;
  readonly advertiser: Advertiser;
  readonly lineItems: readonly LineItem[];
}

/** Nobody paused or ended it. Its schedule is another question. */
export function isSwitchedOn({ lineItem, campaign, advertiser }: BookedLineItem): boolean {
  return campaign.status === 'active' && !lineItem.isPaused && !advertiser.isPaused;
}

/**
 * The creatives that may serve: approved, and themselves of the media and sizes that the line item is targeted to, so
 * that an imp that also offers others does not get them. A creative without a size is of any.
 */
export function servableCreatives({ lineItem, creatives }: BookedLineItem): readonly Creative[] {
  const { media, sizes } = lineItem.targeting;
  return creatives.filter(
    (creative) =>
      creative.approval === 'approved' &&
      isChosen(media, creative.media) &&
      (creative.size === null || isChosen(sizes, `${creative.size.w}x${creative.size.h}`)),
  );
}

function isChosen<Value>(
  { include, exclude }: { readonly include: readonly Value[]; readonly exclude: readonly Value[] },
  value: Value,
): boolean {
  return (include.length === 0 || include.includes(value)) && !exclude.includes(value);
}
