/** The delivery of a campaign as JSON, for the admin API and `gavel report campaigns`. */
import {
  type DeliveryReport,
  deliveryReport,
  type Period,
  reportPeriod,
  slotsNeededFrom,
} from '../engine/budget/delivery-report.ts';
import { type Flight, openHours } from '../engine/budget/pacing/flight.ts';
import { LocalTime, SLOT_MS } from '../engine/budget/pacing/local-time.ts';
import { TrafficCurve } from '../engine/budget/pacing/traffic-curve.ts';
import {
  campaignAccountId,
  campaignStanding,
  lineItemAccountId,
  lineItemStanding,
} from '../engine/campaign/accounts.ts';
import type { Advertiser, Campaign, LineItem } from '../engine/campaign/campaign.ts';
import { formatDecimal, NANO_DIGITS } from '../engine/campaign/decimal.ts';
import type { BudgetLedger } from '../engine/ports/budget-ledger.ts';
import type { CampaignStore } from '../engine/ports/campaign-store.ts';
import type { DeliveryReports } from '../engine/ports/delivery-reports.ts';
import type { TrafficMemories } from '../engine/ports/traffic-memories.ts';

export interface DeliverySources {
  readonly store: CampaignStore;
  readonly reports: DeliveryReports;
  readonly figures: BudgetLedger['figures'];
  readonly traffic: TrafficMemories;
  /** Epoch ms. */
  readonly nowMs: () => number;
}

/** Money is text in the currency, impressions are numbers. */
type Amount = string | number;

export interface AccountDelivery {
  readonly budget: Amount;
  readonly billed: Amount;
  readonly reserved: Amount;
  /** Held by engines, not reserved. */
  readonly leased: Amount;
  readonly available: Amount;
  /** Served at our own cost. */
  readonly absorbed: Amount;
  readonly today: {
    readonly from: string;
    readonly to: string;
    readonly plan: Amount;
    readonly plannedByNow: Amount;
    readonly billed: Amount;
    readonly released: Amount;
  };
  readonly pace: number | null;
  readonly forecast: { readonly at: string; readonly billed: Amount };
  readonly slots: readonly {
    readonly start: string;
    readonly plan: Amount;
    readonly reserved: Amount;
    readonly billed: Amount;
    readonly released: Amount;
    readonly refunded: Amount;
    readonly absorbed: Amount;
    readonly bills: number;
  }[];
}

export interface CampaignDelivery extends AccountDelivery {
  readonly campaign: string;
  readonly advertiser: string;
  readonly name: string;
  readonly status: Campaign['status'];
  readonly currency: string;
  readonly at: string;
  readonly dailyBudget: string | null;
  /** Those that are guaranteed, in impressions. */
  readonly lineItems: readonly LineItemDelivery[];
}

export interface LineItemDelivery extends AccountDelivery {
  readonly lineItem: string;
  readonly name: string;
  /** Impressions that were sold and will not be delivered by the end, if it goes on at this pace; null: it has no end. */
  readonly shortfall: number | null;
}

/** Line items of a campaign read at a time. */
const PAGE = 1000;

/** Null: there is no such campaign. */
export async function campaignDelivery(
  sources: DeliverySources,
  campaignId: string,
  period: Partial<Period>,
): Promise<CampaignDelivery | null> {
  const campaign = (await sources.store.read('campaign', campaignId))?.value;
  if (campaign === undefined) return null;
  const advertiser = (await sources.store.read('advertiser', campaign.advertiserId))!.value;
  const lineItems = await lineItemsOf(sources.store, campaignId);
  const nowMs = sources.nowMs();
  const localTime = new LocalTime(advertiser.timeZone);
  const subject: Subject = { campaign, advertiser, localTime, nowMs, period };
  const { name, status, dailyBudgetNanos } = campaign;
  return {
    campaign: campaignId,
    advertiser: advertiser.id,
    name,
    status,
    currency: advertiser.currency,
    at: iso(nowMs),
    dailyBudget: dailyBudgetNanos === null ? null : money(dailyBudgetNanos),
    ...(await moneyDelivery(sources, subject, lineItems)),
    lineItems: await Promise.all(
      lineItems
        .filter(({ goalImpressions }) => goalImpressions !== null)
        .map((item) => quotaDelivery(sources, subject, item)),
    ),
  };
}

