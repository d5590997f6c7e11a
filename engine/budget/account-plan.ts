/** What the accounts of a campaign are to do in every process: how much, until when, how fast, and what one purchase costs. */

import { campaignAccountId, campaignStanding, lineItemAccountId, lineItemStanding } from '../campaign/accounts.ts';
import type { BookedCampaign } from '../campaign/booked-line-item.ts';
import type { LineItem } from '../campaign/campaign.ts';
import { openHours } from '../campaign/open-hours.ts';
import { priceNanos } from '../campaign/price.ts';
import type { Flight } from './pacing/flight.ts';
import type { LocalTime } from './pacing/local-time.ts';

export interface AccountPlan {
  readonly accountId: string;
  readonly campaignId: string;
  /** An account of impressions that were sold in advance, not of money. */
  readonly isGuaranteed: boolean;
  /** Nobody paused or ended it; its flight is another question. */
  readonly isSwitchedOn: boolean;
  /** For good. */
  readonly isEnded: boolean;
  /** Of one purchase at the full bid: nanos, or 1 impression. */
  readonly prices: PriceRange;
  /** In the account's unit. */
  readonly budget: bigint;
  /** Per local day; null: no such bound. */
  readonly dailyBudget: bigint | null;
  readonly flight: Flight;
}

export interface PriceRange {
  readonly least: number;
  readonly dearest: number;
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
    isEnded: standing === 'ended',
    prices: ONE_IMPRESSION,
    budget: BigInt(item.goalImpressions!),
    dailyBudget: null,
    flight: flightOf([item]),
  }));
  if (paid.length > 0) {
    plans.push({
      accountId: campaignAccountId(campaign.id),
      campaignId: campaign.id,
      isGuaranteed: false,
      isSwitchedOn: standing === 'active',
      isEnded: standing === 'ended',
      prices: pricesOf(paid),
      budget: campaign.budgetNanos,
      dailyBudget: campaign.dailyBudgetNanos,
      flight: flightOf(paid),
    });
  }
  return plans;
}

const ONE_IMPRESSION: PriceRange = { least: 1, dearest: 1 };

/** Campaigns may have more line items than a call takes arguments. */
function pricesOf(paid: readonly LineItem[]): PriceRange {
  let least = Number.POSITIVE_INFINITY;
  let dearest = 1;
  for (const { pricing, bidMicros } of paid) {
    const price = priceNanos(pricing, bidMicros);
    least = Math.min(least, price);
    dearest = Math.max(dearest, price);
  }
  return { least: Math.min(least, dearest), dearest };
}

/** Nothing is new for who spends. */
export function isSamePlan(one: AccountPlan, other: AccountPlan): boolean {
  return (
    one.isSwitchedOn === other.isSwitchedOn &&
    one.isEnded === other.isEnded &&
    one.budget === other.budget &&
    one.dailyBudget === other.dailyBudget &&
    one.prices.least === other.prices.least &&
    one.prices.dearest === other.prices.dearest &&
    isSameFlight(one.flight, other.flight)
  );
}

/** Whether what was leased under `before` may be more than `plan` allows: less money, less time, or other days. */
export function isCut(plan: AccountPlan, before: AccountPlan): boolean {
  const { flight } = plan;
  return (
    plan.budget < before.budget ||
    isLess(plan.dailyBudget, before.dailyBudget) ||
    isLess(flight.endAt, before.flight.endAt) ||
    flight.startAt > before.flight.startAt ||
    flight.localTime !== before.flight.localTime
  );
}

/** Null is no bound at all. */
function isLess<Bound extends bigint | number>(bound: Bound | null, before: Bound | null): boolean {
  return bound !== null && (before === null || bound < before);
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
