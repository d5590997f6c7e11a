/** What an advertiser may book, with what a test wants changed. */
import type { Advertiser, Campaign, Creative, LineItem, Targeting } from '../../../engine/campaign/campaign.ts';
import type { BookingKind, BookingValues, BookingWrite } from '../../../engine/ports/campaign-store.ts';

const any = { include: [], exclude: [] };

export const TARGETING: Targeting = {
  countries: { include: ['USA'], exclude: [] },
  regions: any,
  deviceTypes: { include: [4, 5], exclude: [] },
  operatingSystems: any,
  inventory: any,
  categories: any,
  publishers: any,
  placements: any,
  media: any,
  sizes: any,
  hoursOfWeek: any,
  segments: any,
  keyValues: { 'odd "key", {}': { include: ["it's"], exclude: ['\\'] } },
};

export function advertiser(changes: Partial<Advertiser> = {}): Advertiser {
  const fields = { name: 'One', currency: 'USD', timeZone: 'UTC', domains: ['one.example'], isPaused: false };
  return { id: 'a1', ...fields, ...changes };
}

export function campaign(changes: Partial<Campaign> = {}): Campaign {
  return {
    id: 'c1',
    advertiserId: 'a1',
    name: 'Spring',
    status: 'active',
    startAt: Date.UTC(2026, 0, 1),
    endAt: null,
    budgetNanos: 9_007_199_254_740_993n,
    dailyBudgetNanos: null,
    delivery: 'even',
    frequencyCaps: [{ count: 3, per: 'day', scope: 'campaign' }],
    ...changes,
  };
}

export function lineItem(changes: Partial<LineItem> = {}): LineItem {
  return {
    id: 'l1',
    campaignId: 'c1',
    name: 'Phones',
    isPaused: false,
    pricing: 'cpm',
    bidMicros: 2_500_000,
    goalImpressions: null,
    targeting: TARGETING,
    creativeIds: ['k1'],
    ...changes,
  };
}

export function creative(changes: Partial<Creative> = {}): Creative {
  return {
    id: 'k1',
    advertiserId: 'a1',
    name: 'Clip',
    media: 'video',
    markup: '<VAST version="4.0">${AUCTION_PRICE}</VAST>',
    size: { w: 640, h: 360 },
    durationSec: 14.5,
    protocol: 7,
    domains: ['one.example'],
    categories: ['IAB1'],
    attributes: [1, 2],
    language: 'en',
    approval: 'approved',
    ...changes,
  };
}

export function write<Kind extends BookingKind>(
  kind: Kind,
  value: BookingValues[Kind],
  expectedVersion: BookingWrite['expectedVersion'] = null,
): BookingWrite {
  return { kind, value, expectedVersion } as unknown as BookingWrite;
}

/** One of each. */
export function everything(): BookingWrite[] {
  return [
    write('line-item', lineItem()),
    write('campaign', campaign()),
    write('creative', creative()),
    write('advertiser', advertiser()),
  ];
}
