/** The delivery of a campaign as JSON, for the admin API and `gavel report campaigns`. */
import {
  type DeliveryReport,
  deliveryReport,
  type Period,
  reportPeriod,
  slotsNeededFrom,
} from '../engine/budget/delivery-report.ts';
import type { Flight } from '../engine/budget/pacing/flight.ts';
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
import { openHours } from '../engine/campaign/open-hours.ts';
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
  const guaranteed = lineItems.filter(({ goalImpressions }) => goalImpressions !== null);
  const money = moneyAccount(subject, lineItems);
  const reports = await readReports(sources, subject, [
    money,
    ...guaranteed.map((item) => quotaAccount(subject, item)),
  ]);
  return {
    campaign: campaignId,
    advertiser: advertiser.id,
    name,
    status,
    currency: advertiser.currency,
    at: iso(nowMs),
    dailyBudget: dailyBudgetNanos === null ? null : formatMoney(dailyBudgetNanos),
    ...asDocument(reports.get(money.id)!, formatMoney, estimatedMoney),
    lineItems: guaranteed.map((item) => quotaDelivery(subject, item, reports.get(lineItemAccountId(item))!)),
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

function quotaDelivery({ campaign }: Subject, { id, name }: LineItem, report: DeliveryReport): LineItemDelivery {
  const { figures, forecast } = report;
  const shortfall = campaign.endAt === null ? null : Math.max(0, Number(figures.budget) - Math.floor(forecast.billed));
  return { lineItem: id, name, shortfall, ...asDocument(report, Number, Number) };
}

interface Account {
  readonly id: string;
  readonly hours: Uint8Array;
  readonly isSwitchedOn: boolean;
  readonly dailyBudget: bigint | null;
}

/** What is guaranteed is paid in impressions: a campaign of nothing else has money that nobody plans to spend. */
function moneyAccount({ campaign, advertiser }: Subject, lineItems: readonly LineItem[]): Account {
  const paying = lineItems.filter(({ goalImpressions }) => goalImpressions === null);
  const isSpent = lineItems.length === 0 || paying.length > 0;
  return {
    id: campaignAccountId(campaign.id),
    hours: openHours(paying.map(({ targeting }) => targeting.hoursOfWeek)),
    isSwitchedOn: isSpent && campaignStanding(campaign, advertiser) === 'active',
    dailyBudget: isSpent ? campaign.dailyBudgetNanos : 0n,
  };
}

function quotaAccount({ campaign, advertiser }: Subject, item: LineItem): Account {
  return {
    id: lineItemAccountId(item),
    hours: openHours([item.targeting.hoursOfWeek]),
    isSwitchedOn: lineItemStanding(item, campaignStanding(campaign, advertiser)) === 'active',
    dailyBudget: null,
  };
}

/** By account, in few queries however many they are. */
async function readReports(
  { figures, reports, traffic }: DeliverySources,
  { campaign: { startAt, endAt, delivery }, localTime, nowMs, period: wanted }: Subject,
  accounts: readonly Account[],
): Promise<ReadonlyMap<string, DeliveryReport>> {
  const ids = accounts.map(({ id }) => id);
  const period = reportPeriod(wanted, localTime, nowMs);
  const fromMs = slotsNeededFrom(period, localTime, nowMs);
  // Slots first: what is billed meanwhile is then in the total, and not missing in it.
  const slots = await reports.slots(ids, { fromMs, toMs: nowMs + SLOT_MS });
  const known = new Map((await figures(ids)).map((of) => [of.accountId, of]));
  const learned = await traffic.read(ids);
  return new Map(
    accounts.map(({ id, hours, isSwitchedOn, dailyBudget }) => {
      const flight: Flight = { startAt, endAt, delivery, localTime, openHours: hours };
      const curve = new TrafficCurve(learned.get(id));
      const inputs = { flight, curve, isSwitchedOn, figures: known.get(id)!, dailyBudget, period, nowMs };
      return [id, deliveryReport({ ...inputs, slots: slots.get(id) ?? [] })];
    }),
  );
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

function formatMoney(nanos: bigint): string {
  return formatDecimal(nanos, NANO_DIGITS);
}

function estimatedMoney(nanos: number): string {
  return formatMoney(BigInt(nanos));
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
