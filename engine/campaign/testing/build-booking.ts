/** Bookings for tests and benches: everything has a default that serves anywhere. */
import type { BookedLineItem } from '../booked-line-item.ts';
import {
  type Advertiser,
  type Campaign,
  type Choice,
  type Creative,
  EVERYWHERE,
  type LineItem,
  type Targeting,
} from '../campaign.ts';

export { EVERYWHERE };

export function including<Value>(...include: Value[]): Choice<Value> {
  return { include, exclude: [] };
}

export function excluding<Value>(...exclude: Value[]): Choice<Value> {
  return { include: [], exclude };
}

export function advertiser(changes: Partial<Advertiser> = {}): Advertiser {
  return {
    id: 'acme',
    name: 'Acme',
    currency: 'USD',
    timeZone: 'UTC',
    domains: ['acme.example'],
    isPaused: false,
    ...changes,
  };
}

export function campaign(changes: Partial<Campaign> = {}): Campaign {
  return {
    id: 'spring',
    advertiserId: 'acme',
    name: 'Spring',
    status: 'active',
    startAt: 0,
    endAt: null,
    budgetNanos: 1_000_000_000n,
    dailyBudgetNanos: null,
    delivery: 'even',
    frequencyCaps: [],
    ...changes,
  };
}

export function lineItem(changes: Partial<LineItem> = {}): LineItem {
  return {
    id: 'line-1',
    campaignId: 'spring',
    name: 'Line 1',
    isPaused: false,
    pricing: 'cpm',
    bidMicros: 2_000_000,
    goalImpressions: null,
    targeting: EVERYWHERE,
    creativeIds: ['banner-1'],
    ...changes,
  };
}

export function creative(changes: Partial<Creative> = {}): Creative {
  return {
    id: 'banner-1',
    advertiserId: 'acme',
    name: 'Banner 1',
    media: 'banner',
    markup: '<a href="https://acme.example"><img src="https://cdn.example/1.png"></a>',
    size: { w: 300, h: 250 },
    durationSec: null,
    protocol: null,
    domains: ['acme.example'],
    categories: ['IAB1'],
    attributes: [],
    language: 'en',
    approval: 'approved',
    ...changes,
  };
}

export function booking(changes: Partial<BookedLineItem> = {}): BookedLineItem {
  return {
    lineItem: lineItem(),
    campaign: campaign(),
    advertiser: advertiser(),
    creatives: [creative()],
    ...changes,
  };
}

/** A booking of the default advertiser and campaign that is targeted so. */
export function targeted(targeting: Partial<Targeting>, id = 'line-1'): BookedLineItem {
  return booking({ lineItem: lineItem({ id, targeting: { ...EVERYWHERE, ...targeting } }) });
}
