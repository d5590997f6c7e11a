/**
 * Line items that match a request, among 10,000 and 100,000 with the targeting that campaigns have: most choose
 * countries, many devices, hours and inventory, some segments, placements and key-values; a few hundred match.
 */
import type { AuctionImp } from '../engine/auction/types.ts';
import type { BookedLineItem } from '../engine/campaign/booked-line-item.ts';
import type { Choice, Creative, Targeting } from '../engine/campaign/campaign.ts';
import { BestAdvertisers } from '../engine/campaign/targeting/best-advertisers.ts';
import { type ImpFacts, impFacts, type RequestFacts, requestFacts } from '../engine/campaign/targeting/facts.ts';
import { compileTargeting, type TargetingIndex } from '../engine/campaign/targeting/targeting-index.ts';
import { HOUSE_BIDS_MAX } from '../engine/exchange/house-bids.ts';
import type { BidRequest } from '../openrtb/types.ts';
import { type SeededRandom, seededRandom } from '../simulator/random.ts';
import { type BenchContext, type Measurement, median } from './measurement.ts';
import { type TimedFunction, timeFunction } from './timed-function.ts';

export const TARGETING_SIZES = { '10k': 10_000, '100k': 100_000 } as const;
export type TargetingSize = keyof typeof TARGETING_SIZES;

const REQUESTS = 256;
const NOW_MS = Date.UTC(2026, 5, 10, 14, 30);
const HEAP_READINGS = 11;
const UPDATES = 500;

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

export async function measureTargeting(size: TargetingSize, context: BenchContext): Promise<Measurement[]> {
  const count = TARGETING_SIZES[size];
  const random = seededRandom(context.seed);
  const items = Array.from({ length: count }, (_, number) => booking(number, random));
  const startedAtMs = performance.now();
  const index = compileTargeting(items);
  const compileMs = performance.now() - startedAtMs;
  const matching = matchingOf(size, index, random);
  const time = timeFunction(matching, context);
  const matches = matching.inputs.map((input) => matching.run(input).count);
  context.progress(`targeting.us.${size}: ${median(matches)} match in the median, ${Math.max(...matches)} at most`);
  return [
    time,
    timeFunction(selectionOf(size, index, matching), context),
    { name: `targeting.alloc_bytes.${size}`, value: allocatedBytes(matching), unit: 'B' },
    { name: `targeting.update_us.${size}`, value: updateUs(index, items, random), unit: 'us' },
    { name: `targeting.compile_ms.${size}`, value: compileMs, unit: 'ms' },
  ];
}

interface Asked {
  readonly request: RequestFacts;
  readonly imp: ImpFacts;
}

interface Found {
  readonly count: number;
  readonly sum: number;
}

/** Facts are read from a request once, whatever is asked about it: not part of this. */
function matchingOf(size: TargetingSize, index: TargetingIndex, random: SeededRandom): TimedFunction<Asked, Found> {
  const found = { count: 0, sum: 0 };
  return {
    name: `targeting.us.${size}`,
    inputs: Array.from({ length: REQUESTS }, () => asked(random)),
    run: ({ request, imp }) => {
      const { slots, count } = index.candidates(request, imp, NOW_MS);
      found.count = count;
      found.sum = count === 0 ? 0 : slots[count - 1]!;
      return found;
    },
    checksum: ({ count, sum }) => count + sum,
  };
}

/** With the choice of those that enter the auction. */
function selectionOf(
  size: TargetingSize,
  index: TargetingIndex,
  { inputs }: TimedFunction<Asked, Found>,
): TimedFunction<Asked, Int32Array> {
  const lineItems = Array.from({ length: TARGETING_SIZES[size] }, (_, slot) => index.at(slot)!.lineItem);
  const worthAtMost = lineItems.map(({ bidMicros }) => bidMicros);
  const best = new BestAdvertisers(HOUSE_BIDS_MAX, {
    worthAtMost,
    advertiserOf: lineItems.map((_, slot) => slot % 1000),
  });
  const worthNow = (slot: number) => worthAtMost[slot]!;
  return {
    name: `targeting.selected_us.${size}`,
    inputs,
    run: ({ request, imp }) => best.select(index.candidates(request, imp, NOW_MS), worthNow, 12_345),
    checksum: (slots) => slots.reduce((sum, slot) => sum + slot, 0),
  };
}

/** Median growth of the heap per question, as most readings have no collection in them. */
function allocatedBytes({ inputs, run }: TimedFunction<Asked, Found>): number {
  const growths = Array.from({ length: HEAP_READINGS }, () => {
    const before = process.memoryUsage().heapUsed;
    for (const input of inputs) run(input);
    return process.memoryUsage().heapUsed - before;
  });
  return Math.max(0, median(growths)) / inputs.length;
}

/** One line item replaced by another version of itself. */
function updateUs(index: TargetingIndex, items: readonly BookedLineItem[], random: SeededRandom): number {
  const changed = Array.from({ length: UPDATES }, () => booking(Math.floor(random.next() * items.length), random));
  const startedAtMs = performance.now();
  for (const item of changed) index.put(item);
  return ((performance.now() - startedAtMs) * 1000) / UPDATES;
}

function booking(number: number, random: SeededRandom): BookedLineItem {
  const id = String(number);
  const chosen = targeting(random);
  return {
    advertiser: {
      id: String(number % 1000),
      name: id,
      currency: 'USD',
      timeZone: ZONES[number % ZONES.length]!,
      domains: [],
      isPaused: false,
    },
    campaign: {
      id,
      advertiserId: id,
      name: id,
      status: 'active',
      startAt: 0,
      endAt: null,
      budgetNanos: 1n,
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
      bidMicros: 1 + Math.floor(random.next() * 10_000_000),
      goalImpressions: null,
      targeting: chosen,
      creativeIds: [],
    },
    creatives: creatives(chosen.sizes.include, random),
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
function creatives(chosen: readonly string[], random: SeededRandom): Creative[] {
  return several(() => oneOf(chosen.length > 0 ? chosen : SIZES, random), 3, random).map((size) => {
    const [w, h] = size.split('x').map(Number) as [number, number];
    return {
      id: size,
      advertiserId: '',
      name: '',
      media: 'banner',
      markup: '',
      size: { w, h },
      durationSec: null,
      protocol: null,
      domains: [],
      categories: [],
      attributes: [],
      language: null,
      approval: 'approved',
    };
  });
}

function asked(random: SeededRandom): Asked {
  const sizes = several(() => oneOf(SIZES, random), 3, random);
  const format = sizes.map((size) => {
    const [w, h] = size.split('x').map(Number) as [number, number];
    return { w, h };
  });
  const request: BidRequest = {
    id: 'request',
    imp: [
      {
        id: '1',
        tagid: `tag-${skewed(2000, random)}`,
        banner: { format },
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
  const facts = requestFacts(request);
  const imp = request.imp[0]!;
  return { request: facts, imp: impFacts(imp, bannerOffer(format), facts) };
}

function bannerOffer(sizes: readonly { readonly w: number; readonly h: number }[]): AuctionImp {
  return {
    id: '1',
    placementId: '',
    reserveKey: '',
    slotWeights: [1],
    banner: { sizes, ratios: [], blockedAttributes: [], blockedTypes: [] },
    video: null,
    audio: null,
    native: null,
    secure: false,
    interstitialScreen: null,
    expectedDelaySec: null,
    privateAuction: false,
    deals: [],
    requestFloorCpmMicros: 0,
    ruleFloorCpmMicros: 0,
    learnedFloorCpmMicros: 0,
  };
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