interface Subject {
  readonly campaign: Campaign;
  readonly advertiser: Advertiser;
  readonly localTime: LocalTime;
  readonly nowMs: number;
  readonly period: Partial<Period>;
}

async function lineItemsOf(store: CampaignStore, parentId: string): Promise<LineItem[]> {
  const items: LineItem[] = [];
  for (;;) {
    const afterId = items.at(-1)?.id;
    const page = await store.list('line-item', {
      parentId,
      ...(afterId === undefined ? {} : { afterId }),
      limit: PAGE,
    });
    for (const { value } of page) items.push(value);
    if (page.length < PAGE) return items;
  }
}

async function moneyDelivery(
  sources: DeliverySources,
  subject: Subject,
  lineItems: readonly LineItem[],
): Promise<AccountDelivery> {
  const { campaign, advertiser } = subject;
  const account: Account = {
    id: campaignAccountId(campaign.id),
    hours: openHours(lineItems.map(({ targeting }) => targeting.hoursOfWeek)),
    isSwitchedOn: campaignStanding(campaign, advertiser) === 'active',
    dailyBudget: campaign.dailyBudgetNanos,
  };
  return asDocument(await report(sources, subject, account), money, estimatedMoney);
}

async function quotaDelivery(sources: DeliverySources, subject: Subject, item: LineItem): Promise<LineItemDelivery> {
  const standing = lineItemStanding(item, campaignStanding(subject.campaign, subject.advertiser));
  const account: Account = {
    id: lineItemAccountId(item),
    hours: openHours([item.targeting.hoursOfWeek]),
    isSwitchedOn: standing === 'active',
    dailyBudget: null,
  };
  const of = await report(sources, subject, account);
  return {
    lineItem: item.id,
    name: item.name,
    shortfall:
      subject.campaign.endAt === null ? null : Math.max(0, Number(of.figures.budget) - Math.floor(of.forecast.billed)),
    ...asDocument(of, Number, Number),
  };
}

interface Account {
  readonly id: string;
  readonly hours: Uint8Array;
  readonly isSwitchedOn: boolean;
  readonly dailyBudget: bigint | null;
}

async function report(
  { figures, reports, traffic }: DeliverySources,
  { campaign: { startAt, endAt, delivery }, localTime, nowMs, period: wanted }: Subject,
  { id, hours, isSwitchedOn, dailyBudget }: Account,
): Promise<DeliveryReport> {
  const flight: Flight = { startAt, endAt, delivery, localTime, openHours: hours };
  const period = reportPeriod(wanted, flight, nowMs);
  const fromMs = slotsNeededFrom(period, flight, nowMs);
  // Slots first: what is billed meanwhile is then in the total, and not missing in it.
  const slots = await reports.slots(id, { fromMs, toMs: nowMs + SLOT_MS });
  const [of] = await figures([id]);
  const curve = new TrafficCurve((await traffic.read([id])).get(id));
  return deliveryReport({ flight, curve, isSwitchedOn, figures: of!, dailyBudget, slots, period, nowMs });
}

function asDocument(
  { figures, today, pace, forecast, slots }: DeliveryReport,
  exact: (amount: bigint) => Amount,
  estimate: (amount: number) => Amount,
): AccountDelivery {
  const { budget, spent, reserved, leased, available, absorbed } = figures;
  return {
    budget: exact(budget),
    billed: exact(spent),
    reserved: exact(reserved),
    leased: exact(leased),
    available: exact(available),
    absorbed: exact(absorbed),
    today: {
      from: iso(today.fromMs),
      to: iso(today.toMs),
      plan: estimate(today.plan),
      plannedByNow: estimate(today.plannedByNow),
      billed: exact(today.billed),
      released: exact(today.released),
    },
    pace: pace === null ? null : Math.round(pace * 10_000) / 10_000,
    forecast: { at: iso(forecast.atMs), billed: estimate(forecast.billed) },
    slots: slots.map((slot) => ({
      start: iso(slot.startMs),
      plan: estimate(slot.plan),
      reserved: exact(slot.reserved),
      billed: exact(slot.billed),
      released: exact(slot.released),
      refunded: exact(slot.refunded),
      absorbed: exact(slot.absorbed),
      bills: slot.bills,
    })),
  };
}

function money(nanos: bigint): string {
  return formatDecimal(nanos, NANO_DIGITS);
}

/** Nobody plans nanos. */
function estimatedMoney(nanos: number): string {
  return money(BigInt(Math.round(nanos / 1000)) * 1000n);
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
