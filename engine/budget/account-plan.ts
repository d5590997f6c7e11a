/** What the accounts of a campaign are to do in every process: until when, how fast, and what one purchase costs at most. */

import { campaignAccountId, campaignStanding, lineItemAccountId, lineItemStanding } from '../campaign/accounts.ts';
import type { BookedCampaign } from '../campaign/booked-line-item.ts';
import type { LineItem } from '../campaign/campaign.ts';
import { type Flight, openHours } from './pacing/flight.ts';
import type { LocalTime } from './pacing/local-time.ts';

export interface AccountPlan {
  readonly accountId: string;
  readonly campaignId: string;
  /** An account of impressions that were sold in advance, not of money. */
  readonly isGuaranteed: boolean;
  /** Nobody paused or ended it; its flight is another question. */
  readonly isSwitchedOn: boolean;
  /** The dearest purchase: nanos, or 1 impression. */
  readonly priceMax: number;
  /** Per local day; null: no such bound. */
  readonly dailyBudget: bigint | null;
  readonly flight: Flight;
}

/** `localTime`: of the advertiser's time zone. Line items that bid nothing have none. */
export function accountPlans({ campaign, advertiser, lineItems }: BookedCampaign, localTime: LocalTime): AccountPlan[] {
  const standing = campaignStanding(campaign, advertiser);
  const paid = lineItems.filter((item) => item.goalImpressions === null);
  const sold = lineItems.filter((item) => item.goalImpressions !== null);
  const flightOf = (items: readonly LineItem[]): Flight => ({
    startAt: campaign.startAt,
    endAt: campaign.endAt,
    delivery: campaign.delivery,
    localTime,
    openHours: openHours(items.map(({ targeting }) => targeting.hoursOfWeek)),
  });
  const plans: AccountPlan[] = sold.map((item) => ({
    accountId: lineItemAccountId(item),
    campaignId: campaign.id,
    isGuaranteed: true,
    isSwitchedOn: lineItemStanding(item, standing) === 'active',
    priceMax: 1,
    dailyBudget: null,
    flight: flightOf([item]),
  }));
  if (paid.length > 0) {
    plans.push({
      accountId: campaignAccountId(campaign.id),
      campaignId: campaign.id,
      isGuaranteed: false,
      isSwitchedOn: standing === 'active',
      priceMax: Math.max(1, ...paid.map(priceNanosMax)),
      dailyBudget: campaign.dailyBudgetNanos,
      flight: flightOf(paid),
    });
  }
  return plans;
}

/** N CPM-micros are N nanos an impression, N micros a click or conversion N x 1000. */
function priceNanosMax({ pricing, bidMicros }: LineItem): number {
  return pricing === 'cpm' ? bidMicros : bidMicros * 1000;
}

export function isSameFlight(one: Flight, other: Flight): boolean {
  return (
    one.startAt === other.startAt &&
    one.endAt === other.endAt &&
    one.delivery === other.delivery &&
    one.localTime === other.localTime &&
    one.openHours.every((isOpen, hour) => isOpen === other.openHours[hour])
  );
}
