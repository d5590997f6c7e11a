/**
 * Campaigns as a market has them, one line item each, and requests that some hundreds of them match: most choose countries,
 * many devices, hours and inventory, some segments, placements and key-values.
 */
import type { BookedLineItem } from '../../engine/campaign/booked-line-item.ts';
import type { Choice, Creative, Targeting } from '../../engine/campaign/campaign.ts';
import type { BookingWrite } from '../../engine/ports/campaign-store.ts';
import type { BidRequest } from '../../openrtb/types.ts';
import type { SeededRandom } from '../../simulator/random.ts';
import { creative } from './creative.ts';

export const ADVERTISERS = 1000;
/** Nobody of them runs out of it in a benchmark: a thousand units of the currency. */
const BUDGET_NANOS = 1_000_000_000_000n;
const CREATIVE_BYTES = 600;

const COUNTRIES = [
  'USA',
  'GBR',
  'DEU',
  'FRA',
  'ITA',
  'ESP',
  'BRA',
  'IND',
  'JPN',
  'MEX',
  'CAN',
  'AUS',
  'NLD',
  'POL',
  'SWE',
];
const ZONES = ['America/New_York', 'Europe/London', 'Europe/Berlin', 'Asia/Kolkata', 'Asia/Tokyo', 'UTC'];
const OPERATING_SYSTEMS = ['ios', 'android', 'windows', 'macos'];
const SIZES = ['300x250', '728x90', '320x50', '160x600', '970x250', '300x600'];
const NONE: Choice<never> = { include: [], exclude: [] };

/** The same number and draws give the same one. */
export function bookedLineItem(number: number, random: SeededRandom): BookedLineItem {
  const id = String(number);
  const advertiserId = `advertiser-${number % ADVERTISERS}`;
  const chosen = targeting(random);
  const bidMicros = 1 + Math.floor(random.next() * 10_000_000);
  const made = creatives(id, advertiserId, chosen.sizes.include, random);
  return {
    advertiser: {
      id: advertiserId,
      name: advertiserId,
      currency: 'USD',
      timeZone: ZONES[(number % ADVERTISERS) % ZONES.length]!,
      domains: [`${advertiserId}.example`],
      isPaused: false,
    },
    campaign: {
      id,
      advertiserId,
      name: id,
      status: 'active',
      startAt: 0,
      endAt: null,
      budgetNanos: BUDGET_NANOS,
      dailyBudgetNanos: null,
      delivery: 'even',
      frequencyCaps: [],
    },
    lineItem: {
      id,
      campaignId: id,
      name: id,
      isPaused: false,
      pricing: 'cpm',
      bidMicros,
      goalImpressions: null,
      targeting: chosen,
      creativeIds: made.map((one) => one.id),
    },
    creatives: made,
  };
}

function targeting(random: SeededRandom): Targeting {
  const sometimes = <Value>(share: number, make: () => Value, countMax: number): Choice<Value> =>
    random.next() < share ? { include: several(make, countMax, random), exclude: [] } : NONE;
  const host = () => `site-${skewed(5000, random)}.example`;
  return {
    countries: sometimes(0.85, () => oneOf(COUNTRIES, random), 3),
    regions: sometimes(0.1, () => `USA/R${Math.floor(random.next() * 50)}`, 5),
    deviceTypes: sometimes(0.4, () => 1 + Math.floor(random.next() * 7), 2),
    operatingSystems: sometimes(0.25, () => oneOf(OPERATING_SYSTEMS, random), 2),
    inventory: random.next() < 0.2 ? { include: [], exclude: several(host, 20, random) } : sometimes(0.25, host, 30),
    categories: sometimes(0.2, () => `IAB${1 + Math.floor(random.next() * 26)}`, 3),
    publishers: sometimes(0.1, () => `pub-${skewed(300, random)}`, 5),
    placements: sometimes(0.05, () => `tag-${skewed(2000, random)}`, 5),
    media: NONE,
    sizes: sometimes(0.2, () => oneOf(SIZES, random), 3),
    hoursOfWeek: sometimes(0.35, () => Math.floor(random.next() * 168), 100),
    segments: sometimes(0.3, () => `segment-${skewed(2000, random)}`, 5),
    keyValues:
      random.next() < 0.1
        ? { [`key-${Math.floor(random.next() * 40)}`]: { include: [oneOf(['a', 'b', 'c'], random)], exclude: [] } }
        : {},
  };
}

/** In sizes that the line item is targeted to. */
function creatives(
  lineItemId: string,
  advertiserId: string,
  chosen: readonly string[],
  random: SeededRandom,
): Creative[] {
  const sizes = new Set(several(() => oneOf(chosen.length > 0 ? chosen : SIZES, random), 3, random));
  return [...sizes].map((size) => ({
    id: `${lineItemId}-${size}`,
    advertiserId,
    name: size,
    media: 'banner',
    markup: creative(CREATIVE_BYTES),
    size: sizeOf(size),
    durationSec: null,
    protocol: null,
    domains: [],
    categories: [],
    attributes: [],
    language: null,
    approval: 'approved',
  }));
}

/** As they are booked. */
export function bookingWrites({ advertiser, campaign, lineItem, creatives }: BookedLineItem): BookingWrite[] {
  const expectedVersion = 'any';
  return [
    { kind: 'advertiser', value: advertiser, expectedVersion },
    ...creatives.map((value) => ({ kind: 'creative', value, expectedVersion }) as const),
    { kind: 'campaign', value: campaign, expectedVersion },
    { kind: 'line-item', value: lineItem, expectedVersion },
  ];
}

/** Of a browser, with one banner imp. */
export function targetedRequest(id: string, random: SeededRandom): BidRequest {
  const format = several(() => oneOf(SIZES, random), 3, random).map(sizeOf);
  return {
    id,
    at: 2,
    tmax: 200,
    cur: ['USD'],
    imp: [
      {
        id: '1',
        tagid: `tag-${skewed(2000, random)}`,
        banner: { format },
        bidfloor: 0.25,
        secure: 1,
        ext: { data: { 'key-1': 'a', 'key-7': 'b' } },
      },
    ],
    site: {
      domain: `www.site-${skewed(5000, random)}.example`,
      cat: [`IAB${1 + Math.floor(random.next() * 26)}-1`],
      publisher: { id: `pub-${skewed(300, random)}` },
    },
    device: {
      devicetype: 1 + Math.floor(random.next() * 7),
      os: oneOf(OPERATING_SYSTEMS, random),
      geo: { country: oneOf(COUNTRIES, random), region: `R${Math.floor(random.next() * 50)}` },
    },
    user: { data: [{ segment: several(() => ({ id: `segment-${skewed(2000, random)}` }), 20, random) }] },
  };
}

function sizeOf(size: string): { w: number; h: number } {
  const [w, h] = size.split('x').map(Number) as [number, number];
  return { w, h };
}

function oneOf<Value>(values: readonly Value[], random: SeededRandom): Value {
  return values[Math.floor(random.next() * values.length)]!;
}

/** One to `countMax`. */
function several<Value>(make: () => Value, countMax: number, random: SeededRandom): Value[] {
  return Array.from({ length: 1 + Math.floor(random.next() * countMax) }, make);
}

/** Few numbers are frequent, most rare. */
function skewed(count: number, random: SeededRandom): number {
  return Math.floor(count * random.next() ** 3);
}
